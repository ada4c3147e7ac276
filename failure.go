package zaqar

import (
	"context"
	"errors"
	"time"

	"github.com/zaqar-go/zaqar/observe"
)

// fail decides what becomes of a message whose attempt failed: it is tried again, or
// becomes a dead letter. It has the lock, and gives it up.
func (d *Delivery) fail(ctx context.Context, err error) error {
	c := d.consumer
	if p, ok := errors.AsType[*PanicError](err); ok {
		d.panicked(p)
	}
	r := c.past.of(d.message.ID())
	later, own := errors.AsType[*retryAfterError](err)
	if !own || later.err != nil {
		c.stats.Failed++
		r = c.past.failed(d.message.ID(), time.Now())
	}
	_, permanent := errors.AsType[*permanentError](err)
	switch c.config.verdict(r.failures, permanent) {
	case bury:
		c.unlock()
		return d.bury(ctx, r, err, permanent)
	case keepLongest:
		d.putOff(c.config.backoff().Longest(longRow), err)
	case tryAgain:
		wait := c.config.backoff().Delay(max(r.failures, 1))
		if own {
			wait = later.wait
		}
		d.putOff(wait, err)
	}
	c.unlock()
	return nil
}

// longRow is a number of failures after which the back-off grows no more.
const longRow = 64

// verdict is what a failed attempt leads to.
type verdict int

const (
	tryAgain verdict = iota
	keepLongest
	bury
)

func (o ConsumerConfig) verdict(failures int, permanent bool) verdict {
	switch {
	case o.DeadLetter == "" && permanent:
		return keepLongest
	case o.DeadLetter == "":
		return tryAgain
	case permanent, o.MaxAttempts > 0 && failures >= o.MaxAttempts:
		return bury
	}
	return tryAgain
}

// putOff keeps a message until its next attempt is due. It wants the lock.
func (d *Delivery) putOff(wait time.Duration, err error) {
	c := d.consumer
	if c.halted() || c.config.OnFailure == LetExpire {
		wait = 0
	}
	c.news = append(c.news, observe.AttemptFailed{
		Queue: c.queue.name, Message: d.message.ID(), Attempt: d.attempt, Wait: wait, Err: err,
	})
	d.cancel(nil)
	d.stage = inBackoff
	if wait == 0 || d.lease.over() {
		d.backoffOver()
		return
	}
	d.timer = time.AfterFunc(wait, func() {
		c.mu.Lock()
		defer c.unlock()
		if d.stage == inBackoff {
			d.backoffOver()
		}
	})
}

// backoffOver does what the policy says when the next attempt is due. It wants the
// lock.
func (d *Delivery) backoffOver() {
	c := d.consumer
	switch {
	case c.halted() && c.config.OnFailure != LetExpire:
		d.end(toGiveBack)
	case c.config.OnFailure == RetryHere && !d.lease.over():
		d.makeReady()
	case c.config.OnFailure == LetExpire:
		d.end(gone)
	default:
		d.end(toGiveBack)
	}
}
