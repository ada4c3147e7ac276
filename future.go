package zaqar

import (
	"context"
	"fmt"
	"sync"
)

// Future is the outcome of an asynchronous call: of [Async], or of a message given to a
// [Publisher]. It is safe for concurrent use.
type Future[T any] struct {
	done   chan struct{}
	cancel context.CancelFunc
	value  T
	err    error

	mu      sync.Mutex
	readers int    // calls that have returned the outcome, or wait for it
	onRead  func() // called when the first one reads a failure, or nil
}

func newFuture[T any](cancel context.CancelFunc) *Future[T] {
	return &Future[T]{done: make(chan struct{}), cancel: cancel}
}

// resolve sets the outcome. It is called once.
func (f *Future[T]) resolve(value T, err error) {
	f.value, f.err = value, err
	close(f.done)
}

// ifUnread calls put unless somebody has read the future or waits for it. remove is then
// called as soon as somebody reads it.
func (f *Future[T]) ifUnread(put, remove func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.readers == 0 {
		put()
		f.onRead = remove
	}
}

// read notes that somebody reads the future.
func (f *Future[T]) read() {
	f.mu.Lock()
	f.readers++
	onRead := f.onRead
	f.onRead = nil
	f.mu.Unlock()
	if onRead != nil {
		onRead()
	}
}

// stopReading undoes read for a caller that has given up.
func (f *Future[T]) stopReading() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.readers--
}

// zero is the error of a Future that no call returned.
func (f *Future[T]) zero() error {
	if f.done != nil {
		return nil
	}
	return notMade("future", "Future", "Async or Publisher.Publish")
}

// ended reports whether the call has ended.
func (f *Future[T]) ended() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// Done returns a channel that is closed when the call has ended.
func (f *Future[T]) Done() <-chan struct{} {
	if f.zero() != nil {
		return closedChannel
	}
	f.read()
	return f.done
}

// Wait blocks until the call has ended or ctx ends. If ctx ends, Wait returns its error,
// but the call keeps running: to end the call use [Future.Cancel], or the context that
// was passed to it.
func (f *Future[T]) Wait(ctx context.Context) (T, error) {
	if err := f.zero(); err != nil {
		return f.value, err
	}
	f.read()
	if f.ended() { // even if ctx has ended
		return f.value, f.err
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		f.stopReading()
		if f.ended() { // meanwhile
			f.read()
			return f.value, f.err
		}
		var none T
		return none, fmt.Errorf("zaqar: the call is still running: %w", context.Cause(ctx))
	}
}

// Err returns the error of the call. It is nil if the call succeeded, and as long as it
// has not ended.
func (f *Future[T]) Err() error {
	if err := f.zero(); err != nil {
		return err
	}
	if !f.ended() {
		return nil
	}
	f.read()
	return f.err
}

// Cancel cancels the call. A call that has not started is not made. If it is running, its
// context is cancelled. A published message is cancelled only if it is not in a batch
// yet. The future still ends with an outcome, which may be a success. Cancelling a call
// that has ended does nothing.
func (f *Future[T]) Cancel() {
	if f.cancel != nil {
		f.cancel()
	}
}

// closedChannel is that of the zero Future, whose outcome is an error.
var closedChannel = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// String returns "<Future pending>", "<Future done>" or "<Future failed>".
func (f *Future[T]) String() string {
	state := "pending"
	if f.zero() != nil {
		state = "failed"
	} else if f.ended() {
		if state = "done"; f.err != nil {
			state = "failed"
		}
	}
	return "<Future " + state + ">"
}
