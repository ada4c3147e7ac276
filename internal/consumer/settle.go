package consumer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/observe"
)

// settle ends the attempt at a message. err is nil if the message was handled. Settling
// twice does nothing.
func (d *Delivery) settle(ctx context.Context, err error) error {
	if do := d.decide(err, d.consumer.failure(err)); do != nil {
		return do(ctx)
	}
	return nil
}

// failure says what the error of an attempt asks for. It is called without the lock,
// because it calls methods of that error.
func (c *Consumer) failure(err error) Failure {
	if err == nil {
		return Failure{}
	}
	return c.config.Classify(err)
}

// decide decides what happens to a message whose attempt has ended, and returns what
// remains to be done for that, nil if nothing does.
func (d *Delivery) decide(err error, failure Failure) action {
	c := d.consumer
	c.mu.Lock()
	defer c.unlock()
	if d.stage != running {
		if d.revoked {
			return func(context.Context) error {
				return fmt.Errorf("zaqar: %s %s: %w: %w", op, c.queue.Name(), fault.Stopped, fault.ClaimLost)
			}
		}
		if err == nil && d.outcome != nil { // Done was called before, and its context ended
			return c.awaits(d.outcome)
		}
		return nil
	}
	d.setStageLocked(settling)
	if d.worker == nil || !d.worker.abandoned { // else no handler has seen it
		c.pace.attemptedLocked(time.Since(d.started))
	}
	if err == nil {
		return d.ackLocked()
	}
	switch cause := context.Cause(d.ctx); {
	case errors.Is(cause, fault.ClaimLost):
		d.onClaimLostLocked()
	case cause != nil && c.handlerCtx.Err() != nil: // a hard stop is no failure of the message
		d.endLocked(givenBack)
	default:
		return d.failLocked(err, failure)
	}
	return nil
}

// ackNow deletes a message that was handled.
func (d *Delivery) ackNow(ctx context.Context) error {
	return d.deleteAndFinish(ctx, d.countHandledLocked)
}

// countHandledLocked counts and reports a message that was handled and deleted.
func (d *Delivery) countHandledLocked() {
	if d.alreadyDeleted {
		return // it was counted before
	}
	c := d.consumer
	c.stats.Handled++
	c.reportLocked(observe.Handled{
		Queue: c.queue.Name(), Message: d.message.ID(), Attempt: d.attempt, Took: time.Since(d.started),
	})
}

// deleteAndFinish deletes a message that needs nothing else, and ends its delivery. It
// calls countLocked if the message was deleted.
func (d *Delivery) deleteAndFinish(ctx context.Context, countLocked func()) error {
	for {
		tried, err := d.deleteRemote(ctx)
		if d.afterDelete(ctx, tried, err, countLocked) {
			return err
		}
	}
}

// afterDelete takes the outcome of a deletion that tried this number of claims. It returns
// false if the message must be deleted once more.
func (d *Delivery) afterDelete(ctx context.Context, tried int, err error, countLocked func()) (finished bool) {
	c := d.consumer
	c.mu.Lock()
	defer c.unlock()
	if errors.Is(err, fault.ClaimLost) && len(d.claims) > tried {
		return false // the claim that took it is a new one of ours
	}
	if err == nil {
		countLocked()
	}
	d.endDeletedLocked(ctx, err)
	return true
}

// endDeletedLocked ends a delivery after its deletion succeeded or failed.
func (d *Delivery) endDeletedLocked(ctx context.Context, err error) {
	c := d.consumer
	if d.outcome != nil {
		d.outcome.err = err
		close(d.outcome.done)
	}
	switch {
	case err == nil:
		c.history.forget(d.message.ID())
		d.endLocked(gone)
	case errors.Is(err, fault.ClaimLost):
		c.history.markFinished(d.message.ID())
		c.stats.Lost++
		c.reportLocked(observe.ClaimLost{
			Queue: c.queue.Name(), Claim: d.lease.claim.ID(), Message: d.message.ID(), Messages: 1, Err: err,
		})
		d.endLocked(gone)
	case d.callerMayRetryLocked(ctx):
		d.setStageLocked(running)
	default:
		c.history.markFinished(d.message.ID())
		d.endLocked(givenBack)
	}
}

// callerMayRetryLocked reports whether a request failed only because the context of Done
// or Fail ended, so that the caller may call it again.
func (d *Delivery) callerMayRetryLocked(ctx context.Context) bool {
	return ctx.Err() != nil && d.worker == nil && !closed(d.lease.closed) && d.consumer.handlerCtx.Err() == nil
}

// deleteRemote deletes the message on the server, with whichever of our claims holds it. If
// no claim holds it any more, neither ours nor another, it is deleted all the same: it was
// handled, and would only be handled again. tried is the number of claims that were tried.
func (d *Delivery) deleteRemote(ctx context.Context) (tried int, err error) {
	c, id := d.consumer, d.message.ID()
	err = d.try(ctx, settlement{wait: requestWait, send: func(ctx context.Context) (final bool, err error) {
		claims := d.claimIDs()
		tried = len(claims)
		for _, claim := range slices.Backward(claims) {
			err = c.queue.Delete(ctx, id, claim)
			if !errors.Is(err, fault.ClaimLost) {
				return err == nil, err
			}
			c.suspect()
		}
		switch unclaimed := c.queue.Delete(ctx, id, ""); {
		case unclaimed == nil:
			c.countRescued()
			return true, nil
		case !errors.Is(unclaimed, fault.ClaimLost):
			return false, unclaimed
		}
		if d.regained(ctx) && c.queue.Delete(ctx, id, claims[len(claims)-1]) == nil {
			c.countRescued()
			return true, nil
		}
		return true, err
	}})
	return tried, err
}

// regained makes our claim hold a message again that somebody else's has taken out of it: on
// Redis an extension does that (quirk 45). It reports whether the claim has been extended.
func (d *Delivery) regained(ctx context.Context) bool {
	c := d.consumer
	c.mu.Lock()
	l := d.lease
	alive := !closed(l.closed) && !l.overlapped && !d.overdue && time.Now().Before(l.deadline)
	p := l.planLocked()
	c.unlock()
	if !alive || l.claim.Extend(ctx, p.ttl, p.grace) != nil {
		return false
	}
	l.extended(p, nil)
	l.wake()
	return true
}

// claimIDs returns all claims of ours that brought the message, the latest last.
func (d *Delivery) claimIDs() []string {
	d.consumer.mu.Lock()
	defer d.consumer.unlock()
	return slices.Clone(d.claims)
}

// suspect is suspectLocked.
func (c *Consumer) suspect() {
	c.mu.Lock()
	defer c.unlock()
	c.suspectLocked()
}

func (c *Consumer) countRescued() {
	c.mu.Lock()
	defer c.unlock()
	c.stats.Rescued++
}
