package zaqar

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"github.com/zaqar-go/zaqar/observe"
)

// serve is a worker: it handles one message after the other until the consumer stops,
// or until the context of Run has ended, which the worker may see first.
func (c *Consumer) serve(ctx context.Context, until <-chan struct{}, handler Handler) {
	left := false
	defer func() {
		if !left { // the handler ended this goroutine: another one takes its place
			c.mu.Lock()
			c.spawn(func(ctx context.Context) { c.serve(ctx, until, handler) })
			c.mu.Unlock()
		}
	}()
	for {
		select {
		case <-until:
			c.halt(nil)
		default:
		}
		taken, err := c.take(ctx, 1, true)
		if err != nil {
			left = true
			return
		}
		c.handle(ctx, taken[0], handler)
	}
}

// errGoexit stands for the value of a panic where there was none.
var errGoexit = errors.New("it called runtime.Goexit")

// handle makes one attempt. What the handler does to its goroutine, it does not do to
// the program.
func (c *Consumer) handle(ctx context.Context, d *Delivery, handler Handler) {
	var err error
	returned := false
	defer func() {
		if !returned {
			value := recover()
			if value == nil {
				value = errGoexit
			}
			err = &PanicError{Value: value, Stack: debug.Stack()}
		}
		_ = d.settle(ctx, err) // what became of it is counted and told
	}()
	err = handler(d.ctx, d.message) //nolint:contextcheck // the attempt's own, which ends with its claim
	returned = true
}

// panicked counts and tells a panic. It wants the lock.
func (d *Delivery) panicked(p *PanicError) {
	c := d.consumer
	c.stats.Panicked++
	c.news = append(c.news, observe.HandlerPanicked{
		Queue: c.queue.name, Message: d.message.ID(), Attempt: d.attempt, Value: p.Value, Stack: p.Stack,
	})
}

// took is how long the attempt has taken.
func (d *Delivery) took() time.Duration { return time.Since(d.taken) }
