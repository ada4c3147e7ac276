package zaqar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zaqar-go/zaqar/observe"
)

// settleTimeout bounds each single request that settles something.
const settleTimeout = 10 * time.Second

// outcome is how a delivery ends.
type outcome int

const (
	gone       outcome = iota // deleted, lost, or left to the end of its claim
	toGiveBack                // free again when its claim is released
)

// settle decides what becomes of a message whose attempt is over.
func (d *Delivery) settle(ctx context.Context, err error) error {
	c := d.consumer
	c.mu.Lock()
	if d.stage != atWork {
		revoked := d.revoked
		c.unlock()
		if revoked {
			return fmt.Errorf("zaqar: %s %s: %w: %w", opConsume, c.queue.name, ErrStopped, ErrClaimLost)
		}
		return nil
	}
	d.stage = settling
	if err == nil {
		return d.succeed(ctx)
	}
	switch cause := d.cause(); {
	case errors.Is(cause, ErrClaimLost):
		d.interrupted()
	case cause != nil && c.work.Err() != nil: // cut off: that tells nothing about the message
		d.end(toGiveBack)
	default:
		return d.fail(ctx, err)
	}
	c.unlock()
	return nil
}

// cause is why the attempt's context has ended, nil when it has not.
func (d *Delivery) cause() error {
	return context.Cause(d.ctx)
}

// interrupted ends an attempt that was ended by the loss of its claim, which is no failure
// of the message. When a later claim of ours has brought it again, it is ready again.
// It wants the lock.
func (d *Delivery) interrupted() {
	if d.lease.over() {
		d.end(gone)
		return
	}
	d.makeReady()
}

// makeReady puts a message among those that are to be begun. It wants the lock.
func (d *Delivery) makeReady() {
	c := d.consumer
	if c.halted() {
		d.end(toGiveBack)
		return
	}
	d.stage = atRest
	c.ready = append(c.ready, d)
	c.handOut()
}

// succeed deletes a message that was handled, or leaves it to be deleted with others.
// It has the lock, and gives it up.
func (d *Delivery) succeed(ctx context.Context) error {
	c, l := d.consumer, d.lease
	if c.config.BulkDelete && c.config.ClaimSize > 1 && !l.over() {
		delete(l.open, d.message.ID())
		l.finished[d.message.ID()] = d
		l.checkEnd()
		c.unlock()
		return nil
	}
	c.unlock()
	return d.delete(ctx)
}

// delete deletes a message that was handled, and notes what came of it.
func (d *Delivery) delete(ctx context.Context) error {
	return d.conclude(ctx, d.countHandled)
}

// countHandled counts a message that was handled and deleted. It wants the lock.
func (d *Delivery) countHandled() {
	if d.ghost {
		return // it was counted before
	}
	c := d.consumer
	c.stats.Handled++
	c.news = append(c.news, observe.Handled{
		Queue: c.queue.name, Message: d.message.ID(), Attempt: d.attempt, Took: d.took(),
	})
}

// conclude deletes a message with which nothing else is left to do, and ends its
// delivery. deleted is called, with the lock, when that went well.
func (d *Delivery) conclude(ctx context.Context, deleted func()) error {
	c := d.consumer
	for {
		tried, err := d.remove(ctx)
		c.mu.Lock()
		if errors.Is(err, ErrClaimLost) && len(d.claims) > tried {
			c.unlock()
			continue // the claim that took it turned out to be our own
		}
		if err == nil {
			deleted()
		}
		err = d.removed(ctx, err)
		c.unlock()
		return err
	}
}

// removed ends a delivery whose message was deleted, or could not be. It wants the
// lock.
func (d *Delivery) removed(ctx context.Context, err error) error {
	c := d.consumer
	switch {
	case err == nil:
		c.past.forget(d.message.ID())
		d.end(gone)
	case errors.Is(err, ErrClaimLost):
		c.past.finish(d.message.ID())
		c.stats.Lost++
		c.news = append(c.news, observe.ClaimLost{
			Queue: c.queue.name, Claim: d.lease.claim.ID(), Message: d.message.ID(), Messages: 1, Err: err,
		})
		d.end(gone)
	case ctx.Err() != nil && !d.served && !d.lease.over() && c.work.Err() == nil:
		d.stage = atWork // its taker may try again
	default:
		c.past.finish(d.message.ID())
		d.end(toGiveBack)
	}
	return err
}

// remove deletes the message with the claim that holds it, of those that brought it.
// A message that no claim of ours holds any more, and nobody else's, is deleted all
// the same: it was handled, and would only be handled again. It tells how many claims
// it tried.
func (d *Delivery) remove(ctx context.Context) (tried int, err error) {
	c, id := d.consumer, d.message.ID()
	err = d.insist(ctx, func(ctx context.Context) (final bool, err error) {
		c.mu.Lock()
		claims := slices.Clone(d.claims)
		c.unlock()
		tried = len(claims)
		for _, claim := range slices.Backward(claims) {
			err = c.queue.DeleteMessage(ctx, id, ClaimID(claim))
			if !errors.Is(err, ErrClaimLost) {
				return err == nil, err
			}
		}
		switch free := c.queue.DeleteMessage(ctx, id); {
		case free == nil:
			c.mu.Lock()
			c.stats.Rescued++
			c.unlock()
			return true, nil
		case !errors.Is(free, ErrForbidden):
			return false, free
		}
		return true, err
	})
	return tried, err
}

// insist makes a request that is safe to repeat until it succeeds, what it says is
// final, the claim is over, the consumer is stopped hard, or ctx ends.
func (d *Delivery) insist(ctx context.Context, request func(context.Context) (final bool, err error)) error {
	c := d.consumer
	for attempt := 1; ; attempt++ {
		limited, cancel := context.WithTimeout(ctx, settleTimeout)
		final, err := request(limited)
		cancel()
		if err == nil || final || ctx.Err() != nil {
			return err
		}
		c.mu.Lock()
		released := d.lease.released
		c.unlock()
		timer := time.NewTimer(again.Delay(attempt))
		select {
		case <-timer.C:
			continue
		case <-ctx.Done():
		case <-c.work.Done():
		case <-released:
		}
		timer.Stop()
		return err
	}
}

// end takes a delivery out of its claim's account, and does for the claim what is due
// then. It wants the lock.
func (d *Delivery) end(how outcome) {
	c, l, id := d.consumer, d.lease, d.message.ID()
	if d.timer != nil {
		d.timer.Stop()
	}
	if d.cancel != nil {
		d.cancel(nil)
	}
	if d.stage == atRest {
		if place := slices.Index(c.ready, d); place >= 0 {
			c.ready = slices.Delete(c.ready, place, place+1)
		}
	}
	delete(l.open, id)
	delete(l.finished, id)
	if how == toGiveBack && !l.over() {
		c.stats.GivenBack++
		d.stage = kept
		l.back[id] = d
	} else {
		d.stage = over
		delete(c.held, id)
	}
	l.checkEnd()
	c.feed()
}

// adopt moves a delivery to a later claim of ours, which took the message out of the
// one that brought it. It wants the lock.
func (d *Delivery) adopt(l *lease, m *Message) {
	c, was, id := d.consumer, d.lease, m.ID()
	_, finished := was.finished[id]
	delete(was.open, id)
	delete(was.finished, id)
	delete(was.back, id)
	was.shared = true
	d.lease = l
	d.claims = append(d.claims, l.claim.ID())
	d.message.state.Store(m.state.Load())
	c.duplicate(d, false)
	switch {
	case finished:
		l.finished[id] = d
	case d.stage == kept:
		l.open[id] = d
		d.makeReady()
	default:
		l.open[id] = d
	}
	was.checkEnd()
}

// deleteFinished deletes by one request what was handled of a claim; where that fails,
// each message by its own.
func (l *lease) deleteFinished(ctx context.Context) {
	c := l.consumer
	c.mu.Lock()
	finished := make([]*Delivery, 0, len(l.finished))
	ids := make([]string, 0, len(l.finished))
	for id, d := range l.finished {
		finished, ids = append(finished, d), append(ids, id)
	}
	c.unlock()
	if len(ids) == 0 {
		return
	}
	limited, cancel := context.WithTimeout(ctx, settleTimeout)
	err := c.queue.DeleteMessages(limited, ids, ClaimID(l.claim.ID()))
	cancel()
	for _, d := range finished {
		if err != nil {
			_ = d.delete(ctx)
			continue
		}
		c.mu.Lock()
		d.countHandled()
		_ = d.removed(ctx, nil)
		c.unlock()
	}
}
