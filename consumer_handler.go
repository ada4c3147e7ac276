package zaqar

import (
	"context"
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar/internal/consumer"
	"github.com/zaqar-go/zaqar/internal/fault"
)

// Handler handles one message for [Consumer.Run]. Its result decides what happens to the
// message:
//
//   - nil: the message was handled, and is deleted;
//   - an error: the attempt failed, and the message is tried again after a back-off, until
//     [ConsumerConfig.MaxAttempts] have failed;
//   - [Permanent]: no further attempt can help, and the message becomes a dead letter at
//     once;
//   - [RetryAfter]: the message is tried again after exactly that time.
//
// A panic is a failed attempt. Make handlers idempotent: delivery is at least once.
//
// ctx carries the values of Run's context but does not end with it: when Run stops,
// running handlers finish. ctx ends when the claim is lost ([context.Cause] matches
// [ErrClaimLost]), since somebody else may then handle the message, when the attempt takes
// longer than [ConsumerConfig.HandlerTimeout] ([context.DeadlineExceeded]) or
// [ConsumerConfig.MaxExtension] (ErrClaimLost), and when the stop takes too long
// ([ErrStopped]). A handler that ignores the end of ctx is left behind by the stop.
//
// To end the consumer from a handler, call [Consumer.Halt], or [Consumer.Stop] with ctx.
type Handler func(ctx context.Context, m *Message) error

// Handle returns a [Handler] that first decodes the body into a T, like [Message.Decode].
// If that fails, the failure is [Permanent]: another attempt would find the same body.
func Handle[T any](work func(ctx context.Context, body T, m *Message) error) Handler {
	return func(ctx context.Context, m *Message) error {
		var body T
		if err := m.Decode(&body); err != nil {
			return Permanent(err)
		}
		return work(ctx, body, m)
	}
}

// Permanent marks an error of a handler as one that further attempts cannot change. The
// message becomes a dead letter at once. Without a dead-letter queue it is tried again
// after the longest back-off, because a Consumer never drops a message silently; to drop
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

// RetryAfter returns an error that sets the wait before the next attempt, instead of the
// back-off. The claim is extended meanwhile. With a nil err it means "not now", and the
// attempt is not counted.
//
// A wait of more than twice [ConsumerConfig.TTL] stops nothing else, however many messages
// wait: their claims are extended by the wait itself, up to 12 hours at a time. With
// [GiveBack] such a claim ends on the server when the wait is over, to about two seconds,
// also if this process has ended. A stop releases it.
func RetryAfter(wait time.Duration, err error) error {
	return &retryAfterError{wait: max(wait, 0), err: err}
}

type retryAfterError struct {
	wait time.Duration
	err  error
}

func (e *retryAfterError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("not now, try again in %v", e.wait)
	}
	return e.err.Error()
}

func (e *retryAfterError) Unwrap() error { return e.err }

// PanicError is the failure of an attempt whose handler panicked, or ended its goroutine
// with [runtime.Goexit].
type PanicError struct {
	// Value is the value of the panic.
	Value any
	// Stack is the stack of the goroutine at that time.
	Stack []byte
}

// Error returns "the handler panicked: " and the value.
func (e *PanicError) Error() string { return fmt.Sprintf("the handler panicked: %v", e.Value) }

// Unwrap returns Value if that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// ErrStopped is the error of a [Consumer] that was stopped before its handlers had
// finished, and the cause with which it cancelled their contexts.
var ErrStopped = fault.Stopped

// Attempt returns, inside a [Handler], the number of this attempt at the message, like
// [Delivery.Attempt]. Elsewhere it returns 0.
func Attempt(ctx context.Context) int { return consumer.Attempt(ctx) }
