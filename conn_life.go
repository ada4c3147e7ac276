package zaqar

import (
	"context"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/transport"
)

// closeGrace is how long Close waits for calls and loops that it has cancelled. They
// should return at once then. One that does not must not keep the program from ending,
// and it may be the one that calls Close.
const closeGrace = 5 * time.Second

// life lets calls begin until the client is closed, and then cancels those that run.
type life struct {
	over context.Context //nolint:containedctx // it belongs to the client, not to a call
	end  context.CancelFunc

	mu     sync.Mutex
	closed bool
	calls  int
	idle   chan struct{} // closed when the client is closed and no call runs
	loops  map[*func()]struct{}
}

func newLife() *life {
	l := &life{idle: make(chan struct{}), loops: map[*func()]struct{}{}}
	l.over, l.end = context.WithCancel(context.Background())
	return l
}

// enter begins a call. The context that it returns also ends with the client. leave must
// be called when the call has ended.
func (l *life) enter(ctx context.Context) (entered context.Context, leave func(), err error) {
	if !l.begin() {
		return nil, nil, transport.ErrClosed
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.over, func() { cancel(transport.ErrClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
		l.done()
	}, nil
}

func (l *life) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.calls++
	}
	return !l.closed
}

func (l *life) done() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls--
	if l.closed && l.calls == 0 {
		close(l.idle)
	}
}

// follow registers a loop until unfollow is called. stop ends its requests and waits for
// that.
func (l *life) follow(stop func()) (unfollow func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loops[&stop] = struct{}{}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.loops, &stop)
	}
}

// endLoops ends the loops that are registered. It does not wait for one whose own
// goroutine calls it.
func (l *life) endLoops() {
	l.mu.Lock()
	var stops sync.WaitGroup
	for stop := range l.loops {
		stops.Go(*stop)
	}
	l.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		stops.Wait()
	}()
	await(ended)
}

// await waits until a channel is closed, at most for closeGrace.
func await(done <-chan struct{}) {
	timer := time.NewTimer(closeGrace)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// close refuses new calls, cancels those that run, and waits until they have returned.
func (l *life) close() {
	l.mu.Lock()
	if !l.closed && l.calls == 0 {
		close(l.idle)
	}
	l.closed = true
	l.mu.Unlock()
	l.end()
	await(l.idle)
}
