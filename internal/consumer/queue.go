package consumer

import (
	"context"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/observe"
)

// Queue is what a Consumer needs from the queue that it reads. Every method is safe for
// concurrent use. Methods that take a context may block, and are never called under the
// Consumer's lock; the others return at once.
type Queue interface {
	Name() string
	// Claim claims up to limit messages, or up to the server's own limit if limit is 0.
	// It returns a nil Claim if there is nothing to claim. A Claim that comes with an
	// error holds messages that could not be read; the caller releases it.
	Claim(ctx context.Context, limit int) (Claim, error)
	// Delete deletes a message with the claim that holds it, or without a claim if claim
	// is "". It returns fault.ClaimLost if the claim does not hold the message, or if
	// somebody else's claim does.
	Delete(ctx context.Context, id, claim string) error
	// DeleteAll deletes messages that these claims hold, with one request. Most servers do
	// not look at the claims.
	DeleteAll(ctx context.Context, ids, claims []string) error
	// PostDeadLetter posts a message to the dead-letter queue. bare reports that its
	// envelope did not fit, so that the body alone was posted.
	PostDeadLetter(ctx context.Context, letter DeadLetter) (bare bool, err error)
	// Present returns which of these messages are in the queue, claimed or not.
	Present(ctx context.Context, ids []string) (map[string]bool, error)
	// Judge says what the error of a Delete or a PostDeadLetter means.
	Judge(err error) Verdict
	// Hopeless reports whether no claim can ever succeed after this error.
	Hopeless(err error) bool
	// RefusesLimit reports whether the server may have refused a claim because of its
	// limit, an extension because of its length, or a deletion because of the number of
	// its ids.
	RefusesLimit(err error) bool
	// RetryAfter returns how long the server asked to wait after an error, 0 if it did not.
	RetryAfter(err error) time.Duration
	Observe(ctx context.Context, e observe.Event)
}

// Claim is a claim that brought messages.
type Claim interface {
	ID() string
	Messages() []Message
	// Extend makes the claim last for ttl from now on, and its messages at least for
	// grace longer; both are whole seconds. It returns fault.ClaimLost if the claim has
	// ended.
	Extend(ctx context.Context, ttl, grace time.Duration) error
	Release(ctx context.Context) error
}

// Message is a message of a claim.
type Message interface {
	ID() string
	TTL() time.Duration
	Age() time.Duration
	Body() []byte
	// Verify compares the body with its checksum, if checksums are wanted.
	Verify() error
	// Rebind makes the message belong to a newer claim, which brought it again.
	Rebind(newer Message)
}

// Handler works on one message.
type Handler func(context.Context, Message) error

// Config is a complete configuration: all defaults are filled in.
type Config struct {
	// Workers is how many handlers run at the same time, and how many claims are in
	// flight.
	Workers int
	// ClaimSize is the largest number of messages of one claim, Prefetch how many may be
	// ready beyond those that somebody waits for (or Automatic), MaxHeld how many are ready,
	// running or being settled.
	ClaimSize, Prefetch, MaxHeld int
	// Adaptive makes claims of one at first, and larger ones while that pays. Then
	// failed messages of claims of many are retried here, whatever OnFailure says.
	Adaptive bool
	// MaxWaiting is how many messages may wait, for their back-off or for the rest of
	// their claim, before claiming pauses.
	MaxWaiting int
	// TTL is how long a claim lasts, Grace how much longer its messages live.
	TTL, Grace time.Duration
	// ExtendAt is the share of TTL after which a claim is extended.
	ExtendAt float64

	OnFailure Policy
	// Backoff is the wait after failed attempts.
	Backoff backoff.Backoff
	// DeadLetter is the name of the dead-letter queue, "" for none.
	DeadLetter string
	// MaxAttempts is how many attempts may fail before a message becomes a dead letter.
	// Not positive: any number.
	MaxAttempts int

	// RequestTimeout is the client's limit of a single request. Not positive: none.
	RequestTimeout time.Duration
	// GiveUpAfter is how long the service must refuse before that is final. Negative:
	// it never is.
	GiveUpAfter time.Duration
	// HandlerTimeout limits one attempt of a worker. Not positive: without limit.
	HandlerTimeout time.Duration
	// MaxExtension is how long after an attempt began the claim of its message is
	// extended. Not positive: as long as the attempt takes.
	MaxExtension time.Duration
	// Poll is the wait after a claim that brought nothing.
	Poll backoff.Backoff
	// StopTimeout is how long Run waits for handlers. Not positive: without limit.
	StopTimeout time.Duration

	// Active is called with true when the consumer begins to hold something or to work,
	// and with false when it has ended that. It is called under the lock. It may be nil.
	Active func(bool)
	// WallClock returns the time by the wall clock. Nil: the system's.
	WallClock func() time.Time

	// Classify says what the error of a handler asks for.
	Classify func(err error) Failure
	// PanicError returns the error of an attempt whose handler panicked.
	PanicError func(value any, stack []byte) error
}
