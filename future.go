package zaqar

import (
	"context"
	"fmt"
)

// Future is the outcome of an asynchronous call: of [Async], or of a message given to a
// [Publisher]. It is safe for concurrent use.
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

// Done returns a channel that is closed when the call has ended.
func (f *Future[T]) Done() <-chan struct{} { return f.done }

// Wait blocks until the call has ended or ctx ends. If ctx ends, Wait returns its error,
// but the call keeps running: to end the call use [Future.Cancel], or the context that
// was passed to it.
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
		return none, fmt.Errorf("zaqar: the call is still running: %w", context.Cause(ctx))
	}
}

// Err returns the error of the call. It is nil if the call succeeded, and as long as it
// has not ended.
func (f *Future[T]) Err() error {
	select {
	case <-f.done:
		return f.err
	default:
		return nil
	}
}

// Cancel cancels the call. A call that has not started is not made. If it is running, its
// context is cancelled. A published message is cancelled only if it is not in a batch
// yet. The future still ends with an outcome, which may be a success. Cancelling a call
// that has ended does nothing.
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
