package zaqar

import (
	"context"
	"fmt"
)

// Future is the outcome of a call that runs without its caller: of [Async], or of a
// message given to a publisher. It is safe for concurrent use.
type Future[T any] struct {
	done   chan struct{}
	cancel context.CancelFunc
	value  T
	err    error
}

func newFuture[T any](cancel context.CancelFunc) *Future[T] {
	return &Future[T]{done: make(chan struct{}), cancel: cancel}
}

// resolve sets the outcome. It is called once.
func (f *Future[T]) resolve(value T, err error) {
	f.value, f.err = value, err
	close(f.done)
}

// Done returns a channel that is closed when the outcome is there.
func (f *Future[T]) Done() <-chan struct{} { return f.done }

// Wait blocks until the outcome is there, or ctx ends, which does not end the call:
// that is what [Future.Cancel] and the context given to the call are for.
func (f *Future[T]) Wait(ctx context.Context) (T, error) {
	select {
	case <-f.done:
		return f.value, f.err
	default:
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none T
		return none, fmt.Errorf("zaqar: waiting for a call that goes on: %w", context.Cause(ctx))
	}
}

// Err returns the outcome's error: nil when the call succeeded, and when it has not
// ended yet.
func (f *Future[T]) Err() error {
	select {
	case <-f.done:
		return f.err
	default:
		return nil
	}
}

// Cancel gives the call up: one that has not begun is not made, one under way has its
// context cancelled, but for a published message, which can be taken back only while it
// waits for its batch. The outcome comes all the same, and may be a success. Cancelling
// what has ended does nothing.
func (f *Future[T]) Cancel() { f.cancel() }

// String returns "<Future pending>", "<Future done>" or "<Future failed>".
func (f *Future[T]) String() string {
	state := "pending"
	select {
	case <-f.done:
		if state = "done"; f.err != nil {
			state = "failed"
		}
	default:
	}
	return "<Future " + state + ">"
}
