package consumer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zaqar-go/zaqar/internal/fault"
)

// A stop has three steps. Claiming ends, and running handlers finish. At the limit, which
// is Config.StopTimeout or the context of Stop, the contexts of handlers end: the stop is
// hard. hardStopGrace later requests that are in flight are cut, and handlers that have
// not returned are no longer waited for.

// hardStopGrace is how long after the limit of a stop requests may still take.
const hardStopGrace = 1500 * time.Millisecond

// hardStopLimit is how long after the limit of a stop Run and Stop return at the latest.
const hardStopLimit = 2 * time.Second

// Run handles messages until ctx ends, the consumer is stopped, or claiming has failed
// with a final error.
func (c *Consumer) Run(ctx context.Context, handler Handler) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	c.startWorkers(ctx.Done(), handler)
	select {
	case <-ctx.Done():
		c.stopClaiming(nil, false)
	case <-c.stopping:
		c.awaitStop(ctx)
	}
	var timeout <-chan time.Time
	if c.config.StopTimeout > 0 {
		timer := time.NewTimer(c.config.StopTimeout)
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case <-c.stopped:
	case <-c.handlerCtx.Done(): // somebody else made the stop hard
		c.awaitHardStop()
	case <-timeout:
		c.hardStop()
		c.awaitHardStop()
	}
	return c.result()
}

// awaitStop waits until a call of Stop has stopped the consumer, or until Run's own context
// ends. That call has its own context as a limit, so Run's StopTimeout does not start.
func (c *Consumer) awaitStop(ctx context.Context) {
	c.mu.Lock()
	called := c.stopCalled
	c.unlock()
	if !called {
		return
	}
	select {
	case <-c.stopped:
	case <-c.handlerCtx.Done():
	case <-ctx.Done():
	}
}

// Halt begins to stop the consumer, and returns at once.
func (c *Consumer) Halt() { c.stopClaiming(nil, false) }

// Stop stops the consumer and waits until it holds nothing. If ctx ends before that, it
// cancels the running attempts. With the context of one of the consumer's own attempts it
// waits for everything but that attempt.
func (c *Consumer) Stop(ctx context.Context) error {
	if d, ok := ctx.Value(attemptKey{c}).(*Delivery); ok {
		return c.stopInside(ctx, d)
	}
	c.stopClaiming(nil, true)
	select {
	case <-c.stopped:
	case <-ctx.Done():
		if !closed(c.stopped) {
			c.hardStop()
			c.awaitHardStop()
		}
	}
	return c.result()
}

// stopInside is Stop for the handler of a delivery.
func (c *Consumer) stopInside(ctx context.Context, d *Delivery) error {
	c.stopClaiming(nil, false)
	alone := make(chan struct{})
	c.mu.Lock()
	d.stops = true
	c.insiders = append(c.insiders, alone)
	c.giveBackReadyLocked() // this worker, which waits here, cannot work it off
	c.checkAloneLocked()
	c.unlock()
	select {
	case <-alone:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("zaqar: %s %s: %w", op, c.queue.Name(), context.Cause(ctx))
	}
}

// checkAloneLocked ends the calls of Stop from handlers when nothing else is left.
func (c *Consumer) checkAloneLocked() {
	if len(c.insiders) == 0 || c.claimer.claiming > 0 || c.releasing > 0 {
		return
	}
	for _, d := range c.held {
		if !d.stops && d.stage != awaitingRelease {
			return
		}
	}
	for _, alone := range c.insiders {
		close(alone)
	}
	c.insiders = nil
}

// awaitHardStop waits for the end of a hard stop, but not longer than its limit.
func (c *Consumer) awaitHardStop() {
	timer := time.NewTimer(hardStopLimit)
	defer timer.Stop()
	select {
	case <-c.stopped:
	case <-timer.C:
	}
}

// result is what Run and Stop return once the consumer has stopped.
func (c *Consumer) result() error {
	c.mu.Lock()
	defer c.unlock()
	switch n := c.stats.Interrupted; {
	case c.stopCause != nil:
		return c.stopCause
	case n == 1:
		return fmt.Errorf("zaqar: %s %s: %w with 1 message in progress", op, c.queue.Name(), fault.Stopped)
	case n > 1:
		return fmt.Errorf("zaqar: %s %s: %w with %d messages in progress", op, c.queue.Name(), fault.Stopped, n)
	}
	return nil
}

// stopClaiming ends claiming, and gives back the messages that nobody works on. cause is
// why the consumer stops by itself, nil if a caller stopped it. called is set if that
// caller waits, with a limit.
func (c *Consumer) stopClaiming(cause error, called bool) {
	c.mu.Lock()
	defer c.unlock()
	if closed(c.stopping) {
		return
	}
	c.stopCause, c.stopCalled = cause, called
	close(c.stopping)
	c.claimer.stopLocked()
	for _, d := range c.held {
		if d.stage == backingOff || d.stage == ready && !c.worksOffLocked() {
			d.endLocked(givenBack)
		}
	}
	c.endWaitingLocked()
	c.releaseLeftLocked()
	c.deleteMoreLocked() // they no longer wait for others
	c.checkStoppedLocked()
}

// worksOffLocked reports whether messages that are claimed and not begun are handled
// during a stop. With adaptive claims they are, if Run has workers: to release claims of many
// would free messages in front of those that others hold, and make servers on Redis steal.
func (c *Consumer) worksOffLocked() bool {
	return c.config.Adaptive && c.working && len(c.insiders) == 0 && c.handlerCtx.Err() == nil
}

// giveBackReadyLocked gives back what is not begun.
func (c *Consumer) giveBackReadyLocked() {
	for _, d := range c.held {
		if d.stage == ready {
			d.endLocked(givenBack)
		}
	}
}

// endWaitingLocked ends all waiting for messages when the consumer stops and none is left.
func (c *Consumer) endWaitingLocked() {
	if !closed(c.stopping) {
		return
	}
	c.waiters = slices.DeleteFunc(c.waiters, func(w *waiter) bool {
		if w.worker != nil && c.counts[ready] > 0 {
			return false
		}
		close(w.got)
		return true
	})
}

// hardStop cancels the contexts of all running attempts, gives back what is not begun, and
// cuts what is left a little later.
func (c *Consumer) hardStop() {
	c.mu.Lock()
	defer c.unlock()
	if closed(c.stopped) || c.handlerCtx == nil || c.handlerCtx.Err() != nil {
		return
	}
	c.cancelHandlerCtx(fault.Stopped)
	for _, d := range c.held {
		if d.stage != running {
			continue
		}
		c.stats.Interrupted++
		if d.worker == nil { // its caller may never settle it
			d.revokeLocked()
		}
	}
	c.giveBackReadyLocked()
	c.cutTimer = time.AfterFunc(hardStopGrace, c.cutOff)
	c.checkStoppedLocked()
}

// cutOff ends the requests in flight, and waits no longer for handlers that have not
// returned. Their messages are given back.
func (c *Consumer) cutOff() {
	c.mu.Lock()
	defer c.unlock()
	c.cut()
	for _, d := range c.held {
		if d.stage == running {
			d.revokeLocked()
			if d.worker != nil && !d.worker.abandoned {
				d.worker.abandoned = true
				c.leftLocked()
			}
		}
	}
}

// revokeLocked takes a message from whoever works on it.
func (d *Delivery) revokeLocked() {
	d.revoked = true
	d.endLocked(givenBack)
}

// checkStoppedLocked closes stopped after the last goroutine.
func (c *Consumer) checkStoppedLocked() {
	c.checkAloneLocked()
	if c.goroutines > 0 || !closed(c.stopping) || closed(c.stopped) {
		return
	}
	if c.handlerCtx != nil {
		c.cancelHandlerCtx(fault.Stopped)
		c.cut()
	}
	for _, timer := range []*time.Timer{c.cutTimer, c.deletions.timer} {
		if timer != nil {
			timer.Stop()
		}
	}
	close(c.stopped)
}

// limited returns the context of one request: it ends after limit, unless that is zero,
// and soon after a hard stop.
func (c *Consumer) limited(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if over := (hardStopLimit - hardStopGrace) / 2; c.cutCtx.Err() != nil && (limit == 0 || limit > over) {
		limit = over
	}
	cancel := func() {}
	if limit > 0 {
		ctx, cancel = context.WithTimeout(ctx, limit)
	}
	if c.cutCtx.Err() != nil {
		return ctx, cancel
	}
	ctx, end := context.WithCancelCause(ctx)
	forget := context.AfterFunc(c.cutCtx, func() { end(errCut) })
	return ctx, func() { forget(); end(nil); cancel() }
}

// errCut is the cause of requests that a hard stop has cut.
var errCut = errors.New("cut by the stop")

// stoppedHard reports whether a hard stop has begun, so that nothing is tried again.
func (c *Consumer) stoppedHard() bool { return c.handlerCtx.Err() != nil }
