package zaqar

import (
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// FailurePolicy is what a [Consumer] does with a message whose handler failed, and
// that is not to become a dead letter.
type FailurePolicy int

const (
	// GiveBack keeps the claim until the back-off is over and every other message
	// of the claim is settled, and then releases it: whoever claims next tries
	// again.
	GiveBack FailurePolicy = iota + 1
	// RetryHere keeps the claim and hands the message to this consumer's handler
	// again when the back-off is over. Nothing is released, so that on servers that
	// store in Redis nobody is given occasion to steal (quirk 5); and a message
	// keeps its attempts together. It is given back when the consumer stops.
	RetryHere
	// LetExpire neither releases nor renews: the message is free when its claim
	// ends by itself, after [ConsumerConfig.TTL] at the latest; the back-off is not
	// waited for. Servers that store in MongoDB count, for Zaqar's own dead
	// letters, only claims that end so.
	LetExpire
)

// String returns "GiveBack", "RetryHere" or "LetExpire".
func (p FailurePolicy) String() string {
	switch p {
	case GiveBack:
		return "GiveBack"
	case RetryHere:
		return "RetryHere"
	case LetExpire:
		return "LetExpire"
	}
	return fmt.Sprintf("FailurePolicy(%d)", int(p))
}

// ConsumerConfig says how a [Consumer] works. The zero value is a good start: one
// message at a time for each of 8 workers, tried again until it succeeds.
type ConsumerConfig struct {
	// Workers is how many messages [Consumer.Run] handles at once, and how many
	// claims the consumer makes at once. Zero: 8.
	Workers int

	// ClaimSize is how many messages one claim takes at most. Zero: 1, with which a
	// message that fails holds no other back, and with which servers that store in
	// Redis steal nothing (quirk 5). More saves requests: servers allow 20 unless
	// the operator changed it; where one refuses the number, it is left to the
	// server, which takes 10.
	ClaimSize int
	// Prefetch is how many messages may be claimed and not yet begun, beyond those
	// that a worker waits for. Zero: ClaimSize-1, which is what is left over when one
	// worker asks. From ClaimSize on claims are made ahead of the workers. Negative:
	// none. What waits here nobody else can work on.
	Prefetch int
	// MaxHeld is how many messages the consumer holds in all: waiting to begin, at
	// work, and waiting for their back-off. At that many it claims no more. Zero: 100,
	// or what Workers, Prefetch and ClaimSize need when that is more.
	MaxHeld int

	// TTL is how long a claim lasts when it is not renewed, and so how long a
	// message is out of reach after a crash: whole seconds, at least [MinTTL]. Zero: 2
	// minutes. A handler may take longer: claims are renewed as long as it works.
	TTL time.Duration
	// Grace is how much longer than the claim its messages live at least: whole
	// seconds, at least [MinTTL]. Zero: [DefaultClaimGrace].
	Grace time.Duration
	// RenewAt is the share of TTL after which a claim is renewed. Up to a third of
	// it is taken off at random, so that many claims do not come at once. Above 0, at
	// most 0.8. Zero: 0.5.
	RenewAt float64

	// OnFailure is what becomes of a message whose handler failed. Zero: [GiveBack] with
	// a ClaimSize of 1, and [RetryHere] with a larger one.
	OnFailure FailurePolicy
	// Backoff is the longest wait after a first failed attempt; it doubles with each
	// further one up to MaxBackoff, and the wait itself is anything up to that. The
	// claim is renewed meanwhile. Zero: 1 second and 1 minute. Negative: no wait.
	Backoff, MaxBackoff time.Duration
	// DeadLetter names the queue, of the same project, that receives what cannot be
	// handled; see [DeadLetter] for the form. It must be another queue. "": none:
	// messages are tried again until they succeed or expire.
	DeadLetter string
	// MaxAttempts is how many attempts a message gets from this consumer before it
	// becomes a dead letter. Servers do not tell how often a message was claimed, so
	// attempts are counted in the memory of the process: another process, or this
	// one started again, counts from 1. Zero: 5. Negative: no bound, so that only
	// [Permanent] errors make dead letters. It needs DeadLetter.
	MaxAttempts int
	// DeadLetterTTL is the life of dead letters: whole seconds, at least [MinTTL].
	// Zero: 14 days, the longest that servers allow unless the operator changed it,
	// or the queue's default where that is refused.
	DeadLetterTTL time.Duration

	// BulkDelete deletes the messages of a claim with one request, when all of them
	// are settled, instead of each when its handler has returned. It does something
	// only with a ClaimSize above 1. No message gets lost by it, but a crash in
	// between makes up to a whole claim be handled again, and servers do not look at
	// claims then (quirk 22), so a lost claim goes unnoticed.
	BulkDelete bool

	// Poll is the longest wait after the queue was found empty; it doubles up to
	// MaxPoll, with jitter. Zero: 100 milliseconds and 2 seconds.
	Poll, MaxPoll time.Duration
	// StopTimeout is how long Run waits, when its context has ended, for handlers
	// that are at work, before it cancels their contexts. Zero: 30 seconds. Negative:
	// as long as they take.
	StopTimeout time.Duration
}

const (
	defaultWorkers       = 8
	defaultMaxHeld       = 100
	defaultMaxAttempts   = 5
	defaultConsumerTTL   = 2 * time.Minute
	defaultRenewAt       = 0.5
	latestRenewAt        = 0.8
	defaultStopTimeout   = 30 * time.Second
	defaultDeadLetterTTL = 14 * 24 * time.Hour
)

// opConsume is the operation that errors of a consumer's own name.
const opConsume wire.Op = "consume"

// filled returns the configuration with its defaults, or what is wrong with it.
func (o ConsumerConfig) filled(q *Queue) (ConsumerConfig, error) {
	if err := o.check(q); err != nil {
		return o, err
	}
	setDefault(&o.Workers, defaultWorkers)
	setDefault(&o.ClaimSize, 1)
	setDefault(&o.Prefetch, o.ClaimSize-1)
	o.Prefetch = max(o.Prefetch, 0)
	setDefault(&o.MaxHeld, max(defaultMaxHeld, o.Workers+o.Prefetch+o.ClaimSize))
	setDefault(&o.TTL, defaultConsumerTTL)
	setDefault(&o.Grace, DefaultClaimGrace)
	setDefault(&o.RenewAt, defaultRenewAt)
	if o.ClaimSize > 1 {
		setDefault(&o.OnFailure, RetryHere)
	}
	setDefault(&o.OnFailure, GiveBack)
	setDefault(&o.Backoff, time.Second)
	setDefault(&o.MaxBackoff, max(time.Minute, o.Backoff))
	setDefault(&o.Poll, 100*time.Millisecond)
	setDefault(&o.MaxPoll, max(2*time.Second, o.Poll))
	setDefault(&o.StopTimeout, defaultStopTimeout)
	setDefault(&o.MaxAttempts, defaultMaxAttempts)
	return o, nil
}

func (o ConsumerConfig) check(q *Queue) error {
	bad := func(argument, rule string) error {
		return &ArgumentError{Op: string(opConsume), Argument: argument, Rule: rule}
	}
	if err := q.check(opConsume); err != nil {
		return err
	}
	switch {
	case o.Workers < 0:
		return bad("Workers", "must not be negative")
	case o.ClaimSize < 0:
		return bad("ClaimSize", "must not be negative")
	case o.MaxHeld < 0:
		return bad("MaxHeld", "must not be negative")
	case o.RenewAt < 0 || o.RenewAt > latestRenewAt:
		return bad("RenewAt", fmt.Sprintf("must be above 0 and at most %v, not %v", latestRenewAt, o.RenewAt))
	case o.OnFailure < 0 || o.OnFailure > LetExpire:
		return bad("OnFailure", "must be GiveBack, RetryHere or LetExpire")
	case o.Poll < 0 || o.MaxPoll < 0:
		return bad("Poll", "must not be negative")
	case o.MaxAttempts != 0 && o.DeadLetter == "":
		return bad("MaxAttempts", "does nothing without a DeadLetter queue")
	case o.DeadLetterTTL != 0 && o.DeadLetter == "":
		return bad("DeadLetterTTL", "does nothing without a DeadLetter queue")
	case o.DeadLetter == q.name:
		return bad("DeadLetter", "must be another queue than the one that is consumed")
	case o.DeadLetter != "" && !legalName.MatchString(o.DeadLetter):
		return bad("DeadLetter", "must be the name of a queue")
	}
	for argument, d := range map[string]time.Duration{"TTL": o.TTL, "Grace": o.Grace, "DeadLetterTTL": o.DeadLetterTTL} {
		if d == 0 {
			continue
		}
		if _, err := seconds(opConsume, argument, d, MinTTL); err != nil {
			return err
		}
	}
	return nil
}

// backoff is the wait after failed attempts.
func (o ConsumerConfig) backoff() backoff.Backoff {
	return backoff.Backoff{First: o.Backoff, Most: o.MaxBackoff}
}

// poll is the wait after the queue was found empty.
func (o ConsumerConfig) poll() backoff.Backoff {
	return backoff.Backoff{First: o.Poll, Most: o.MaxPoll}
}

// again is the wait after a request failed that is worth another try.
var again = backoff.Backoff{First: 500 * time.Millisecond, Most: 10 * time.Second}
