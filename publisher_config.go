package zaqar

import (
	"fmt"
	"time"
)

// What a [PublisherConfig] does not set.
const (
	DefaultBatchMessages       = 100
	DefaultBatchDelay          = 10 * time.Millisecond
	DefaultOutstandingMessages = 10_000
	DefaultOutstandingBytes    = 64 << 20
	DefaultPublishAttempts     = 10
	DefaultRetryDelay          = 100 * time.Millisecond
	DefaultMaxRetryDelay       = 10 * time.Second
)

// PublisherConfig is how a [Publisher] works. Its zero value is a good one: each field
// that is zero stands for its default.
type PublisherConfig struct {
	// A batch is sent as soon as it has BatchMessages messages
	// ([DefaultBatchMessages]), is as large as BatchBytes, or is as old as
	// BatchDelay.

	// BatchMessages is how many messages a batch has at most.
	BatchMessages int
	// BatchBytes is how large a batch's request is at most: the whole body as it is
	// encoded, not the sum of the messages' bodies. The default is the limit of
	// the queue, which is asked for once, by reading its metadata, and again when
	// the server has refused a batch; where it cannot be learned (API versions
	// before V2, credentials that may not read) it is 256 KiB, Zaqar's own default.
	BatchBytes int
	// BatchDelay is how long a message waits for others to join it
	// ([DefaultBatchDelay]). Below zero none waits: a batch is then what came while
	// those before it were under way.
	BatchDelay time.Duration
	// Concurrency is how many batches are under way at once. The default is 1, and
	// only with it are messages stored in the order in which they were published.
	Concurrency int

	// Outstanding messages are those that wait for their batch or are in one that
	// is under way.

	// OutstandingMessages is how many there are at most
	// ([DefaultOutstandingMessages]).
	OutstandingMessages int
	// OutstandingBytes is how large they are at most together, encoded
	// ([DefaultOutstandingBytes]). A larger message goes alone.
	OutstandingBytes int
	// Overflow is what becomes of a message that is above either limit. The default
	// is that Publish blocks.
	Overflow Overflow

	// Attempts is how often a batch is sent at most ([DefaultPublishAttempts]); 1
	// is without a retry. It is sent again only when certainly nothing of it was
	// stored, and the cause may pass: the server could not be reached, or told to
	// come later (429).
	Attempts int
	// RetryDelay is the longest wait before the first retry ([DefaultRetryDelay]).
	// It doubles for each further one, up to MaxRetryDelay ([DefaultMaxRetryDelay]).
	// The wait itself is anything from zero to that. With a Concurrency of 1 the
	// batches behind wait too.
	RetryDelay, MaxRetryDelay time.Duration
	// AllowDuplicates sends a batch again too when it may have been stored: there
	// was no answer, or a 5xx. A message can then be stored several times, and its
	// future has the last id. Servers cannot tell duplicates: consumers must.
	AllowDuplicates bool
}

// Overflow is what a [Publisher] does with a message that is too much for now.
type Overflow int

// What a publisher can do with it.
const (
	// OverflowBlock: Publish blocks until there is room, or its context ends.
	OverflowBlock Overflow = iota
	// OverflowRefuse: the future fails at once, by [ErrOverflow], and the caller
	// decides.
	OverflowRefuse
	// OverflowDrop: the future fails in the same way, and the client's observer is
	// told: for those who publish what can be missed, and look at no future.
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

// check refuses what cannot be right.
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
