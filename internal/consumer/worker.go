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
	c.working = true
	for range c.config.Workers {
		c.startWorkerLocked(until, handler)
	}
}

func (c *Consumer) startWorkerLocked(until <-chan struct{}, handler Handler) {
	w := &goroutine{}
	c.spawnAsLocked(w, func(ctx context.Context) { c.work(ctx, w, until, handler) })
}

// work handles one message after the other until the consumer stops. If until is closed,
// the worker stops the consumer: it may see that before Run does.
func (c *Consumer) work(ctx context.Context, w *goroutine, until <-chan struct{}, handler Handler) {
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
			c.stopClaiming(nil, false)
		}
		deliveries, err := c.take(ctx, 1, w)
		if err != nil {
			returned = true
			return
		}
		c.handle(deliveries[0], handler) //nolint:contextcheck // the attempt has its own, which ends with its claim
	}
}

// errGoexit stands for the value of a panic if the handler ended its goroutine without
// one.
var errGoexit = errors.New("it called runtime.Goexit")

// handle makes one attempt. A handler that panics or ends its goroutine does not end the
// program.
func (c *Consumer) handle(d *Delivery, handler Handler) {
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
		d.leaveToSettler(err)
	}()
	err = handler(d.Context(), d.message)
	returned = true
}
