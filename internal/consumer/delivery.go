package consumer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Delivery is a message that the consumer holds.
type Delivery struct {
	consumer *Consumer
	message  Message

	// The Consumer's lock guards what follows.

	lease          *lease
	claims         []string // all claims of ours that brought it, the latest last
	stage          stage    // changed by setStageLocked only
	parked         bool     // it waits long, so it takes no place among those that back off
	attempt        int
	started        time.Time
	worker         *goroutine      // the worker that has it, and is sure to settle it; nil: a caller has it
	stops          bool            // its handler has called Stop
	overdue        bool            // its attempt took longer than MaxExtension
	revoked        bool            // a hard stop took it from its caller
	alreadyDeleted bool            // a claim that was in flight brought it once more
	outcome        *outcome        // of its deletion, if Done waits for one together with others
	ctx            context.Context //nolint:containedctx // it is the handler's, and ends with the claim
	cancel         context.CancelCauseFunc
	timer          *time.Timer // of the back-off
	due            time.Time   // when the back-off is over
}

// stage is the state of a delivery.
type stage int

const (
	ready           stage = iota // claimed, not handed out
	running                      // handed out, not settled
	backingOff                   // failed, and waiting for the next attempt; or doubtful
	settling                     // settled by its caller, not yet on the server
	awaitingRelease              // to be given back as soon as its claim can be released
	done                         // settled, or lost
	stages                       // how many there are
)

// deliveryKey is the key of the delivery in the context of its attempt, attemptKey that
// of the delivery of one consumer.
type (
	deliveryKey struct{}
	attemptKey  struct{ consumer *Consumer }
)

// Attempt returns the number of the attempt that ctx belongs to, 0 if it belongs to none.
func Attempt(ctx context.Context) int {
	if d, ok := ctx.Value(deliveryKey{}).(*Delivery); ok {
		return d.Attempt()
	}
	return 0
}

// Message returns the message.
func (d *Delivery) Message() Message { return d.message }

// Attempt returns the number of the attempt, starting at 1.
func (d *Delivery) Attempt() int {
	d.consumer.mu.Lock()
	defer d.consumer.unlock()
	return d.attempt
}

// Context returns the context of the attempt.
func (d *Delivery) Context() context.Context {
	d.consumer.mu.Lock()
	defer d.consumer.unlock()
	return d.ctx
}

// Done acknowledges the message.
func (d *Delivery) Done(ctx context.Context) error { return d.settle(ctx, nil) }

// Fail ends the attempt as a failure. A nil err is a failure without a reason.
func (d *Delivery) Fail(ctx context.Context, err error) error {
	if err == nil {
		err = errors.New("it failed")
	}
	return d.settle(ctx, err)
}

// Fetch returns up to n messages. It blocks until there is one, or ctx ends.
func (c *Consumer) Fetch(ctx context.Context, n int) ([]*Delivery, error) {
	return c.take(ctx, n, nil)
}

// waiter is a caller that waits for up to n messages.
type waiter struct {
	n      int
	worker *goroutine       // nil: a caller of Fetch
	got    chan []*Delivery // closed without any when the consumer stops
}

// take waits for up to n messages.
func (c *Consumer) take(ctx context.Context, n int, worker *goroutine) ([]*Delivery, error) {
	if worker == nil { // for a worker, Run has done that; and it may work off what is left
		if err := c.begin(ctx); err != nil {
			return nil, err
		}
	}
	w := &waiter{n: n, worker: worker, got: make(chan []*Delivery, 1)}
	c.join(w)
	var deliveries []*Delivery
	select {
	case deliveries = <-w.got:
	case <-ctx.Done():
		if c.leave(w) {
			return nil, fmt.Errorf("zaqar: %s %s: %w", op, c.queue.Name(), context.Cause(ctx))
		}
		deliveries = <-w.got // dispatched just before ctx ended
	}
	if len(deliveries) == 0 {
		return nil, c.begin(ctx) // the consumer has stopped: begin returns why
	}
	return deliveries, nil
}

// join adds a waiter, and claims messages for it.
func (c *Consumer) join(w *waiter) {
	c.mu.Lock()
	defer c.unlock()
	if closed(c.stopping) && (w.worker == nil || c.counts[ready] == 0) {
		close(w.got)
		return
	}
	c.waiters = append(c.waiters, w)
	c.dispatchLocked()
	c.claimMoreLocked()
}

// leave removes a waiter. It returns false if the waiter has got its messages.
func (c *Consumer) leave(w *waiter) bool {
	c.mu.Lock()
	defer c.unlock()
	i := slices.Index(c.waiters, w)
	if i < 0 {
		return false
	}
	c.waiters = slices.Delete(c.waiters, i, i+1)
	return true
}

// dispatchLocked hands ready messages to waiters.
func (c *Consumer) dispatchLocked() {
	for len(c.waiters) > 0 {
		w := c.waiters[0]
		deliveries := c.nextReadyLocked(w.n)
		if len(deliveries) == 0 {
			break
		}
		c.waiters = slices.Delete(c.waiters, 0, 1)
		for _, d := range deliveries {
			d.startLocked(w.worker)
		}
		w.got <- deliveries
	}
	c.endWaitingLocked()
}

// nextReadyLocked takes up to n messages that may be handed out. It withholds those of
// claims that must be extended first.
func (c *Consumer) nextReadyLocked(n int) []*Delivery {
	now := c.nowLocked()
	var deliveries []*Delivery
	taken := 0
	for _, d := range c.ready {
		if len(deliveries) == n {
			break
		}
		taken++
		if d.lease.usableLocked(now) {
			deliveries = append(deliveries, d)
		} else {
			d.lease.withheld = append(d.lease.withheld, d)
		}
	}
	c.ready = slices.Delete(c.ready, 0, taken)
	return deliveries
}

// startLocked starts an attempt.
func (d *Delivery) startLocked(worker *goroutine) {
	d.setStageLocked(running)
	d.worker, d.started, d.outcome = worker, time.Now(), nil
	d.attempt = d.consumer.history.of(d.message.ID()).failures + 1
	ctx := context.WithValue(d.consumer.handlerCtx, deliveryKey{}, d)
	ctx = context.WithValue(ctx, attemptKey{d.consumer}, d)
	ctx, cancel := context.WithCancelCause(ctx)
	d.ctx, d.cancel = ctx, cancel
	if limit := d.consumer.config.HandlerTimeout; limit > 0 && worker != nil {
		limited, stop := context.WithTimeout(ctx, limit)
		d.ctx, d.cancel = limited, func(cause error) { cancel(cause); stop() }
	}
}

// makeReadyLocked offers the message to the next waiter, or gives it back if the consumer
// stops.
func (d *Delivery) makeReadyLocked() {
	c := d.consumer
	if closed(c.stopping) {
		d.endLocked(givenBack)
		return
	}
	d.setStageLocked(ready)
	c.ready = append(c.ready, d)
	c.dispatchLocked()
}

// ending is how a delivery ends.
type ending int

const (
	gone      ending = iota // deleted, lost, or left until its claim ends
	givenBack               // free again once its claim is released
)

// endLocked ends a delivery. That may finish its lease, and make room for more claims.
func (d *Delivery) endLocked(how ending) {
	c, l, id := d.consumer, d.lease, d.message.ID()
	if d.timer != nil {
		d.timer.Stop()
	}
	if d.cancel != nil {
		d.cancel(nil)
	}
	if d.stage == ready {
		if i := slices.Index(c.ready, d); i >= 0 {
			c.ready = slices.Delete(c.ready, i, i+1)
		}
	}
	delete(l.unsettled, id)
	if how == givenBack && !closed(l.closed) {
		c.stats.GivenBack++
		d.setStageLocked(awaitingRelease)
		l.toRelease[id] = d
	} else {
		d.setStageLocked(done)
		delete(c.held, id)
	}
	l.checkSettledLocked()
	c.claimMoreLocked()
	c.endWaitingLocked()
	c.checkAloneLocked()
}
