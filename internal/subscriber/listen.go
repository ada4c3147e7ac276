package subscriber

import (
	"context"
	"sync"
)

// loop is one run of Listen. Each channel has a poller of its own; the loop takes their
// messages one at a time.
type loop struct {
	config     Config
	ctx        context.Context // ends with the loop
	cancel     context.CancelFunc
	deliveries chan delivery
	failed     chan error
	slots      chan struct{} // one element for each request in flight

	mu      sync.Mutex
	stops   map[*channel]context.CancelFunc
	closed  bool
	pollers sync.WaitGroup // none starts once closed is set
}

// delivery is a message that a poller offers to the loop.
type delivery struct {
	channel  *channel
	message  Message
	page     listed
	accepted chan<- struct{} // closed when the loop has the message
}

func newLoop(ctx context.Context, config Config) *loop {
	ctx, cancel := context.WithCancel(ctx)
	return &loop{
		config: config, ctx: ctx, cancel: cancel, deliveries: make(chan delivery), failed: make(chan error, 1),
		slots: make(chan struct{}, config.InFlight), stops: map[*channel]context.CancelFunc{},
	}
}

// start reads a channel until it is stopped or the loop ends.
func (l *loop) start(c *channel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	ctx, cancel := context.WithCancel(l.ctx)
	l.stops[c] = cancel
	l.pollers.Go(func() {
		defer cancel()
		newPoller(c, l).run(ctx)
	})
}

// stop ends the reading of a channel. It does not wait for that.
func (l *loop) stop(c *channel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cancel, ok := l.stops[c]; ok {
		cancel()
		delete(l.stops, c)
	}
}

// close ends the pollers and waits for them.
func (l *loop) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.cancel()
	l.pollers.Wait()
}

// next waits for a message, or for what ends the loop.
func (l *loop) next(ctx context.Context) (delivery, error) {
	select {
	case d := <-l.deliveries:
		return d, nil
	case err := <-l.failed:
		return delivery{}, err
	case <-l.config.Closed:
		return delivery{}, closed()
	case <-ctx.Done():
		return delivery{}, ended(ctx)
	}
}

// deliver offers a message to the loop, and waits until the loop has it. It returns
// false when ctx has ended before.
func (l *loop) deliver(ctx context.Context, c *channel, m Message, page listed) bool {
	accepted := make(chan struct{})
	select {
	case l.deliveries <- delivery{channel: c, message: m, page: page, accepted: accepted}:
		<-accepted
		return true
	case <-ctx.Done():
		return false
	}
}

// fail ends the loop with an error. The first one counts.
func (l *loop) fail(err error) {
	select {
	case l.failed <- err:
	default:
	}
}

// acquire waits until one more request may be in flight. It returns false when ctx has
// ended before.
func (l *loop) acquire(ctx context.Context) bool {
	select {
	case l.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (l *loop) release() { <-l.slots }
