package zaqar

import (
	"fmt"
	"time"
)

// The defaults of a [PublisherConfig].
const (
	DefaultBatchMessages       = 100
	DefaultBatchDelay          = 10 * time.Millisecond
	DefaultOutstandingMessages = 10_000
	DefaultOutstandingBytes    = 64 << 20
	DefaultPublishAttempts     = 10
	DefaultRetryDelay          = 100 * time.Millisecond
	DefaultMaxRetryDelay       = 10 * time.Second
)

// PublisherConfig configures a [Publisher]. The zero value is a good one: every field
// that is zero has its default.
type PublisherConfig struct {
	// A batch is sent when it has BatchMessages messages, when it reaches BatchBytes, or
	// BatchDelay after its first message, whichever comes first. Larger batches mean
	// more throughput, a shorter delay means less latency.

	// BatchMessages limits the messages in a batch. Defaults to
	// [DefaultBatchMessages].
	BatchMessages int
	// BatchBytes limits the size of a batch's request: the whole encoded body, not the
	// sum of the messages' bodies. Defaults to the limit of the queue, which is read
	// from its metadata before the first batch, and again after the server refused a
	// batch. If it cannot be read (API versions before V2, missing permissions) it is
	// assumed to be 256 KiB, Zaqar's own default.
	BatchBytes int
	// BatchDelay is how long a message waits for others to join its batch. Defaults to
	// [DefaultBatchDelay]. If it is negative no message waits: a batch is then whatever
	// was published while the batches before it were in flight.
	BatchDelay time.Duration
	// Concurrency limits the batches in flight. Defaults to 1. Only with 1 is the
	// ordering FIFO.
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

	// Attempts limits how often a batch is sent. Defaults to
	// [DefaultPublishAttempts]; 1 means no retries. A batch is sent again only if the
	// failure may be temporary and nothing was stored: the server could not be
	// reached, or asked to come back later (429).
	Attempts int
	// RetryDelay is the longest back-off before the first retry. Defaults to
	// [DefaultRetryDelay]. It doubles with each further retry, up to MaxRetryDelay,
	// which defaults to [DefaultMaxRetryDelay]. The actual back-off is random, between
	// zero and that. With a Concurrency of 1 the next batches wait too.
	RetryDelay, MaxRetryDelay time.Duration
	// AllowDuplicates retries a batch even if it may be stored: there was no reply, or
	// a 5xx. A message may then be stored several times, and the value of its future is
	// the last id. Servers do not detect duplicates, so consumers must be idempotent.
	AllowDuplicates bool
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

func (c *PublisherConfig) fill() {
	for _, field := range []struct {
		value    *int
		fallback int
	}{
		{&c.BatchMessages, DefaultBatchMessages},
		{&c.Concurrency, 1},
		{&c.OutstandingMessages, DefaultOutstandingMessages},
		{&c.OutstandingBytes, DefaultOutstandingBytes},
		{&c.Attempts, DefaultPublishAttempts},
	} {
		if *field.value == 0 {
			*field.value = field.fallback
		}
	}
	for _, field := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&c.BatchDelay, DefaultBatchDelay},
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
		{"Concurrency", int64(c.Concurrency)},
		{"OutstandingMessages", int64(c.OutstandingMessages)},
		{"OutstandingBytes", int64(c.OutstandingBytes)},
		{"Attempts", int64(c.Attempts)},
		{"RetryDelay", int64(c.RetryDelay)},
		{"MaxRetryDelay", int64(c.MaxRetryDelay)},
	} {
		if field.value < 0 {
			return bad(field.name, fmt.Sprintf("must not be negative; it is %d", field.value))
		}
	}
	if c.Overflow < OverflowBlock || c.Overflow > OverflowDrop {
		return bad("Overflow", "must be OverflowBlock, OverflowRefuse or OverflowDrop")
	}
	return nil
}
