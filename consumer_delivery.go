package zaqar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Delivery is a message that a [Consumer] holds for whoever took it by
// [Consumer.Next] or [Consumer.Fetch], until that one settles it, once, with
// [Delivery.Done] or [Delivery.Fail]. The claim is renewed until then. It is safe for
// concurrent use.
type Delivery struct {
	consumer *Consumer
	message  *Message

	// All that follows is under the consumer's lock.
	lease   *lease
	claims  []string // all claims of ours that brought it, the latest last
	stage   stage
	attempt int
	taken   time.Time
	served  bool            // to a worker, which settles it for sure
	revoked bool            // by a hard stop
	ghost   bool            // deleted, and brought once more by a claim that was under way
	ctx     context.Context //nolint:containedctx // it is the handler's, and ends with the claim
	cancel  context.CancelCauseFunc
	timer   *time.Timer // of the back-off
}

// stage is where a delivery stands.
type stage int

const (
	atRest    stage = iota // claimed, not begun
	atWork                 // taken, not settled
	inBackoff              // failed, and kept for a while
	settling               // its taker has settled it, the server does not know yet
	kept                   // to be given back, when its claim can be released
	over                   // nothing is left to do
)

// Message returns the message. Use the delivery, not [Message.Delete], to settle it.
func (d *Delivery) Message() *Message { return d.message }

// Attempt returns which attempt this is, from 1 on, as far as the consumer knows: it
// counts the attempts of its own.
func (d *Delivery) Attempt() int {
	d.consumer.mu.Lock()
	defer d.consumer.mu.Unlock()
	return d.attempt
}

// Context returns a context that ends when the delivery is settled, when its claim is
// lost ([context.Cause] matches [ErrClaimLost]), and at a hard stop ([ErrStopped]).
func (d *Delivery) Context() context.Context {
	d.consumer.mu.Lock()
	defer d.consumer.mu.Unlock()
	return d.ctx
}

// Done deletes the message, which was handled. It tries again, while the claim lasts
// and ctx does not end, when the service cannot be reached. An error that matches
// [ErrClaimLost] means that somebody else has claimed the message meanwhile and
// handles it again. Settling twice does nothing.
//
// With [ConsumerConfig.BulkDelete] it returns before the message is deleted, unless
// it is the last of its claim.
func (d *Delivery) Done(ctx context.Context) error { return d.settle(ctx, nil) }

// Fail says that the message was not handled, and why. What becomes of it is as with
// the error of a [Handler]; a nil err counts as a failure without a reason. Fail
// blocks only for a message that becomes a dead letter, until it is one.
func (d *Delivery) Fail(ctx context.Context, err error) error {
	if err == nil {
		err = errors.New("it failed")
	}
	return d.settle(ctx, err)
}

// Next returns the next message. It blocks until there is one, or ctx ends. After
// [Consumer.Stop] the error matches [ErrClosed]; otherwise errors are as with
// [Consumer.Run]. Claiming goes on with the values of the first call's context.
//
// End with Stop, which gives back what was not taken.
func (c *Consumer) Next(ctx context.Context) (*Delivery, error) {
	taken, err := c.take(ctx, 1, false)
	if err != nil {
		return nil, err
	}
	return taken[0], nil
}

// Fetch returns up to n messages: those that are there when the first is. It blocks
// as [Consumer.Next] does.
func (c *Consumer) Fetch(ctx context.Context, n int) ([]*Delivery, error) {
	if n < 1 {
		return nil, &ArgumentError{Op: string(opConsume), Argument: "n", Rule: fmt.Sprintf("must be at least 1, not %d", n)}
	}
	return c.take(ctx, n, false)
}

// taker waits for up to n messages.
type taker struct {
	n      int
	served bool
	got    chan []*Delivery // closed without any when the consumer stops
}

func (c *Consumer) take(ctx context.Context, n int, served bool) ([]*Delivery, error) {
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	t := &taker{n: n, served: served, got: make(chan []*Delivery, 1)}
	c.mu.Lock()
	if c.halted() {
		close(t.got)
	} else {
		c.takers = append(c.takers, t)
		c.handOut()
		c.feed()
	}
	c.unlock()
	select {
	case taken := <-t.got:
		return c.handed(ctx, taken)
	case <-ctx.Done():
	}
	c.mu.Lock()
	place := slices.Index(c.takers, t)
	if place >= 0 {
		c.takers = slices.Delete(c.takers, place, place+1)
	}
	c.mu.Unlock()
	if place >= 0 {
		return nil, fmt.Errorf("zaqar: %s %s: %w", opConsume, c.queue.name, context.Cause(ctx))
	}
	return c.handed(ctx, <-t.got) // it came in the same moment
}

// handed says what it means when a taker got nothing.
func (c *Consumer) handed(ctx context.Context, taken []*Delivery) ([]*Delivery, error) {
	if len(taken) == 0 {
		return nil, c.begin(ctx)
	}
	return taken, nil
}

// handOut gives what is ready to those who wait. It wants the lock.
func (c *Consumer) handOut() {
	for len(c.takers) > 0 && len(c.ready) > 0 {
		t := c.takers[0]
		c.takers = slices.Delete(c.takers, 0, 1)
		n := min(t.n, len(c.ready))
		taken := slices.Clone(c.ready[:n])
		c.ready = slices.Delete(c.ready, 0, n)
		for _, d := range taken {
			d.begin(t.served)
		}
		t.got <- taken
	}
}

// begin starts an attempt. It wants the lock.
func (d *Delivery) begin(served bool) {
	d.stage, d.served, d.taken = atWork, served, time.Now()
	d.attempt = d.consumer.past.of(d.message.ID()).failures + 1
	ctx := context.WithValue(d.consumer.work, deliveryKey{}, d)
	d.ctx, d.cancel = context.WithCancelCause(ctx)
}
