package zaqar

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
)

// reader reads one channel while somebody listens.
type reader struct {
	*channel
	listening *listening
	pace      pace
	failures  int       // since the last success
	barren    int       // pages in one go without anything new
	hidden    *listed   // what peer found
	peered    time.Time // when it looked
	silent    bool      // messages came that no push announced

	bell   chan struct{} // rings
	pushed atomic.Bool   // whether pushes ring it
	heard  atomic.Bool   // a push has, since the last look
}

// rings makes the reader look. It never waits.
func (r *reader) rings(pushed bool) {
	if pushed {
		r.heard.Store(true)
	}
	select {
	case r.bell <- struct{}{}:
	default: // it will look anyway
	}
}

// run looks into the queue until ctx ends or an error cannot heal.
func (r *reader) run(ctx context.Context) {
	r.queue.conn.doorbells.hang(r) //nolint:contextcheck // a bell belongs to all who read the queue
	defer r.queue.conn.doorbells.takeDown(r)
	rung := true
	for ctx.Err() == nil {
		began := time.Now()
		if r.heard.Swap(false) {
			r.silent = false
			r.counted(func(s *SubscriberStats) { s.Rings++ })
			r.pace.rung()
		}
		found, more, err := r.look(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case hopeless(err):
			r.listening.fail(err)
			return
		case err != nil:
			wait := r.pace.slower()
			r.judge(ctx, err, wait)
			rung = true // and what is found then was not missed
			pause(ctx, wait, nil)
			continue
		}
		r.judge(ctx, nil, 0)
		if found {
			r.pace.found()
			r.miss(ctx, rung)
		}
		if more {
			rung = true
			continue
		}
		echo := len(r.pace.echoes) > 0
		if rung = pause(ctx, r.pace.next(r.pushed.Load() && !r.silent), r.bell); rung {
			pause(ctx, r.pace.least-time.Since(began), nil)
		}
		rung = rung || echo
	}
}

// miss notes that a look found what no push announced, although pushes should: then
// they are not relied on until one comes again.
func (r *reader) miss(ctx context.Context, rung bool) {
	if rung || r.silent || !r.pushed.Load() || r.heard.Load() {
		return
	}
	r.silent = true
	r.tell(ctx, observe.PushUnavailable{Queue: r.queue.name, Err: errNoPush})
}

var errNoPush = errors.New("a message came without a push")

// barrenMost is how many pages without anything new are read in one go: a server
// may not lead in circles.
const barrenMost = 1000

// look reads a page and hands out what is new. It reports whether there was any, and
// whether there is more to be had at once.
func (r *reader) look(ctx context.Context) (found, more bool, err error) {
	r.mu.Lock()
	from := r.place.from()
	r.mu.Unlock()
	l, err := r.list(ctx, from, r.listening.sub.everything(from))
	if err != nil {
		return false, false, err
	}
	fresh, repeats := r.sift(l)
	if len(fresh) == 0 && r.hidden != nil {
		l = *r.hidden
		fresh, repeats = r.sift(l)
	}
	r.hidden = nil
	if repeats > 0 {
		r.tell(ctx, observe.Repeats{Queue: r.queue.name, Count: repeats})
	}
	for _, m := range fresh {
		if !r.listening.hand(ctx, r.channel, m, l) {
			return true, false, nil
		}
	}
	more, blind := r.advance(l)
	if r.barren++; !more || len(fresh) > 0 {
		r.barren = 0
	}
	switch {
	case r.barren == barrenMost:
		r.barren = 0
		return false, false, nil
	case more:
		return len(fresh) > 0, true, nil
	case blind && len(fresh) == 0 && time.Since(r.peered) >= time.Minute:
		r.peered = time.Now()
		more, err = r.peer(ctx, from)
		return false, more, err
	}
	return len(fresh) > 0, false, nil
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
	known := r.place.firstKnown(l)
	r.mu.Unlock()
	if known >= 0 {
		return false, nil
	}
	if l.next == l.keys[len(l.keys)-1] {
		// Markers are ids here: stop behind the first message, since claimed ones
		// may stand between the others.
		l.keys, l.items, l.next = l.keys[:1], l.items[:1], l.keys[0]
	}
	l.peered = true
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
	if !r.less {
		p["limit"] = int(r.listening.sub.config.PageSize)
	}
	l := listed{from: from, sent: time.Now()}
	var err error
	l.page, err = r.queue.messagesPage(ctx, p, 0)
	l.read = time.Now()
	if e, refused := errors.AsType[*Error](err); refused && e.Code == http.StatusBadRequest && !r.less {
		// The operator may allow less than 20: let the server choose.
		r.less = true
		r.mu.Lock()
		r.place.size = 2
		r.mu.Unlock()
		delete(p, "limit")
		l.page, err = r.queue.messagesPage(ctx, p, 0)
		l.read = time.Now()
	}
	return l, err
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

func (r *reader) tell(ctx context.Context, e observe.Event) { r.queue.conn.observer.report(ctx, e) }

// hopeless reports whether an error stays when one tries again.
func hopeless(err error) bool {
	for _, kind := range []error{ErrUnauthorized, ErrForbidden, ErrInvalid, ErrUnsupported, ErrClosed} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
