package zaqar

import (
	"context"
	"fmt"

	"github.com/zaqar-go/zaqar/internal/consumer"
)

// Delivery is a message that [Consumer.Next] or [Consumer.Fetch] returned. The consumer
// extends its claim until the caller settles it, once, with [Delivery.Done] or
// [Delivery.Fail]. A Delivery is safe for concurrent use.
type Delivery struct{ engine *consumer.Delivery }

// Message returns the message. To settle it, use the delivery and not [Message.Delete].
func (d *Delivery) Message() *Message {
	if d.engine == nil {
		return &Message{}
	}
	return publicMessage(d.engine.Message())
}

// Attempt returns the number of this attempt, starting at 1. A consumer counts only its
// own attempts.
func (d *Delivery) Attempt() int {
	if d.engine == nil {
		return 0
	}
	return d.engine.Attempt()
}

// Context returns a context that ends when the delivery is settled, when its claim is lost
// ([context.Cause] matches [ErrClaimLost]), and at a hard stop ([ErrStopped]).
func (d *Delivery) Context() context.Context {
	if d.engine == nil {
		return context.Background()
	}
	return d.engine.Context()
}

// Done acknowledges the message: it was handled, and is deleted. Done blocks until then.
// If the service does not answer, it tries again for 10 minutes, unless ctx or the claim
// ends before. An error
// that matches [ErrClaimLost] means that somebody else has claimed the message and handles
// it again. Settling twice does nothing; if ctx ended Done, it may be called again.
//
// Messages for which Done is called at about the same time are deleted with one request.
// That goes on when the context of one of the calls ends.
func (d *Delivery) Done(ctx context.Context) error {
	if d.engine == nil {
		return errNoDelivery
	}
	return d.engine.Done(ctx)
}

var errNoDelivery = notMade(string(opConsume), "Delivery", "Consumer.Next or Fetch")

// Fail reports that the message was not handled, and why. The error means the same as that
// of a [Handler]; a nil err is a failure without a reason. Fail blocks only if the message
// becomes a dead letter, until it has become one.
func (d *Delivery) Fail(ctx context.Context, err error) error {
	if d.engine == nil {
		return errNoDelivery
	}
	return d.engine.Fail(ctx, err)
}

// Next returns the next message. It blocks until there is one or ctx ends. After
// [Consumer.Stop] it returns an error that matches [ErrClosed]; its other errors are those
// of [Consumer.Run]. Claiming continues in the background with the values of the first
// call's context.
//
// Call Stop at the end: it releases the messages that nobody took.
func (c *Consumer) Next(ctx context.Context) (*Delivery, error) {
	deliveries, err := c.fetch(ctx, 1)
	if err != nil {
		return nil, err
	}
	return deliveries[0], nil
}

// Fetch returns up to n messages: as soon as there is one, all that are there. It blocks
// like [Consumer.Next].
func (c *Consumer) Fetch(ctx context.Context, n int) ([]*Delivery, error) {
	if n < 1 {
		return nil, &ArgumentError{Op: string(opConsume), Argument: "n", Rule: fmt.Sprintf("must be at least 1, not %d", n)}
	}
	return c.fetch(ctx, n)
}

func (c *Consumer) fetch(ctx context.Context, n int) ([]*Delivery, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	fetched, err := c.engine.Fetch(ctx, n)
	if err != nil {
		return nil, err
	}
	deliveries := make([]*Delivery, len(fetched))
	for i, d := range fetched {
		deliveries[i] = &Delivery{engine: d}
	}
	return deliveries, nil
}
