package zaqar

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/transport"
)

// closeTimeout bounds Client.Close.
const closeTimeout = 30 * time.Second

// cancelGrace is how long after the limit of a shutdown calls of Async may still take.
const cancelGrace = 2 * time.Second

// stopper is something that runs on a client, and that a shutdown stops.
type stopper interface {
	// shutdown stops it and blocks until it has stopped, at most 2 seconds longer than
	// until ctx ends.
	shutdown(ctx context.Context) error
	// halt begins to stop it, and returns at once.
	halt()
}

// stopKind says when a shutdown stops something: the lowest first.
type stopKind int

const (
	receives stopKind = iota // consumers and subscribers
	sends                    // publishers: handlers may publish until the end
	stopKinds
)

// register notes that something runs. Registering twice is harmless. Its owner calls
// unregister when it no longer runs, so that what is forgotten can be collected.
func (c *Conn) register(s stopper, kind stopKind) {
	c.runMu.Lock()
	defer c.runMu.Unlock()
	c.running[s] = kind
}

// unregister notes that something no longer runs.
func (c *Conn) unregister(s stopper) {
	c.runMu.Lock()
	defer c.runMu.Unlock()
	delete(c.running, s)
}

// runningOf returns what runs of a kind.
func (c *Conn) runningOf(kind stopKind) []stopper {
	c.runMu.Lock()
	defer c.runMu.Unlock()
	var all []stopper
	for s, k := range c.running {
		if k == kind {
			all = append(all, s)
		}
	}
	return all
}

// stopAll stops what runs of a kind, all at the same time. What begins meanwhile is
// stopped, too.
func (c *Conn) stopAll(ctx context.Context, kind stopKind) error {
	var (
		wait    sync.WaitGroup
		mu      sync.Mutex
		errs    []error
		stopped = map[stopper]bool{}
	)
	for again := true; again; {
		again = false
		for _, s := range c.runningOf(kind) {
			if stopped[s] {
				continue
			}
			stopped[s], again = true, true
			wait.Go(func() {
				err := s.shutdown(ctx)
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			})
		}
		wait.Wait()
	}
	return errors.Join(errs...)
}

// Halt begins to shut the client down and returns at once, so it may be called anywhere:
// in a handler, in an observer, in an [Async] call. Consumers claim no more, and the loops
// over [Subscriber.Listen] end. Use [Client.Shutdown] to wait for the rest.
func (c *Client) Halt() {
	if c.conn == nil { // the zero Client
		return
	}
	c.connection().beginEnd()
	for _, s := range c.connection().runningOf(receives) {
		s.halt()
	}
}

// Shutdown stops everything that the client runs, and closes it. In this order:
//
//   - consumers stop as by [Consumer.Stop]: handlers finish, messages are settled or
//     released; and the loops over [Subscriber.Listen] end;
//   - publishers are flushed and closed;
//   - new calls of [Async] are refused, and the others have ended, queued ones included;
//   - all other calls in flight are cancelled, and connections are closed. Nothing is sent
//     any more, and the error of every call matches [ErrClosed].
//
// It blocks until then. When ctx ends before that, what is left is cut: contexts of
// handlers and of Async calls are cancelled, and Shutdown closes the client and returns an
// error, at most 2 seconds later. If it was consumers that had to be cut, the error
// matches [ErrStopped].
//
// In a handler or in an Async call, pass the context that it was given, or one made of it:
// Shutdown does not wait for that handler or that call. The connections are then closed
// when it has returned and its message is settled. With another context, Shutdown waits for
// its own caller until that context ends.
//
// Credentials and an HTTP client that were given to [Connect] belong to the caller and
// stay usable. Shutting down twice is harmless.
func (c *Client) Shutdown(ctx context.Context) error {
	if c.conn == nil { // the zero Client
		return nil
	}
	conn := c.connection()
	loops := make(chan struct{})
	go func() {
		defer close(loops)
		conn.end()
	}()
	grace, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(ctx, func() {
		conn.async.stop()
		time.AfterFunc(cancelGrace, end)
	})()
	errs := []error{}
	for kind := range stopKinds {
		errs = append(errs, conn.stopAll(ctx, kind))
	}
	select {
	case <-loops:
	case <-grace.Done():
	}
	conn.async.refuse()
	if err := conn.async.awaitIdle(ctx); err != nil {
		errs = append(errs, fmt.Errorf("zaqar: shutdown: calls were cancelled: %w", err))
		_ = conn.async.awaitIdle(grace)
	}
	if conn.insideOf(ctx) {
		go conn.closeAfter() //nolint:contextcheck // it outlasts ctx
		return errors.Join(errs...)
	}
	return errors.Join(append(errs, conn.close())...)
}

// Close is [Client.Shutdown] with a limit of 30 seconds. It blocks until everything that
// the client runs has stopped. It may be called in no handler and in no [Async] call:
// there use Shutdown with their context, or [Client.Halt].
//
// Once Close has returned, nothing is sent any more, and the error of every call matches
// [ErrClosed].
func (c *Client) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return c.Shutdown(ctx)
}

// insideOf reports whether ctx belongs to a handler or a call that still runs on the
// client.
func (c *Conn) insideOf(ctx context.Context) bool {
	return ctx.Value(asyncKey{c.async}) != nil || Attempt(ctx) > 0 && len(c.runningOf(receives)) > 0
}

// closeAfter closes the client when the handler or the call that has shut it down has
// returned.
func (c *Conn) closeAfter() {
	ctx := context.Background() // the limit is the handler's or the call's own
	_ = c.stopAll(ctx, receives)
	_ = c.async.awaitIdle(ctx)
	_ = c.close()
}

// close cancels the calls in flight of others, and closes the connections.
func (c *Conn) close() error {
	c.async.stop()
	c.life.close()
	c.observer.close()
	return c.transport.Close()
}

// closeGrace is how long Close waits for calls and loops that it has cancelled. They
// should return at once then. One that does not must not keep the program from ending,
// and it may be the one that calls Close.
const closeGrace = 5 * time.Second

// life lets calls begin until the client is closed, and then cancels those that run.
type life struct {
	mu     sync.Mutex
	closed bool
	begun  uint64                             // calls
	calls  map[uint64]context.CancelCauseFunc // those that run
	idle   chan struct{}                      // closed when the client is closed and no call runs
	loops  map[*func()]struct{}
}

func newLife() *life {
	return &life{calls: map[uint64]context.CancelCauseFunc{}, idle: make(chan struct{}), loops: map[*func()]struct{}{}}
}

// enter begins a call. The context that it returns also ends with the client. leave must
// be called with the number when the call has ended.
func (l *life) enter(ctx context.Context) (entered context.Context, number uint64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		cancel(nil)
		return nil, 0, transport.ErrClosed
	}
	l.begun++
	l.calls[l.begun] = cancel
	return ctx, l.begun, nil
}

func (l *life) leave(number uint64) {
	l.mu.Lock()
	cancel := l.calls[number]
	delete(l.calls, number)
	if l.closed && len(l.calls) == 0 {
		close(l.idle)
	}
	l.mu.Unlock()
	cancel(nil)
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
	if !l.closed && len(l.calls) == 0 {
		close(l.idle)
	}
	l.closed = true
	running := slices.Collect(maps.Values(l.calls))
	l.mu.Unlock()
	for _, cancel := range running {
		cancel(transport.ErrClosed)
	}
	await(l.idle)
}
