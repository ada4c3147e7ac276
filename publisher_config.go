package zaqar

import (
	"fmt"
	"math"
	"time"
)

// The defaults of a [PublisherConfig].
const (
	// DefaultBatchMessages is how many ids fit the answer to a post through any common
	// proxy, see [Queue.Post].
	DefaultBatchMessages = 80
	// DefaultBatchDelay is the longest delay, which few messages have.
	DefaultBatchDelay          = 10 * time.Millisecond
	DefaultOutstandingMessages = 10_000
	DefaultOutstandingBytes    = 64 << 20
	// DefaultPatience is how long a batch is tried.
	DefaultPatience = 2 * time.Minute
	// DefaultPublishAttempts is 0: there is no limit beside the time.
	DefaultPublishAttempts = 0
	DefaultRetryDelay      = 100 * time.Millisecond
	DefaultMaxRetryDelay   = 10 * time.Second
)

// mostInFlight is how many batches are in flight at most with a Concurrency of [Adaptive].
const mostInFlight = 8

// PublisherConfig configures a [Publisher]. The zero value is a good one: every field
// that is zero has its default.
type PublisherConfig struct {
	// A batch is sent when it has BatchMessages messages, when it reaches BatchBytes, or
	// BatchDelay after its first message, whichever comes first. Larger batches mean
	// more throughput, a shorter delay means less latency.

	// BatchMessages limits the messages in a batch. Defaults to
	// [DefaultBatchMessages], and to no limit for a client that has only the WebSocket.
	// More are sent only if you set it: the answer to a post names all ids in one header
	// line, and proxies refuse long ones with a 502 after the messages were stored
	// (quirk 46).
	BatchMessages int
	// BatchBytes limits the size of a batch's request: the whole encoded body, not the
	// sum of the messages' bodies. Defaults to the limit of the queue, which is read
	// from its metadata before the first batch, and again after the server refused a
	// batch. If it cannot be read (API versions before V2, missing permissions) it is
	// assumed to be 256 KiB, Zaqar's own default.
	BatchBytes int
	// BatchDelay is how long a message waits for others to join its batch. If it is zero
	// the batches adapt to the load: a message that comes alone is sent at once, and
	// otherwise a batch is what was published while the batch before it was in flight,
	// and soon after its answer. A message then waits for [DefaultBatchDelay] at most,
	// unless as many batches are in flight as there may be. If it is negative no message
	// waits at all.
	BatchDelay time.Duration
	// Concurrency limits the batches in flight. Defaults to 1. Only with 1 is the
	// ordering FIFO. With [Adaptive] the publisher finds the number that stores the most
	// messages a second, 8 at most: it begins with 4, takes more while that helps, and
	// half as many after a failure.
	Concurrency int

	// A message is outstanding while it waits for its batch or is in flight.

	// OutstandingMessages limits the outstanding messages. Defaults to
	// [DefaultOutstandingMessages].
	OutstandingMessages int
	// OutstandingBytes limits their total size, encoded. Defaults to
	// [DefaultOutstandingBytes]. A larger message is accepted when nothing else is
	// outstanding.
	OutstandingBytes int
	// Overflow says what happens to a message above either limit. Defaults to
	// [OverflowBlock].
	Overflow Overflow

	// Patience limits how long a batch is tried, from its first attempt on. No attempt
	// begins later. Defaults to [DefaultPatience]. A batch is sent again only if the
	// failure may be temporary and nothing was stored: the server could not be
	// reached, or asked to come back later (429).
	Patience time.Duration
	// Attempts limits how often a batch is sent, in addition to Patience. 1 means no
	// retries. Defaults to [DefaultPublishAttempts], no limit.
	Attempts int
	// RetryDelay is the longest back-off before the first retry. Defaults to
	// [DefaultRetryDelay]. It doubles with each further retry, up to MaxRetryDelay,
	// which defaults to [DefaultMaxRetryDelay]. The actual back-off is random, between
	// zero and that. With a Concurrency of 1 the next batches wait too.
	RetryDelay, MaxRetryDelay time.Duration
	// AllowDuplicates retries a batch even if it may be stored: there was no reply, or
	// a 5xx. A message may then be stored several times, and the value of its future is
	// the last id. A 502 to more than [DefaultBatchMessages] is not retried, since each
	// attempt would be stored. Servers do not detect duplicates, so consumers must be idempotent.
	AllowDuplicates bool

	// OnFailure is called for each message that failed, with the error of its future and
	// before the future ends. It is not called for messages that [Future.Cancel]
	// cancelled. m is the message as it was published; its Body is a json.RawMessage,
	// unless it could not be encoded. [Error.MayHaveActed] tells whether it may be stored
	// all the same.
	//
	// OnFailure may be called by several goroutines at once, and delays the batches that
	// follow: it should return soon. It must not wait for the publisher, so neither
	// Flush nor Close it, and Publish to it only with OverflowRefuse or OverflowDrop.
	OnFailure func(m Outgoing, err error)
}

// Overflow is what a [Publisher] does with a message when too much is outstanding.
type Overflow int

// The ways to handle an overflow.
const (
	// OverflowBlock: Publish blocks until there is room, or its context ends.
	OverflowBlock Overflow = iota
	// OverflowRefuse: the future fails at once with [ErrOverflow], and the caller
	// decides.
	OverflowRefuse
	// OverflowDrop: like OverflowRefuse, and the client's observer gets an
	// observe.MessageDropped. For messages that may be lost, whose futures nobody
	// reads.
	OverflowDrop
)

// fill sets the defaults. onlySocket says whether the client has nothing but the
// WebSocket, whose answers are not limited by proxies.
func (c *PublisherConfig) fill(onlySocket bool) {
	if c.BatchMessages == 0 && onlySocket {
		c.BatchMessages = math.MaxInt
	}
	for _, field := range []struct {
		value    *int
		fallback int
	}{
		{&c.BatchMessages, DefaultBatchMessages},
		{&c.Concurrency, 1},
		{&c.OutstandingMessages, DefaultOutstandingMessages},
		{&c.OutstandingBytes, DefaultOutstandingBytes},
	} {
		if *field.value == 0 {
			*field.value = field.fallback
		}
	}
	for _, field := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&c.Patience, DefaultPatience},
		{&c.RetryDelay, DefaultRetryDelay},
		{&c.MaxRetryDelay, DefaultMaxRetryDelay},
	} {
		if *field.value == 0 {
			*field.value = field.fallback
		}
	}
}

// check refuses values that cannot be right.
func (c *PublisherConfig) check() error {
	bad := func(field, rule string) error {
		return &ArgumentError{Op: "publisher", Argument: "PublisherConfig." + field, Rule: rule}
	}
	for _, field := range []struct {
		name  string
		value int64
	}{
		{"BatchMessages", int64(c.BatchMessages)},
		{"BatchBytes", int64(c.BatchBytes)},
		{"OutstandingMessages", int64(c.OutstandingMessages)},
		{"OutstandingBytes", int64(c.OutstandingBytes)},
		{"Patience", int64(c.Patience)},
		{"Attempts", int64(c.Attempts)},
		{"RetryDelay", int64(c.RetryDelay)},
		{"MaxRetryDelay", int64(c.MaxRetryDelay)},
	} {
		if field.value < 0 {
			return bad(field.name, fmt.Sprintf("must not be negative; it is %d", field.value))
		}
	}
	if c.Concurrency < 0 && c.Concurrency != Adaptive {
		return bad("Concurrency", fmt.Sprintf("must not be negative, except for Adaptive; it is %d", c.Concurrency))
	}
	if c.Overflow < OverflowBlock || c.Overflow > OverflowDrop {
		return bad("Overflow", "must be OverflowBlock, OverflowRefuse or OverflowDrop")
	}
	return nil
}
