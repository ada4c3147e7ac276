package zaqar

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
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
	c.conn.beginEnd()
	for _, s := range c.conn.runningOf(receives) {
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
	conn := c.conn
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
