package subscriber

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/observe"
)

// poller reads one channel while somebody listens.
type poller struct {
	channel *channel
	loop    *loop
	queue   Queue

	// Used by its goroutine alone:
	interval    interval
	failures    int       // in a row
	refusals    refusals  // in a row
	streak      streak    // pages in a row that brought nothing
	head        *listed   // what peekHead found
	peekedAt    time.Time // when peekHead was called last
	pushDoubted bool      // a message came that no push had announced
	serverLimit bool      // the server refused our page size

	// Set by the push hub, see push.Listener:
	wake   chan struct{} // has an element when the queue is to be read at once
	live   atomic.Bool   // messages are pushed
	pushed atomic.Bool   // one was, since the last look
}

func newPoller(c *channel, l *loop) *poller {
	return &poller{
		channel: c, loop: l, queue: c.queue, wake: make(chan struct{}, 1),
		interval: interval{shortest: l.config.MinInterval, longest: l.config.MaxInterval, whilePushed: l.config.PushInterval},
	}
}

// Wake makes the poller look.
func (p *poller) Wake(pushed bool) {
	if pushed {
		p.pushed.Store(true)
	}
	select {
	case p.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Live notes whether messages are pushed.
func (p *poller) Live(live bool) { p.live.Store(live) }

// run looks into the queue until ctx ends or an error is final.
func (p *poller) run(ctx context.Context) {
	p.loop.config.Push.Join(p.queue.Name(), p) //nolint:contextcheck // the subscription belongs to all who listen to the queue
	defer p.loop.config.Push.Leave(p.queue.Name(), p)
	prompted := true // what the look finds need not have been pushed before
	for ctx.Err() == nil {
		began := time.Now()
		if p.pushed.Swap(false) {
			p.pushDoubted = false
			p.channel.count(func(s *Stats) { s.Pushes++ })
			p.interval.pushed()
		}
		found, more, err := p.look(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if p.failed(ctx, err) {
				p.loop.fail(err)
				return
			}
			prompted = true
			continue
		}
		p.succeeded(ctx)
		if found {
			p.interval.found()
			if !prompted {
				p.missedPush(ctx)
			}
		}
		if more {
			prompted = true
			p.streak.pause(ctx)
			continue
		}
		followUp := p.interval.following()
		woken := pause(ctx, p.interval.next(p.live.Load() && !p.pushDoubted), p.wake)
		if woken {
			pause(ctx, p.interval.shortest-time.Since(began), nil)
		}
		prompted = woken || followUp
	}
}

// missedPush is called when a look found something that should have been pushed and was
// not. Then the queue is polled as without pushes, until one comes again.
func (p *poller) missedPush(ctx context.Context) {
	if p.pushDoubted || !p.live.Load() || p.pushed.Load() {
		return
	}
	p.pushDoubted = true
	p.queue.Observe(ctx, observe.PushUnavailable{Queue: p.queue.Name(), Err: errNoPush})
}

var errNoPush = errors.New("a message came without a push")

// look reads a page and hands out what is new. It reports whether there was anything
// new, and whether to look again at once.
func (p *poller) look(ctx context.Context) (found, more bool, err error) {
	from := p.channel.readFrom()
	l, err := p.list(ctx, from, false)
	if err != nil {
		return false, false, err
	}
	brought := p.channel.brings(l)
	searching := p.channel.searching()
	fresh, repeats := p.channel.classify(l)
	switch {
	case searching && p.channel.searching(): // on it goes
	case !searching && len(fresh) == 0 && p.head != nil:
		l = *p.head
		if fresh, repeats = p.channel.classify(l); !p.channel.searching() {
			p.head = nil
		}
	default:
		p.head = nil
	}
	if repeats > 0 {
		p.queue.Observe(ctx, observe.Repeats{Queue: p.queue.Name(), Count: repeats})
	}
	for _, m := range fresh {
		if !p.loop.deliver(ctx, p.channel, m, l) {
			return true, false, nil
		}
	}
	if l.cut != nil {
		return false, false, l.cut
	}
	more, mayHide := p.channel.advance(l)
	slow, err := p.streak.page(from, !more || brought || len(fresh) > 0)
	if slow {
		p.queue.Observe(ctx, observe.ListingSlowed{Op: opList, Queue: p.queue.Name(), Pages: p.streak.pace.Pages()})
	}
	switch {
	case err != nil:
		return false, false, err
	case more:
		return len(fresh) > 0, true, nil
	case mayHide && len(fresh) == 0 && (time.Since(p.peekedAt) >= time.Minute || p.channel.walking()):
		p.peekedAt = time.Now()
		more, err = p.peekHead(ctx, from)
		if more || err != nil {
			return false, more, err
		}
	}
	if len(fresh) == 0 {
		p.channel.endWalk()
	}
	return len(fresh) > 0, false, nil
}

// peekHead looks at the head of the queue in the one way that skips expired messages on
// servers with Redis: without claimed messages and without a marker. What it finds is
// used only if the next look finds nothing behind the marker.
func (p *poller) peekHead(ctx context.Context, from string) (more bool, err error) {
	l, err := p.list(ctx, from, true)
	if err != nil || len(l.messages) == 0 || p.channel.knowsHead(l) {
		return false, err
	}
	if l.next == l.ids[len(l.ids)-1] {
		// Here ids are markers: stop behind the first message, since there may be
		// claimed ones between the others.
		l.ids, l.messages, l.next = l.ids[:1], l.messages[:1], l.ids[0]
	}
	p.head = &l
	return true, nil
}

// list reads a page behind a marker, or the head of the queue.
func (p *poller) list(ctx context.Context, from string, head bool) (listed, error) {
	if !p.loop.acquire(ctx) {
		return listed{}, ctx.Err()
	}
	defer p.loop.release()
	p.channel.count(func(s *Stats) { s.Looks++ })
	look := Look{Marker: from, Head: head}
	if !p.serverLimit {
		look.Limit = p.loop.config.PageSize
	}
	sent := p.loop.config.now()
	page, err := p.queue.Page(ctx, look)
	p.interval.floor = p.queue.RetryAfter(err)
	if page.LimitRefused {
		p.serverLimit = true
		p.channel.limitRefused()
	}
	return newListed(page, from, head, sent, p.loop.config.now()), err
}

// failed reports a look that failed, and waits before the next one. It returns true at
// once if the error is final.
func (p *poller) failed(ctx context.Context, err error) (final bool) {
	if p.queue.Hopeless(err) {
		return true
	}
	var wait time.Duration
	// A refusal that is not the service's own says nothing about a queue that was read.
	if fault.Permanent(err) && (!errors.Is(err, fault.Foreign) || !p.channel.readBefore()) {
		final, wait = p.refusals.refused(p.channel.readBefore())
		if !final {
			wait = max(wait, p.queue.RetryAfter(err))
		}
	} else {
		wait = p.interval.slower()
	}
	p.failures++
	p.channel.count(func(s *Stats) { s.Failures++ })
	p.queue.Observe(ctx, observe.ReadFailed{Queue: p.queue.Name(), Failures: p.failures, Wait: wait, Err: err})
	if !final {
		pause(ctx, wait, nil)
	}
	return final
}

// succeeded notes a look that did not fail, and reports the end of failures.
func (p *poller) succeeded(ctx context.Context) {
	p.channel.wasRead()
	p.refusals.accepted()
	if p.failures > 0 {
		p.queue.Observe(ctx, observe.ReadRecovered{Queue: p.queue.Name(), Failures: p.failures})
		p.failures = 0
	}
}
