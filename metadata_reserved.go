package zaqar

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar/internal/plainjson"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// Zaqar's own keys in a queue's metadata. [Reserved] has their types.
const (
	KeyMaxMessagesPostSize   = "_max_messages_post_size"
	KeyDefaultMessageTTL     = "_default_message_ttl"
	KeyDefaultMessageDelay   = "_default_message_delay"
	KeyDeadLetterQueue       = "_dead_letter_queue"
	KeyDeadLetterMessagesTTL = "_dead_letter_queue_messages_ttl"
	KeyMaxClaimCount         = "_max_claim_count"
	KeyEnableEncryptMessages = "_enable_encrypt_messages"
	KeyFlavor                = "_flavor"
	KeyRetryPolicy           = "_retry_policy"
)

// reservedKeys are the keys that V2 fills in when they are not set.
var reservedKeys = map[string]bool{
	KeyMaxMessagesPostSize: true, KeyDefaultMessageTTL: true, KeyDefaultMessageDelay: true,
	KeyDeadLetterQueue: true, KeyDeadLetterMessagesTTL: true, KeyMaxClaimCount: true,
	KeyEnableEncryptMessages: true,
}

// Reserved is the part of a queue's metadata that Zaqar itself uses (V2). A zero
// field is not set: the server's default applies.
//
// As an option of [Client.CreateQueue] it sets the fields that are not zero.
// [Metadata.Reserved] reads it back.
type Reserved struct {
	// MaxMessagesPostSize is the largest body of a post request, in bytes.
	MaxMessagesPostSize int
	// DefaultMessageTTL is the TTL of messages posted without one: whole seconds, at
	// least [MinTTL].
	DefaultMessageTTL time.Duration
	// DefaultMessageDelay hides new messages for this long: whole seconds, at most 15
	// minutes. Servers ignore [Outgoing.Delay] on queues without it (quirk 11).
	DefaultMessageDelay time.Duration
	// DeadLetterQueue is the dead-letter queue: it receives messages that were claimed
	// MaxClaimCount times without being deleted. Set both. The queue must exist.
	DeadLetterQueue string
	MaxClaimCount   int
	// DeadLetterMessagesTTL is the TTL of messages moved there: whole seconds, at least
	// [MinTTL].
	DeadLetterMessagesTTL time.Duration
	// EncryptMessages stores bodies encrypted. Servers then return ciphertext to claims
	// and pops (quirk 12).
	EncryptMessages bool
	// Flavor selects the pools for a new queue, on servers with pooling.
	Flavor string
	// RetryPolicy says how the server retries notifications to subscribers.
	RetryPolicy RetryPolicy
}

// check finds what the server would refuse, or accept and not act on.
func (o Reserved) check() error {
	bad := func(key, rule string) error {
		return &ArgumentError{Op: string(wire.QueueCreate), Argument: key, Rule: rule}
	}
	switch {
	case o.MaxMessagesPostSize < 0:
		return bad(KeyMaxMessagesPostSize, "must not be negative")
	case o.MaxClaimCount < 0:
		return bad(KeyMaxClaimCount, "must not be negative")
	case (o.MaxClaimCount == 0) != (o.DeadLetterQueue == ""):
		return bad(KeyDeadLetterQueue, "and "+KeyMaxClaimCount+" have no effect without each other: set both")
	case o.DeadLetterQueue != "" && !legalName(o.DeadLetterQueue):
		return bad(KeyDeadLetterQueue, "must be the name of a queue")
	}
	return o.RetryPolicy.check(wire.QueueCreate)
}

// applyCreate adds the fields that are set to the metadata of a new queue.
func (o Reserved) applyCreate(content Content) error {
	if err := o.check(); err != nil {
		return err
	}
	for _, field := range o.durations() {
		if *field.value == 0 {
			continue
		}
		s, err := seconds(wire.QueueCreate, field.key, *field.value, field.least)
		if err != nil {
			return err
		}
		content[field.key] = s
	}
	set(content, KeyMaxMessagesPostSize, o.MaxMessagesPostSize)
	set(content, KeyMaxClaimCount, o.MaxClaimCount)
	set(content, KeyDeadLetterQueue, o.DeadLetterQueue)
	set(content, KeyFlavor, o.Flavor)
	set(content, KeyEnableEncryptMessages, o.EncryptMessages)
	set(content, KeyRetryPolicy, o.RetryPolicy.wire())
	return nil
}

func set[T comparable](content Content, key string, value T) {
	var zero T
	if value != zero {
		content[key] = value
	}
}

type durationField struct {
	key   string
	value *time.Duration
	least time.Duration
}

func (o *Reserved) durations() []durationField {
	return []durationField{
		{KeyDefaultMessageTTL, &o.DefaultMessageTTL, MinTTL},
		{KeyDefaultMessageDelay, &o.DefaultMessageDelay, time.Second},
		{KeyDeadLetterMessagesTTL, &o.DeadLetterMessagesTTL, MinTTL},
	}
}

// Reserved returns Zaqar's own keys with their types. A value of another type is an
// error that matches [ErrMalformed]. It sends nothing.
func (m *Metadata) Reserved() (Reserved, error) {
	content := m.Content()
	var o Reserved
	read := func(key string, into any) error {
		value, err := plainjson.Marshal(content[key])
		if err == nil {
			err = json.Unmarshal(value, into) // null leaves the zero value
		}
		if err != nil {
			return fmt.Errorf("%w: metadata of %s: %s: %w", ErrMalformed, orNone(m.queue).name, key, err)
		}
		return nil
	}
	for _, field := range o.durations() {
		var s wire.Seconds
		if err := read(field.key, &s); err != nil {
			return Reserved{}, err
		}
		*field.value = time.Duration(s)
	}
	var policy retryPolicy
	var postSize, claimCount wire.Count
	for key, into := range map[string]any{
		KeyRetryPolicy:         &policy,
		KeyMaxMessagesPostSize: &postSize, KeyMaxClaimCount: &claimCount,
		KeyDeadLetterQueue: &o.DeadLetterQueue, KeyFlavor: &o.Flavor,
		KeyEnableEncryptMessages: &o.EncryptMessages,
	} {
		if err := read(key, into); err != nil {
			return Reserved{}, err
		}
	}
	o.MaxMessagesPostSize, o.MaxClaimCount = int(postSize), int(claimCount)
	o.RetryPolicy = policy.typed()
	return o, nil
}
