package zaqar

import (
	"context"
	"sync"
)

// channel is a queue that is subscribed to.
type channel struct {
	queue *Queue
	stop  context.CancelFunc // ends its reader; guarded by Subscriber.mu
	less  bool               // whether the server wants smaller pages; its reader's

	mu    sync.Mutex
	place place
	count SubscriberStats
}

func (c *channel) stats() SubscriberStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// counted changes a channel's counts.
func (c *channel) counted(change func(*SubscriberStats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.count)
}

// sift asks the place what of a page is new.
func (c *channel) sift(l listed) (fresh []*Message, repeats int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.place.lost = c.place.lost || l.peered
	fresh, repeats = c.place.sift(l)
	c.count.Repeats += repeats
	return fresh, repeats
}

// deliver takes a message down as handed out.
func (c *channel) deliver(m *Message, l listed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.place.delivered(m, l)
	c.count.Delivered++
}

func (c *channel) advance(l listed) (more, blind bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	more = c.place.advance(l)
	return more, c.place.blind(l.sent)
}
