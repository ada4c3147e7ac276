package zaqar

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/observe"
)

// Consumer works through a queue: it claims messages, keeps the claims alive, hands
// the messages to a [Handler], deletes those that were handled and gives back the
// others. [Queue.Consumer] makes it.
//
// [Consumer.Run] does all of that with workers; [Consumer.Next] and [Consumer.Fetch]
// leave the loop to the caller. A Consumer is safe for concurrent use, and lives
// once: when it has stopped, it stays so.
//
// Delivery is at least once. docs/delivery-guarantees.md says what that means after a
// crash, a lost claim, and an outage.
type Consumer struct {
	queue  *Queue
	config ConsumerConfig // with its defaults
	wrong  error          // what is wrong with it

	mu      sync.Mutex
	calls   context.Context         //nolint:containedctx // for requests on nobody's behalf; it never ends
	work    context.Context         //nolint:containedctx // for handlers; it ends when they are cut off
	cutOff  context.CancelCauseFunc // ends work
	stopped chan struct{}           // closed when no more is claimed
	ended   chan struct{}           // closed when nothing is held any more
	done    bool                    // ended is closed
	cause   error                   // why it stopped by itself
	busy    int                     // goroutines

	takers []*taker             // who waits for messages
	ready  []*Delivery          // claimed and not begun
	held   map[string]*Delivery // all that is claimed, by message id
	leases map[*lease]struct{}
	past   attempts
	stats  ConsumerStats

	intake intake
	news   []observe.Event // told when the lock is given up
}

// Consumer returns a consumer of the queue. It does no I/O and never fails: a
// configuration that cannot be right is an [*ArgumentError] of Run, Next and Fetch.
func (q *Queue) Consumer(config ConsumerConfig) *Consumer {
	c := &Consumer{
		queue: q, held: map[string]*Delivery{}, leases: map[*lease]struct{}{},
		stopped: make(chan struct{}), ended: make(chan struct{}),
	}
	c.config, c.wrong = config.filled(q)
	return c
}

// String returns "<Consumer [wot]>".
func (c *Consumer) String() string { return "<Consumer [" + c.queue.name + "]>" }

// Run hands messages to handler, with as many workers as the configuration says,
// until ctx ends or [Consumer.Stop] is called; a handler that ends ctx is the last of
// its worker. Then it claims no more, lets handlers that are at work finish, for
// [ConsumerConfig.StopTimeout], and gives back what was not begun: at once where no
// handler works on a message of the same claim, the rest as soon as it can be. After
// that it returns nil, or an error that matches [ErrStopped] when it had to cancel
// handlers.
//
// Outages do not end it: it claims again with a growing wait. What no waiting can
// change ends it, gracefully, and is returned: a configuration that cannot be right
// ([*ArgumentError]), and a service that refuses claims three times in a row
// ([ErrInvalid], [ErrUnauthorized], [ErrForbidden], [ErrNotFound]). A consumer that
// was stopped before returns an error that matches [ErrClosed].
func (c *Consumer) Run(ctx context.Context, handler Handler) error {
	if handler == nil {
		return &ArgumentError{Op: string(opConsume), Argument: "handler", Rule: "is nil"}
	}
	if err := c.begin(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	for range c.config.Workers {
		c.spawn(func(calls context.Context) { c.serve(calls, ctx.Done(), handler) })
	}
	c.mu.Unlock()
	select {
	case <-ctx.Done():
		c.halt(nil)
	case <-c.stopped:
		c.awaitStop(ctx)
	}
	var late <-chan time.Time
	if c.config.StopTimeout > 0 {
		timer := time.NewTimer(c.config.StopTimeout)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-c.ended:
	case <-late:
		c.cut()
		<-c.ended
	}
	return c.outcome()
}

// awaitStop waits for a stop that was asked for by Stop, whose context bounds it, or
// until Run's own ends.
func (c *Consumer) awaitStop(ctx context.Context) {
	c.mu.Lock()
	cause := c.cause
	c.unlock()
	if cause != nil {
		return
	}
	select {
	case <-c.ended:
	case <-ctx.Done():
	}
}

// Stop ends the consumer and waits until it holds nothing any more. It claims no
// more, gives back what was not begun, and waits for handlers, and for deliveries of
// Next and Fetch to be settled. When ctx ends before that, it is a hard stop: the
// contexts of handlers and deliveries are cancelled ([ErrStopped]), what the handlers
// leave is given back, and Stop returns an error that matches ErrStopped. A context
// that has ended already makes a hard stop at once.
//
// It may be called more than once, and with Run at work, which returns then.
func (c *Consumer) Stop(ctx context.Context) error {
	c.halt(nil)
	select {
	case <-c.ended:
	case <-ctx.Done():
		select {
		case <-c.ended:
		default:
			c.cut()
			<-c.ended
		}
	}
	return c.outcome()
}

// outcome is what Run and Stop return, when all has ended.
func (c *Consumer) outcome() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.cause != nil:
		return c.cause
	case c.stats.Interrupted > 0:
		return fmt.Errorf("zaqar: %s %s: %w with %d messages at work", opConsume, c.queue.name, ErrStopped, c.stats.Interrupted)
	}
	return nil
}

// begin readies the consumer for its first messages. What goes on without a caller
// has the values of the first caller's context, and does not end with it.
func (c *Consumer) begin(ctx context.Context) error {
	if c.wrong != nil {
		return c.wrong
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.halted() {
		if c.cause != nil {
			return c.cause
		}
		return fmt.Errorf("zaqar: %s %s: %w", opConsume, c.queue.name, ErrClosed)
	}
	if c.calls == nil {
		c.calls = context.WithoutCancel(ctx)
		c.work, c.cutOff = context.WithCancelCause(c.calls)
	}
	return nil
}

// halted reports whether no more is claimed. It wants the lock.
func (c *Consumer) halted() bool {
	select {
	case <-c.stopped:
		return true
	default:
		return false
	}
}

// halt ends claiming and gives back what nobody works on; cause is why, when it was
// not asked for.
func (c *Consumer) halt(cause error) {
	c.mu.Lock()
	defer c.unlock()
	if c.halted() {
		return
	}
	c.cause = cause
	close(c.stopped)
	c.intake.stop()
	for _, t := range c.takers {
		close(t.got)
	}
	c.takers = nil
	for _, d := range c.held {
		c.letGo(d)
	}
	c.ready = nil
	c.checkEnd()
}

func (c *Consumer) isHalted() bool {
	c.mu.Lock()
	defer c.unlock()
	return c.halted()
}

// pauseUnlessCut waits for d, or until all is cut off.
func (c *Consumer) pauseUnlessCut(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.work.Done():
	}
}

// letGo gives back a message that nobody works on, at a stop. It wants the lock.
func (c *Consumer) letGo(d *Delivery) {
	if d.stage == atRest || d.stage == inBackoff {
		d.end(toGiveBack)
	}
}

// cut cancels what is at work.
func (c *Consumer) cut() {
	c.mu.Lock()
	defer c.unlock()
	if c.done || c.work == nil || c.work.Err() != nil {
		return
	}
	c.cutOff(ErrStopped)
	for _, d := range c.held {
		if d.stage != atWork {
			continue
		}
		c.stats.Interrupted++
		if !d.served { // its taker may never settle it
			d.revoked = true
			d.end(toGiveBack)
		}
	}
	c.checkEnd()
}

// unlock gives up the lock and tells what happened under it: an observer may ask the
// consumer something.
func (c *Consumer) unlock() {
	news := c.news
	c.news = nil
	c.mu.Unlock()
	for _, e := range news {
		c.queue.conn.observer.report(c.calls, e)
	}
}

// spawn runs f with the context for what nobody waits for; the consumer has not ended
// before f has. It wants the lock.
func (c *Consumer) spawn(f func(context.Context)) {
	c.busy++
	go func() {
		defer func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.busy--
			c.checkEnd()
		}()
		f(c.calls)
	}()
}

// checkEnd sees whether all has ended. It wants the lock.
func (c *Consumer) checkEnd() {
	if c.busy > 0 || c.done || !c.halted() {
		return
	}
	c.done = true
	if c.cutOff != nil {
		c.cutOff(ErrStopped)
	}
	close(c.ended)
}
