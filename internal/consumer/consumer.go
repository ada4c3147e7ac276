// Package consumer is the engine of zaqar.Consumer. It claims messages, extends the
// claims, hands the messages to handlers, acknowledges what was handled and releases the
// rest.
//
// # Locking
//
// One mutex, Consumer.mu, guards everything that changes: deliveries, leases, the claimer,
// the history and the counters. A method whose name ends in Locked must be called with it;
// every other method of Consumer, Delivery and lease must be called without it. unlock is
// the only way to release it, and then delivers the events that were recorded meanwhile.
// No request is sent under the lock: a method that decides under the lock returns an
// action, and its caller runs that after unlock.
package consumer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/observe"
)

// op is the operation that a consumer's own errors name.
const op = "consume"

// Consumer consumes one queue. It is safe for concurrent use. Once stopped, it cannot be
// used again.
type Consumer struct {
	queue  Queue
	config Config

	stopping chan struct{} // closed when claiming has stopped
	stopped  chan struct{} // closed when nothing is held and no goroutine is left

	// begin sets these once, before anything else happens.

	baseCtx          context.Context         //nolint:containedctx // for requests on nobody's behalf; it never ends
	handlerCtx       context.Context         //nolint:containedctx // for handlers; it ends at a hard stop
	cancelHandlerCtx context.CancelCauseFunc // ends handlerCtx

	mu sync.Mutex // guards what follows, and all leases and deliveries

	goroutines int
	stopCause  error // why it stopped by itself

	claimer claimer
	waiters []*waiter            // callers that wait for messages, in their order
	ready   []*Delivery          // claimed, not handed out
	held    map[string]*Delivery // everything that is claimed, by message id
	history history
	stats   Stats

	pendingEvents []observe.Event // delivered by unlock
}

// New returns a consumer of a queue. It starts nothing.
func New(queue Queue, config Config) *Consumer {
	return &Consumer{
		queue: queue, config: config, held: map[string]*Delivery{},
		stopping: make(chan struct{}), stopped: make(chan struct{}),
	}
}

// Run handles messages until ctx ends, Stop is called, or claiming has failed with a
// final error.
func (c *Consumer) Run(ctx context.Context, handler Handler) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	c.startWorkers(ctx.Done(), handler)
	select {
	case <-ctx.Done():
		c.stopClaiming(nil)
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
	case <-timeout:
		c.cancelHandlers()
		<-c.stopped
	}
	return c.result()
}

// awaitStop waits until a call of Stop has stopped the consumer, or until Run's own context
// ends. That call has its own context as a limit, so Run's StopTimeout does not start.
func (c *Consumer) awaitStop(ctx context.Context) {
	c.mu.Lock()
	cause := c.stopCause
	c.unlock()
	if cause != nil {
		return
	}
	select {
	case <-c.stopped:
	case <-ctx.Done():
	}
}

// Stop stops the consumer and waits until it holds nothing. If ctx ends before that, it
// cancels the running attempts.
func (c *Consumer) Stop(ctx context.Context) error {
	c.stopClaiming(nil)
	select {
	case <-c.stopped:
	case <-ctx.Done():
		if !closed(c.stopped) {
			c.cancelHandlers()
			<-c.stopped
		}
	}
	return c.result()
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

// begin prepares the consumer for its first messages. What runs without a caller has the
// values of the first caller's context, and does not end with it.
func (c *Consumer) begin(ctx context.Context) error {
	c.mu.Lock()
	defer c.unlock()
	switch {
	case closed(c.stopping) && c.stopCause != nil:
		return c.stopCause
	case closed(c.stopping):
		return fmt.Errorf("zaqar: %s %s: %w", op, c.queue.Name(), fault.Closed)
	case c.baseCtx == nil:
		c.baseCtx = context.WithoutCancel(ctx)
		c.handlerCtx, c.cancelHandlerCtx = context.WithCancelCause(c.baseCtx)
	}
	return nil
}

// stopClaiming ends claiming, and gives back the messages that nobody works on. cause is
// why the consumer stops by itself, nil if a caller stopped it.
func (c *Consumer) stopClaiming(cause error) {
	c.mu.Lock()
	defer c.unlock()
	if closed(c.stopping) {
		return
	}
	c.stopCause = cause
	close(c.stopping)
	c.claimer.stopLocked()
	for _, w := range c.waiters {
		close(w.got)
	}
	c.waiters = nil
	for _, d := range c.held {
		d.giveBackIdleLocked()
	}
	c.ready = nil
	c.checkStoppedLocked()
}

// cancelHandlers cancels the contexts of all running attempts.
func (c *Consumer) cancelHandlers() {
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
		if !d.fromWorker { // its caller may never settle it
			d.revoked = true
			d.endLocked(givenBack)
		}
	}
	c.checkStoppedLocked()
}

// unlock releases the lock and then delivers the events that were recorded under it: an
// observer may call the consumer.
func (c *Consumer) unlock() {
	events := c.pendingEvents
	c.pendingEvents = nil
	c.mu.Unlock()
	for _, e := range events {
		c.queue.Observe(c.baseCtx, e)
	}
}

// reportLocked records an event for the observer.
func (c *Consumer) reportLocked(e observe.Event) { c.pendingEvents = append(c.pendingEvents, e) }

// spawnLocked runs f in a goroutine of the consumer, which stops only after f has
// returned.
func (c *Consumer) spawnLocked(f func(ctx context.Context)) {
	c.goroutines++
	go func() {
		defer func() {
			c.mu.Lock()
			defer c.unlock()
			c.goroutines--
			c.checkStoppedLocked()
		}()
		f(c.baseCtx)
	}()
}

// checkStoppedLocked closes stopped after the last goroutine.
func (c *Consumer) checkStoppedLocked() {
	if c.goroutines > 0 || !closed(c.stopping) || closed(c.stopped) {
		return
	}
	if c.handlerCtx != nil {
		c.cancelHandlerCtx(fault.Stopped)
	}
	close(c.stopped)
}

// action is what remains to be done after a decision under the lock. It sends requests, so
// it runs without the lock.
type action func(ctx context.Context) error

// nothing is the action that does nothing.
func nothing(context.Context) error { return nil }

// closed reports whether a channel that only ever gets closed is closed.
func closed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// sleep waits for d. It returns false at once when stop is closed.
func sleep(d time.Duration, stop <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-stop:
		return false
	case <-timer.C:
		return true
	}
}
