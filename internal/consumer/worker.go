package consumer

import (
	"context"
	"errors"
	"runtime/debug"
)

// startWorkers starts the workers of Run. They stop when until is closed.
func (c *Consumer) startWorkers(until <-chan struct{}, handler Handler) {
	c.mu.Lock()
	defer c.unlock()
	for range c.config.Workers {
		c.startWorkerLocked(until, handler)
	}
}

func (c *Consumer) startWorkerLocked(until <-chan struct{}, handler Handler) {
	c.spawnLocked(func(ctx context.Context) { c.work(ctx, until, handler) })
}

// work handles one message after the other until the consumer stops. If until is closed,
// the worker stops the consumer: it may see that before Run does.
func (c *Consumer) work(ctx context.Context, until <-chan struct{}, handler Handler) {
	returned := false
	defer func() {
		if !returned { // the handler ended this goroutine: start another one in its place
			c.mu.Lock()
			defer c.unlock()
			c.startWorkerLocked(until, handler)
		}
	}()
	for {
		if closed(until) {
			c.stopClaiming(nil)
		}
		deliveries, err := c.take(ctx, 1, true)
		if err != nil {
			returned = true
			return
		}
		c.handle(ctx, deliveries[0], handler)
	}
}

// errGoexit stands for the value of a panic if the handler ended its goroutine without
// one.
var errGoexit = errors.New("it called runtime.Goexit")

// handle makes one attempt. A handler that panics or ends its goroutine does not end the
// program.
func (c *Consumer) handle(ctx context.Context, d *Delivery, handler Handler) {
	var err error
	returned := false
	defer func() {
		if !returned {
			value := recover()
			if value == nil {
				value = errGoexit
			}
			err = c.config.PanicError(value, debug.Stack())
		}
		_ = d.settle(ctx, err) // its outcome is counted and reported
	}()
	err = handler(d.Context(), d.message) //nolint:contextcheck // the attempt's own, which ends with its claim
	returned = true
}
