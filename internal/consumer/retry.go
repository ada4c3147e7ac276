package consumer

import (
	"context"
	"time"

	"github.com/zaqar-go/zaqar/observe"
)

// Policy is what happens to a message whose handler failed, unless it becomes a dead
// letter.
type Policy int

// The policies. Their values are those of zaqar.FailurePolicy.
const (
	GiveBack  Policy = iota + 1 // release it after the back-off
	RetryHere                   // hand it out again after the back-off
	LetExpire                   // leave it until its claim ends
)

// Failure is what the error of a handler asks for.
type Failure struct {
	// Permanent is set if no further attempt can help.
	Permanent bool
	// HasWait is set if the handler chose the wait before the next attempt.
	HasWait bool
	Wait    time.Duration
	// NotNow is set if the attempt does not count as a failure.
	NotNow bool
	// Panic is set if the handler panicked.
	Panic *Panic
}

// Panic is a panic of a handler.
type Panic struct {
	Value any
	Stack []byte
}

// consequence is what a failed attempt leads to.
type consequence int

const (
	tryAgain   consequence = iota
	tryLatest              // after the longest back-off
	deadLetter             // the message becomes a dead letter
)

// consequence returns what a failed attempt leads to. failures includes that attempt.
func (c *Config) consequence(failures int, permanent bool) consequence {
	switch {
	case c.DeadLetter == "" && permanent:
		return tryLatest
	case c.DeadLetter == "":
		return tryAgain
	case permanent, c.MaxAttempts > 0 && failures >= c.MaxAttempts:
		return deadLetter
	}
	return tryAgain
}

// longestWait is the back-off that no longer grows.
func (c *Config) longestWait() time.Duration { return c.Backoff.Longest(64) }

// failLocked decides what happens to a message whose attempt failed: it is tried again, or
// becomes a dead letter.
func (d *Delivery) failLocked(err error, failure Failure) action {
	c := d.consumer
	if failure.Panic != nil {
		d.panickedLocked(*failure.Panic)
	}
	c.pace.backToOneLocked(restFailed)
	e := c.history.of(d.message.ID())
	if !failure.NotNow {
		c.stats.Failed++
		e = c.history.failed(d.message.ID(), time.Now())
	}
	switch c.config.consequence(e.failures, failure.Permanent) {
	case deadLetter:
		return func(ctx context.Context) error { return d.deadLetter(ctx, e, err, failure.Permanent) }
	case tryLatest:
		d.scheduleRetryLocked(c.config.longestWait(), err)
	case tryAgain:
		wait := c.config.Backoff.Delay(max(e.failures, 1))
		if failure.HasWait {
			wait = failure.Wait
		}
		d.scheduleRetryLocked(wait, err)
	}
	return nil
}

// panickedLocked counts and reports a panic.
func (d *Delivery) panickedLocked(p Panic) {
	c := d.consumer
	c.stats.Panicked++
	c.reportLocked(observe.HandlerPanicked{
		Queue: c.queue.Name(), Message: d.message.ID(), Attempt: d.attempt, Value: p.Value, Stack: p.Stack,
	})
}

// scheduleRetryLocked starts the back-off of a message.
func (d *Delivery) scheduleRetryLocked(wait time.Duration, err error) {
	c := d.consumer
	if closed(c.stopping) || d.lease.policy() == LetExpire {
		wait = 0
	}
	c.reportLocked(observe.AttemptFailed{
		Queue: c.queue.Name(), Message: d.message.ID(), Attempt: d.attempt, Wait: wait, Err: err,
	})
	d.cancel(nil)
	d.setStageLocked(backingOff)
	d.due = time.Now().Add(wait)
	if wait >= c.config.longWait() {
		d.parkLocked()
		d.lease.takeBackLocked()
	}
	defer c.claimMoreLocked()
	if wait == 0 || closed(d.lease.closed) {
		d.retryDueLocked()
		return
	}
	defer d.lease.checkSettledLocked()
	d.timer = time.AfterFunc(wait, func() {
		c.mu.Lock()
		defer c.unlock()
		if d.stage == backingOff {
			d.retryDueLocked()
		}
	})
}

// retryDueLocked does what the policy says at the end of the back-off.
func (d *Delivery) retryDueLocked() {
	switch policy := d.lease.policy(); {
	case policy == LetExpire:
		d.endLocked(gone)
	case !closed(d.lease.closed) && (policy == RetryHere || d.lease.holdsLongLocked(time.Now())):
		d.makeReadyLocked()
	default:
		d.endLocked(givenBack)
	}
}
