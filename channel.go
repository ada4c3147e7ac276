package zaqar

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
)

// channel is a queue that is subscribed to.
type channel struct {
	queue *Queue
	stop  context.CancelFunc // ends its reader; guarded by Subscriber.mu

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

// reader reads one channel while somebody listens.
type reader struct {
	*channel
	listening *listening
	pace      pace
	bell      chan struct{}
	failures  int       // since the last success
	barren    int       // pages since something new was found
	size      int       // of the page asked for; 0 leaves it to the server
	hidden    *listed   // what peer found
	peered    time.Time // when it looked
}

// run looks into the queue until ctx ends or an error cannot heal.
func (r *reader) run(ctx context.Context) {
	for {
		more, err := r.look(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case hopeless(err):
			r.listening.fail(err)
			return
		case err != nil:
			more = false
		}
		wait := time.Duration(0)
		if !more {
			wait = r.pace.next()
		}
		r.judge(ctx, err, wait)
		if !more && !pause(ctx, wait, r.bell) {
			return
		}
	}
}

// barrenMost is how many pages without anything new are read in one go: a server
// may not lead in circles.
const barrenMost = 1000

// look reads a page and hands out what is new. It reports whether there is more to
// be had at once.
func (r *reader) look(ctx context.Context) (more bool, err error) {
	r.mu.Lock()
	from := r.place.from()
	r.mu.Unlock()
	l, err := r.list(ctx, from, r.listening.sub.everything(from))
	if err != nil {
		return false, err
	}
	if len(l.items) == 0 && r.hidden != nil {
		l = *r.hidden
		r.mu.Lock()
		r.place.lost = true
		r.mu.Unlock()
	}
	r.hidden = nil
	fresh, repeats := r.sift(l)
	if repeats > 0 {
		r.tell(ctx, observe.Repeats{Queue: r.queue.name, Count: repeats})
	}
	for _, m := range fresh {
		if !r.listening.hand(ctx, r.channel, m, l) {
			return false, nil
		}
	}
	r.barren++
	if len(fresh) > 0 {
		r.barren = 0
		r.pace.quick()
	}
	more, blind := r.advance(l)
	switch {
	case more:
		return r.barren < barrenMost, nil
	case blind && len(fresh) == 0 && time.Since(r.peered) >= time.Minute:
		r.peered = time.Now()
		return r.peer(ctx, from)
	}
	return false, nil
}

// peer looks at the queue's head the one way in which servers on Redis step over
// expired messages: without claimed ones and without a marker. What it finds is
// only taken when nothing is found behind the marker.
func (r *reader) peer(ctx context.Context, from string) (more bool, err error) {
	p := r.listening.sub.everything("")
	delete(p, "marker")
	delete(p, "include_claimed")
	l, err := r.list(ctx, from, p)
	if err != nil || len(l.items) == 0 {
		return false, err
	}
	r.mu.Lock()
	known := r.place.lastKnown(l)
	r.mu.Unlock()
	if known >= 0 {
		return false, nil
	}
	if l.next == l.keys[len(l.keys)-1] {
		// Markers are ids here: stop behind the first message, since claimed ones
		// may stand between the others.
		l.keys, l.items, l.next = l.keys[:1], l.items[:1], l.keys[0]
	}
	r.hidden = &l
	return true, nil
}

// list reads one page.
func (r *reader) list(ctx context.Context, from string, p wire.Params) (listed, error) {
	if !r.listening.enter(ctx) {
		return listed{}, ctx.Err()
	}
	defer r.listening.leave()
	if limit := r.queue.conn.timeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	r.counted(func(s *SubscriberStats) { s.Looks++ })
	if r.size > 0 {
		p["limit"] = r.size
	}
	l := listed{from: from, sent: time.Now()}
	var err error
	l.page, err = r.queue.messagesPage(ctx, p, 0)
	l.read = time.Now()
	e, refused := errors.AsType[*Error](err)
	switch {
	case !refused:
	case e.Code == http.StatusBadRequest && r.size > 0:
		// The operator may allow less than 20: let the server choose.
		r.size = 0
		r.mu.Lock()
		r.place.size = 2
		r.mu.Unlock()
		delete(p, "limit")
		l.page, err = r.queue.messagesPage(ctx, p, 0)
		l.read = time.Now()
	case e.Code == http.StatusNotFound && r.pushes():
		// So the WebSocket says that there is no queue, yet.
		return l, nil
	}
	return l, err
}

// pushes reports whether the transport is one that pushes.
func (r *reader) pushes() bool {
	_, ok := r.queue.conn.transport.(transport.Notifier)
	return ok
}

// judge tells the observer of failures and of their end.
func (r *reader) judge(ctx context.Context, err error, wait time.Duration) {
	switch {
	case err != nil:
		r.failures++
		r.counted(func(s *SubscriberStats) { s.Failures++ })
		r.tell(ctx, observe.ReadFailed{Queue: r.queue.name, Failures: r.failures, Wait: wait, Err: err})
	case r.failures > 0:
		r.tell(ctx, observe.ReadRecovered{Queue: r.queue.name, Failures: r.failures})
		r.failures = 0
	}
}

func (r *reader) tell(ctx context.Context, e observe.Event) { r.queue.conn.watch.tell(ctx, e) }

// hopeless reports whether an error stays when one tries again.
func hopeless(err error) bool {
	for _, kind := range []error{ErrUnauthorized, ErrForbidden, ErrInvalid, ErrUnsupported, ErrClosed} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
