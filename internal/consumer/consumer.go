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
	cutCtx           context.Context         //nolint:containedctx // it ends hardStopGrace later, and all requests with it
	cut              context.CancelFunc      // ends cutCtx

	mu sync.Mutex // guards what follows, and all leases and deliveries

	goroutines int
	working    bool  // Run has started its workers
	stopCause  error // why it stopped by itself
	stopCalled bool  // somebody waits in Stop, with a limit of their own
	cutTimer   *time.Timer
	insiders   []chan struct{} // calls of Stop from handlers
	releasing  int             // leases that are being finished

	lastSeen instant   // the last look at the clocks
	clockSet time.Time // when the wall clock was last found to have jumped

	claimer   claimer
	pace      pace
	waiters   []*waiter            // callers that wait for messages, in their order
	ready     []*Delivery          // claimed, not handed out
	held      map[string]*Delivery // everything that is claimed, by message id
	counts    [stages]int          // of held, by stage
	deletions deletions
	backlog   backlog
	history   history
	stats     Stats

	pendingEvents []observe.Event // delivered by unlock
}

// New returns a consumer of a queue. It starts nothing.
func New(queue Queue, config Config) *Consumer {
	return &Consumer{
		queue: queue, config: config, held: map[string]*Delivery{},
		stopping: make(chan struct{}), stopped: make(chan struct{}),
	}
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
		c.cutCtx, c.cut = context.WithCancel(c.baseCtx)
	}
	return nil
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

// goroutine is a goroutine of the consumer.
type goroutine struct {
	abandoned bool // a hard stop no longer waits for it
}

// spawnLocked runs f in a goroutine of the consumer, which stops only after f has
// returned.
func (c *Consumer) spawnLocked(f func(ctx context.Context)) { c.spawnAsLocked(&goroutine{}, f) }

// spawnAsLocked is spawnLocked with a goroutine that can be abandoned.
func (c *Consumer) spawnAsLocked(g *goroutine, f func(ctx context.Context)) {
	if c.goroutines++; c.goroutines == 1 && c.config.Active != nil {
		c.config.Active(true)
	}
	go func() {
		defer c.left(g)
		f(c.baseCtx)
	}()
}

// left notes that a goroutine has returned.
func (c *Consumer) left(g *goroutine) {
	c.mu.Lock()
	defer c.unlock()
	if !g.abandoned {
		c.leftLocked()
	}
}

// leftLocked notes that there is one goroutine less.
func (c *Consumer) leftLocked() {
	if c.goroutines--; c.goroutines == 0 && c.config.Active != nil {
		c.config.Active(false)
	}
	c.checkStoppedLocked()
}

// action is what remains to be done after a decision under the lock. It sends requests, so
// it runs without the lock.
type action func(ctx context.Context) error

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
