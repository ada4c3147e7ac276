package zaqar

import (
	"context"
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar/internal/fault"
)

// Handler works on one message for [Consumer.Run]. What it returns says what becomes
// of the message:
//
//   - nil: the message is done, and is deleted;
//   - an error: the attempt failed; it is tried again after a back-off, up to
//     [ConsumerConfig.MaxAttempts];
//   - [Permanent]: it failed for good, and becomes a dead letter at once;
//   - [RetryAfter]: it is tried again after just that long.
//
// A panic is an attempt that failed. Handle each message so that doing it twice does
// no harm: delivery is at least once.
//
// ctx carries the values of Run's context, but it does not end with that: when Run
// stops, handlers finish. It ends when the claim is lost ([context.Cause] matches
// [ErrClaimLost]: somebody else may be at work on the message) and when the stop has
// taken too long ([ErrStopped]). A handler that does not heed it holds the stop up.
type Handler func(ctx context.Context, m *Message) error

// Handle makes a [Handler] that decodes the body into a T first, as [Message.Decode]
// does. A body that cannot be decoded is a [Permanent] failure: another attempt would
// find the same body.
func Handle[T any](work func(ctx context.Context, body T, m *Message) error) Handler {
	return func(ctx context.Context, m *Message) error {
		var body T
		if err := m.Decode(&body); err != nil {
			return Permanent(err)
		}
		return work(ctx, body, m)
	}
}

// Permanent marks an error of a handler as one that no further attempt can change: the
// message becomes a dead letter at once. Without a dead-letter queue it is tried again
// after the longest back-off, since a message is never dropped without a word; to drop
// one, return nil. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// RetryAfter tells a consumer when to try a message again, in place of the back-off.
// The claim is renewed meanwhile. With a nil error it means "not now", and does not
// count as an attempt.
func RetryAfter(wait time.Duration, err error) error {
	return &retryAfterError{wait: max(wait, 0), err: err}
}

type retryAfterError struct {
	wait time.Duration
	err  error
}

func (e *retryAfterError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("not now, but in %v", e.wait)
	}
	return e.err.Error()
}

func (e *retryAfterError) Unwrap() error { return e.err }

// PanicError is the failure of an attempt whose handler panicked, or ended its
// goroutine.
type PanicError struct {
	// Value is what it panicked with.
	Value any
	// Stack is the stack of the goroutine at that moment.
	Stack []byte
}

// Error returns "the handler panicked: " and the value.
func (e *PanicError) Error() string { return fmt.Sprintf("the handler panicked: %v", e.Value) }

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// ErrStopped is the error of a [Consumer] that was stopped before its handlers were
// done, and the cause by which their contexts were cancelled.
var ErrStopped = fault.Stopped

type deliveryKey struct{}

// Attempt returns, inside a [Handler], which attempt at the message this is, as
// [Delivery.Attempt] does, and 0 elsewhere.
func Attempt(ctx context.Context) int {
	if d, ok := ctx.Value(deliveryKey{}).(*Delivery); ok {
		return d.Attempt()
	}
	return 0
}
