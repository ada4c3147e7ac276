package publisher

import (
	"context"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
)

// DefaultSizeLimit is the limit of a post's request in bytes where nobody changed it.
const DefaultSizeLimit = 256 << 10

// Queue is the queue that a publisher posts to. Its methods are called without the
// publisher's lock, by several goroutines at once.
type Queue interface {
	Name() string
	// Post posts a batch as one request and returns the ids in the same order.
	Post(ctx context.Context, batch []wire.Outgoing) (ids []string, err error)
	// CheckDelays returns an error when the queue would ignore the delay of a message.
	CheckDelays(ctx context.Context) error
	// SizeLimit asks how large a request may be.
	SizeLimit(ctx context.Context) SizeLimit
	Observe(ctx context.Context, e observe.Event)
}

// SizeLimit is how large a request may be.
type SizeLimit struct {
	Bytes int
	// Known is false when Bytes is only assumed. A message above it is then sent all
	// the same, in a batch of its own, and the server decides.
	Known bool
}

// Errors reads the errors of a [Queue] and makes those that users get. Its methods may be
// called with the publisher's lock held.
type Errors interface {
	// Classify reads the error of an attempt.
	Classify(err error) Failure
	// Unsent is the error of a message that was never sent.
	Unsent(cause error) error
	// TooLarge is the error of a message that no request can hold. size is that of a
	// request with this message alone.
	TooLarge(size, limit int) error
	// Final is the error of a message whose last attempt failed. maybeStored is whether
	// any of its attempts may have stored it.
	Final(err error, maybeStored bool) error
}

// Failure is what the error of an attempt says.
type Failure struct {
	Op     string // the operation that failed: the post, or what had to come before it
	Status int    // of the reply, 0 without one

	// MayBeStored: the messages may be stored all the same.
	MayBeStored bool
	// Transient: another attempt may succeed.
	Transient bool
	// BlamesContent: the batch was refused for what it holds, so parts of it may be
	// accepted.
	BlamesContent bool
	// RetryAfter is how long the server asked to wait before another attempt.
	RetryAfter time.Duration
}

// Item is a message on its way through a publisher.
type Item struct {
	Message wire.Outgoing
	Size    int // encoded, in bytes
	Outcome Outcome

	flow // guarded by the lock of the buffer
}

// Outcome is told how a message ended.
type Outcome interface {
	// Resolve is called once, with the id of the message or an error. The publisher's
	// lock may be held then: Resolve must neither block nor call the publisher.
	Resolve(id string, err error)
	// Failing is called before Resolve if the message failed. It is not called for a
	// message that was cancelled. The lock is not held, and Message is still set.
	Failing(err error)
}

// refuse ends a message that was not accepted.
func (m *Item) refuse(err error) {
	m.Outcome.Failing(err)
	m.Outcome.Resolve("", err)
}

// Config is how a publisher works. All fields are set.
type Config struct {
	BatchMessages int
	BatchBytes    int // 0: the queue's limit
	BatchDelay    time.Duration
	AdaptDelay    bool // BatchDelay is only the longest wait, see pause
	Concurrency   int  // batches in flight
	// AdaptConcurrency: Concurrency is only the most, see inFlight.
	AdaptConcurrency bool

	OutstandingMessages, OutstandingBytes int
	Overflow                              Overflow

	Patience        time.Duration // how long a batch is tried
	Attempts        int           // 0: no limit
	Backoff         backoff.Backoff
	AllowDuplicates bool

	// Envelope is the size of a request without messages.
	Envelope int
}

// requestSize is the size of a request with this many messages, whose sizes add up to
// bytes.
func (c *Config) requestSize(messages, bytes int) int {
	return c.Envelope + bytes + max(0, messages-1) // the commas
}

// Overflow is what happens to a message when there is no room for it.
type Overflow int

// The ways to handle an overflow.
const (
	Block  Overflow = iota // Publish waits for room
	Refuse                 // the message fails
	Drop                   // the message fails, and the observer is told
)
