package zaqar

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/observe"
)

// lease is a claim that a consumer keeps alive as long as one of its messages is not
// settled. What follows the claim is under the consumer's lock.
//
// The arithmetic, with L for the claim's TTL and G for its grace:
//
//   - A claim ends, by our clock, at L-1s after the request that made or renewed it
//     was sent: servers cut times to whole seconds.
//   - It is renewed after a share of L, a third to a half unless it is configured, and
//     tried again until it has ended by our clock.
//   - A message that would end before its claim is prolonged by servers to live until
//     the end of the claim and G longer, and is then told to have a TTL of L+G. Servers
//     that store in Redis tell so, and drop it at its first end all the same, unless
//     the claim is renewed before (quirk 9). When that is, nobody tells: so a claim
//     that brings such a message is renewed at once.
//   - A message that is not prolonged lives for L at least, and the renewal, which
//     comes after at most 0.8 L, prolongs it for good.
type lease struct {
	consumer *Consumer
	claim    *Claim
	urgent   bool // renewed as soon as it is there

	ends     time.Time
	due      time.Time            // of the next renewal
	open     map[string]*Delivery // messages that are not settled
	finished map[string]*Delivery // handled, to be deleted together
	back     map[string]*Delivery // to be given back
	shared   bool                 // a later claim of ours took messages out of it
	closing  bool                 // nothing is open any more
	released chan struct{}        // closed when nothing is left to renew
}

// wholeSecond is what servers may be off by.
const wholeSecond = time.Second

func newLease(c *Consumer, claim *Claim, start time.Time) *lease {
	l := &lease{
		consumer: c, claim: claim, released: make(chan struct{}),
		open: map[string]*Delivery{}, finished: map[string]*Delivery{}, back: map[string]*Delivery{},
	}
	l.prolong(start)
	c.leases[l] = struct{}{}
	return l
}

// prolong notes that the claim was made or renewed by a request sent at start.
func (l *lease) prolong(start time.Time) {
	config := l.consumer.config
	l.ends = start.Add(config.TTL - wholeSecond)
	share := config.RenewAt * (1 - rand.Float64()/3)
	l.due = start.Add(time.Duration(float64(config.TTL) * share))
}

// mustRenewAtOnce reports whether a message may end before the first renewal.
func (l *lease) mustRenewAtOnce(messages []*Message) bool {
	config := l.consumer.config
	for _, m := range messages {
		if m.TTL() == config.TTL+config.Grace || m.TTL()-m.Age() < config.TTL {
			return true
		}
	}
	return false
}

// over reports whether nothing is renewed any more. It wants the lock.
func (l *lease) over() bool {
	select {
	case <-l.released:
		return true
	default:
		return false
	}
}

// keep renews the claim until nothing is left to renew: one goroutine for each lease.
func (l *lease) keep(ctx context.Context) {
	wait := time.Duration(0)
	if !l.urgent {
		wait = time.Until(l.due)
	}
	for {
		timer := time.NewTimer(wait)
		select {
		case <-l.released:
			timer.Stop()
			return
		case <-timer.C:
		}
		if !l.renew(ctx) {
			return
		}
		l.consumer.mu.Lock()
		wait = time.Until(l.due)
		l.consumer.mu.Unlock()
	}
}

// renew tries until it has renewed the claim, or the claim is over: then for the reason
// that the last request was given.
func (l *lease) renew(ctx context.Context) bool {
	var err error
	for attempt := 1; ; attempt++ {
		start := time.Now()
		if err == nil || start.Before(l.ends) {
			limited, cancel := context.WithDeadline(ctx, l.patience(start))
			err = l.claim.Update(limited)
			cancel()
		}
		if l.renewed(start, err) {
			return err == nil
		}
		timer := time.NewTimer(min(soon.Delay(attempt), max(time.Until(l.ends), 0)))
		select {
		case <-l.released:
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
}

// soon is the wait after a renewal failed: a claim does not wait long.
var soon = backoff.Backoff{First: 250 * time.Millisecond, Most: 2 * time.Second}

// leastPatience is what one request for a renewal is given, if there is as much.
const leastPatience = 5 * time.Second

// patience is when to give up on one request for a renewal: half of what is left, so
// that a slow service has time and a connection that hangs does not take all.
func (l *lease) patience(now time.Time) time.Time {
	left := l.ends.Sub(now)
	return now.Add(min(max(left/2, leastPatience), left))
}

// renewed notes the outcome of a renewal, and reports whether it was the last try.
func (l *lease) renewed(start time.Time, err error) (last bool) {
	c := l.consumer
	c.mu.Lock()
	defer c.unlock()
	switch {
	case l.over():
		return true
	case err == nil:
		c.stats.Renewed++
		c.news = append(c.news, observe.ClaimRenewed{
			Queue: c.queue.name, Claim: l.claim.ID(), Messages: len(l.open), Left: l.ends.Sub(start),
		})
		l.prolong(start)
		return true
	case errors.Is(err, ErrClaimLost), !time.Now().Before(l.ends):
		l.lose(err)
		return true
	}
	c.news = append(c.news, observe.RenewalFailed{
		Queue: c.queue.name, Claim: l.claim.ID(), Messages: len(l.open), Left: time.Until(l.ends), Err: err,
	})
	return false
}

// lose ends a lease whose claim is over: nobody begins with its messages, and whoever
// works on one is told. It wants the lock.
func (l *lease) lose(err error) {
	c := l.consumer
	l.close()
	c.stats.LostClaims++
	c.news = append(c.news, observe.ClaimLost{
		Queue: c.queue.name, Claim: l.claim.ID(), Messages: len(l.open) + len(l.finished), Err: err,
	})
	for _, d := range l.open {
		switch d.stage {
		case atRest, inBackoff:
			d.end(gone)
		case atWork:
			c.stats.Lost++
			d.cancel(ErrClaimLost)
		}
	}
	for _, d := range l.finished {
		c.spawn(func(ctx context.Context) { _ = d.delete(ctx) })
	}
	c.feed()
}

// checkEnd sees whether all messages are settled, and what remains to be done then.
// It wants the lock.
func (l *lease) checkEnd() {
	if l.closing || l.over() || len(l.open) > 0 {
		return
	}
	l.closing = true
	if len(l.finished) == 0 && len(l.back) == 0 {
		l.close()
		return
	}
	l.consumer.spawn(l.wrapUp)
}

// close ends the renewal. What was kept to be given back may come again from now on.
// It wants the lock.
func (l *lease) close() {
	delete(l.consumer.leases, l)
	close(l.released)
	for id, d := range l.back {
		d.stage = over
		delete(l.consumer.held, id)
	}
}

// wrapUp deletes what is to be deleted together, and releases the claim when some
// messages are to be given back.
func (l *lease) wrapUp(ctx context.Context) {
	l.deleteFinished(ctx)
	c := l.consumer
	c.mu.Lock()
	if l.over() { // it was lost meanwhile
		c.unlock()
		return
	}
	l.close()
	n := len(l.back)
	c.unlock()
	// Releasing frees on some servers what a later claim has taken out of this one.
	if n > 0 && !l.shared {
		l.release(ctx, n)
	}
	c.mu.Lock()
	c.feed()
	c.unlock()
}

// release gives the claim up. It tries again until the claim has ended by itself,
// but not for long when somebody waits for the stop.
func (l *lease) release(ctx context.Context, n int) {
	c := l.consumer
	var err error
	for attempt := 1; ; attempt++ {
		limited, cancel := context.WithTimeout(ctx, settleTimeout)
		err = l.claim.Release(limited)
		cancel()
		if err == nil || !time.Now().Before(l.ends) || attempt >= 3 && c.isHalted() {
			break
		}
		c.pauseUnlessCut(again.Delay(attempt))
	}
	c.mu.Lock()
	if err == nil {
		c.stats.Released++
	}
	c.news = append(c.news, observe.ClaimReleased{Queue: c.queue.name, Claim: l.claim.ID(), Messages: n, Err: err})
	c.unlock()
}
