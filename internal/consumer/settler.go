package consumer

import (
	"context"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/observe"
)

// The settler sends what settles a message: its deletion, or its dead letter. A worker
// leaves its message to the settler and is free for the next one. Settling is bounded: by
// MaxHeld in number, and by settleTime in time. A message that could not be deleted is
// remembered, and only deleted if it comes again.

// Verdict says what an answer means for a request that settles a message.
type Verdict int

// The verdicts.
const (
	// Passing: the request may succeed later.
	Passing Verdict = iota
	// Refused: the service refuses. That is final once it has lasted; see
	// Config.GiveUpAfter.
	Refused
	// Final: sending the request again cannot help.
	Final
)

// settleTime is how long the settler tries, at least.
const settleTime = 10 * time.Minute

// defaultRequestTime limits a request of the settler if the client has no limit.
const defaultRequestTime = time.Minute

// growth is how far the limit of a single request may grow: so often is it doubled.
const growth = 3

// requestTime is the limit of a single request after this many requests (at least 1): the
// client's timeout, and longer with each request. An answer that takes longer than the
// timeout comes all the same.
func (c *Config) requestTime(attempt int) time.Duration {
	limit := c.RequestTimeout
	if limit <= 0 {
		limit = defaultRequestTime
	}
	return limit << min(attempt-1, growth)
}

// leaveToSettler settles a message that a worker has finished, in a goroutine of its own.
func (d *Delivery) leaveToSettler(err error) {
	do := d.decide(err, d.consumer.failure(err))
	if do == nil {
		return
	}
	c := d.consumer
	c.mu.Lock()
	defer c.unlock()
	c.spawnLocked(func(ctx context.Context) { _ = do(ctx) }) // its outcome is counted and reported
}

// settlement is one request of the settler, which must be safe to repeat.
type settlement struct {
	// send sends the request. final reports that its error needs no other try.
	send func(ctx context.Context) (final bool, err error)
	wait func(attempt int) time.Duration
}

// requestWait is the usual wait after a request has failed.
func requestWait(attempt int) time.Duration { return requestBackoff.Delay(attempt) }

// letterBackoff is the wait after a dead letter whose outcome is unknown. It grows to
// minutes, because each further one may be a copy.
var letterBackoff = backoff.Backoff{First: 2 * time.Second, Most: 5 * time.Minute}

// try repeats a request until it succeeds or its outcome is final. It gives up after
// settleTime, when the lease is closed, at a hard stop, and when ctx ends.
func (d *Delivery) try(ctx context.Context, s settlement) error {
	c := d.consumer
	start, refusals := time.Now(), refusals{}
	for attempt := 1; ; attempt++ {
		sent := time.Now()
		limited, cancel := c.limited(ctx, c.config.requestTime(attempt))
		final, err := s.send(limited)
		cancel()
		if err == nil || final || ctx.Err() != nil {
			return err
		}
		switch c.queue.Judge(err) {
		case Passing:
			refusals.forget()
		case Refused:
			refusals.add(sent, time.Now())
			final = refusals.final(c.config.GiveUpAfter)
		case Final:
			final = true
		}
		wait := max(s.wait(attempt), c.queue.RetryAfter(err))
		final = final || c.stoppedHard() || time.Since(start)+wait > settleTime
		if final {
			wait = 0
		}
		d.settleFailed(observe.SettleFailed{Attempt: attempt, Wait: wait, Final: final, Err: err})
		if final || !d.pause(ctx, wait) {
			return err
		}
	}
}

// pause waits before the next request. It returns false if there is to be none.
func (d *Delivery) pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-d.consumer.handlerCtx.Done():
	case <-d.leaseClosed():
	}
	return false
}

// settleFailed reports a request that failed.
func (d *Delivery) settleFailed(e observe.SettleFailed) {
	c := d.consumer
	c.mu.Lock()
	defer c.unlock()
	c.stats.SettleErrors++
	e.Queue, e.Message = c.queue.Name(), d.message.ID()
	c.reportLocked(e)
}

// leaseClosed returns the channel that is closed with the present lease.
func (d *Delivery) leaseClosed() <-chan struct{} {
	d.consumer.mu.Lock()
	defer d.consumer.unlock()
	return d.lease.closed
}
