package zaqar

import (
	"context"

	"github.com/zaqar-go/zaqar/internal/consumer"
)

// Consumer works through a queue. It claims messages, extends the claims while the
// messages are being handled, passes the messages to a [Handler], deletes those that were
// handled and releases the others. [Queue.Consumer] makes it.
//
// [Consumer.Run] does all of that with a pool of workers. [Consumer.Next] and
// [Consumer.Fetch] leave the loop to the caller. A Consumer is safe for concurrent use.
// Once stopped, it cannot be started again.
//
// Delivery is at least once, and in no particular order. docs/delivery-guarantees.md says
// what that means after a crash, a lost claim and an outage.
type Consumer struct {
	queue  *Queue
	err    error // what is wrong with its configuration
	engine *consumer.Consumer
}

// check returns why the consumer cannot run, or nil.
func (c *Consumer) check() error {
	if c.engine == nil {
		return notMade(string(opConsume), "Consumer", "Queue.Consumer")
	}
	return c.err
}

// Consumer returns a consumer of the queue. It does no I/O and never fails. If the
// configuration is invalid, Run, Next and Fetch return an [*ArgumentError].
func (q *Queue) Consumer(config ConsumerConfig) *Consumer {
	config, err := config.filled(q)
	c := &Consumer{queue: q, err: err}
	settings := config.engine(q)
	settings.Active = func(active bool) {
		if active {
			q.connection().register(c, receives)
		} else {
			q.connection().unregister(c)
		}
	}
	c.engine = consumer.New(consumerQueue{q, config}, settings)
	return c
}

func (c *Consumer) halt() { c.engine.Halt() }

func (c *Consumer) shutdown(ctx context.Context) error { return c.engine.Stop(ctx) }

// String returns "<Consumer [wot]>".
func (c *Consumer) String() string { return "<Consumer [" + orNone(c.queue).name + "]>" }

// Run passes messages to handler, with [ConsumerConfig.Workers] workers, until ctx ends, or
// [Consumer.Stop] or [Consumer.Halt] is called. If a handler ends ctx, its worker starts no
// other message. A worker is free for the next message as soon as its handler has returned;
// the message is deleted in the background, a few milliseconds later if the service answers,
// together with others that were finished meanwhile.
//
// Run then stops claiming and waits for the running handlers, at most for
// [ConsumerConfig.StopTimeout]. Messages whose handler has not started are released: at
// once if no handler works on a message of the same claim, the others as soon as
// possible. Run returns nil, or an error that matches [ErrStopped] if it had to cancel
// handlers. That it does at most 2 seconds after the timeout: requests that are still in
// flight are cut, and a handler that ignores the end of its context is left behind. Its
// message is released. With a [ConsumerConfig.ClaimSize] of [Adaptive], the default, messages
// whose handler has not started are first worked off, until the timeout: to release claims of
// many makes servers on Redis steal (quirk 5).
//
// Outages do not end Run: it claims again after a growing back-off. What waiting cannot
// change does end it, gracefully, and is returned: an invalid configuration
// ([*ArgumentError]), [ErrUnsupported], a closed client ([ErrClosed]), and a service that
// refuses claims for longer than [ConsumerConfig.GiveUpAfter] ([ErrInvalid],
// [ErrUnauthorized], [ErrForbidden], [ErrNotFound]). After Stop it returns an error that
// matches [ErrClosed].
func (c *Consumer) Run(ctx context.Context, handler Handler) error {
	if handler == nil {
		return &ArgumentError{Op: string(opConsume), Argument: "handler", Rule: "is nil"}
	}
	if err := c.check(); err != nil {
		return err
	}
	return c.engine.Run(ctx, func(ctx context.Context, m consumer.Message) error {
		return handler(ctx, publicMessage(m))
	})
}

// Halt begins to stop the consumer and returns at once, so it may be called anywhere: in a
// handler, in an observer, in an [Async] call. Claiming ends, and Run returns as it does
// when its context ends. Use [Consumer.Stop] to wait.
func (c *Consumer) Halt() {
	if c.engine != nil {
		c.engine.Halt()
	}
}

// Stop stops the consumer and waits until it holds no message. It stops claiming, releases
// the messages whose handler has not started (with [Adaptive], the workers of Run work them
// off first), and waits for the running handlers, until the handled messages are deleted, and
// until the deliveries of Next and Fetch are settled.
//
// If ctx ends before that, the stop becomes a hard one: the contexts of handlers and
// deliveries are cancelled ([ErrStopped]), their messages are released, and Stop returns
// an error that matches ErrStopped, at most 2 seconds later. Requests that are still in
// flight are cut then, and a handler that ignores the end of its context is left behind.
// With a context that has ended already the stop is hard from the start.
//
// In a handler, call Stop with the handler's own context, or one made of it: Stop then
// waits for everything but that handler, and releases what has not started. The handler's
// message is settled when it returns. If the context ends, Stop returns its error; the stop
// goes on. With another context Stop waits for the handler that called it, until that
// context ends.
//
// Stop may be called more than once, and while Run is running; Run then returns.
func (c *Consumer) Stop(ctx context.Context) error {
	if c.engine == nil {
		return nil
	}
	return c.engine.Stop(ctx)
}
