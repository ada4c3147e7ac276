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

// Consumer returns a consumer of the queue. It does no I/O and never fails. If the
// configuration is invalid, Run, Next and Fetch return an [*ArgumentError].
func (q *Queue) Consumer(config ConsumerConfig) *Consumer {
	config, err := config.filled(q)
	return &Consumer{queue: q, err: err, engine: consumer.New(consumerQueue{q, config}, config.engine(q))}
}

// String returns "<Consumer [wot]>".
func (c *Consumer) String() string { return "<Consumer [" + c.queue.name + "]>" }

// Run passes messages to handler, with [ConsumerConfig.Workers] workers, until ctx ends or
// [Consumer.Stop] is called. If a handler ends ctx, its worker starts no other message.
//
// Run then stops claiming and waits for the running handlers, at most for
// [ConsumerConfig.StopTimeout]. Messages whose handler has not started are released: at
// once if no handler works on a message of the same claim, the others as soon as
// possible. Run returns nil, or an error that matches [ErrStopped] if it had to cancel
// handlers.
//
// Outages do not end Run: it claims again after a growing back-off. What waiting cannot
// change does end it, gracefully, and is returned: an invalid configuration
// ([*ArgumentError]), and a service that refuses claims three times in a row
// ([ErrInvalid], [ErrUnauthorized], [ErrForbidden], [ErrNotFound]). After Stop it returns
// an error that matches [ErrClosed].
func (c *Consumer) Run(ctx context.Context, handler Handler) error {
	if handler == nil {
		return &ArgumentError{Op: string(opConsume), Argument: "handler", Rule: "is nil"}
	}
	if c.err != nil {
		return c.err
	}
	return c.engine.Run(ctx, func(ctx context.Context, m consumer.Message) error {
		return handler(ctx, publicMessage(m))
	})
}

// Stop stops the consumer and waits until it holds no message. It stops claiming, releases
// the messages whose handler has not started, and waits for the running handlers, and
// until the deliveries of Next and Fetch are settled.
//
// If ctx ends before that, the stop becomes a hard one: the contexts of handlers and
// deliveries are cancelled ([ErrStopped]), their messages are released, and Stop returns
// an error that matches ErrStopped. With a context that has ended already the stop is hard
// from the start. Even then Stop waits until the handlers have returned.
//
// Stop may be called more than once, and while Run is running; Run then returns.
func (c *Consumer) Stop(ctx context.Context) error { return c.engine.Stop(ctx) }
