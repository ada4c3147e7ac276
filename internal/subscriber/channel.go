package subscriber

import (
	"slices"
	"sync"
)

// channel is a queue that is subscribed to.
type channel struct {
	queue Queue

	mu     sync.Mutex
	cursor cursor
	stats  Stats
	read   bool // whether a page was ever read
}

func newChannel(queue Queue, start Position, config Config) *channel {
	return &channel{queue: queue, cursor: newCursor(start, config)}
}

func (c *channel) counts() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// count changes the counts.
func (c *channel) count(change func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.stats)
}

func (c *channel) position() Position {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cursor.position()
}

// readFrom returns the marker of the page to read next.
func (c *channel) readFrom() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cursor.readFrom()
}

// limitRefused notes that the server chooses the size of pages. It is not known, but at
// least 2.
func (c *channel) limitRefused() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cursor.pageSize = 2
}

// wasRead notes that a page was read.
func (c *channel) wasRead() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = true
}

// readBefore reports whether a page was ever read.
func (c *channel) readBefore() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read
}

// endWalk notes that a look found the end of the queue.
func (c *channel) endWalk() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cursor.endWalk()
}

// walking reports whether the end of the queue is still to be found, see cursor.
func (c *channel) walking() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cursor.walking()
}

// knowsHead reports whether the head of the queue has nothing new.
func (c *channel) knowsHead(l listed) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cursor.knowsHead(l)
}

// searching reports whether pages are read to find something known.
func (c *channel) searching() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cursor.searching
}

// brings reports whether a page has a message that is not known.
func (c *channel) brings(l listed) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(l.ids, func(id string) bool { return !c.cursor.seen.Has(id) })
}

// classify returns which messages of a page are new, and how many are repeats.
func (c *channel) classify(l listed) (fresh []Message, repeats int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fresh, repeats = c.cursor.classify(l)
	c.stats.Repeats += repeats
	return fresh, repeats
}

// delivered records that a message of a page was handed out.
func (c *channel) delivered(m Message, l listed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cursor.delivered(m, l)
	c.stats.Delivered++
}

// advance moves behind a page that was handed out. It reports whether to read on at
// once, and whether messages may hide behind the marker.
func (c *channel) advance(l listed) (more, mayHide bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	more = c.cursor.advance(l)
	return more, c.cursor.mayHide(l.sent)
}
