package zaqar

import (
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar/internal/consumer"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// FailurePolicy is what a [Consumer] does with a message whose handler failed, unless the
// message becomes a dead letter.
type FailurePolicy int

const (
	// GiveBack keeps the claim until the back-off is over and every other message of
	// the claim is settled, and then releases it. Whoever claims next tries again. If
	// another message of the claim waits for longer than twice the claim's TTL, the
	// message is tried again here.
	GiveBack FailurePolicy = iota + 1
	// RetryHere keeps the claim and passes the message to a handler of this consumer
	// again when the back-off is over. No claim is released, so servers that store in
	// Redis have no opportunity to hand a message out twice (quirk 5), and all attempts
	// at a message are counted in one place. When the consumer stops, the message is
	// given back.
	RetryHere
	// LetExpire neither releases the claim nor extends it. The message is free when the
	// claim expires, at most [ConsumerConfig.TTL] later; the back-off does not apply.
	// For Zaqar's own dead letters, servers that store in MongoDB count only claims that
	// end like this.
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

// ConsumerConfig configures a [Consumer]. The zero value is a good start: 8 workers, as many
// messages per claim as pay, and each message is tried until it succeeds.
type ConsumerConfig struct {
	// Workers is how many messages [Consumer.Run] handles at the same time, and how many
	// claims the consumer makes at the same time. Defaults to 8.
	Workers int

	// ClaimSize is the largest number of messages per claim. Defaults to [Adaptive], which
	// begins with claims of one, and doubles them up to 20 while they come back full and
	// handlers take less than a few round trips of a claim. It goes back to one, for a
	// while, when an attempt fails or takes longer than 5 seconds, when handlers become slow,
	// when a claim brings less than it could, when claiming or extending fails, and when
	// anything hints at a message that somebody else has, too. With an OnFailure of
	// [GiveBack] or [LetExpire] it stays at one. A claim for [Consumer.Next] or
	// [Consumer.Fetch] brings no more than these ask for, unless Run is running.
	//
	// With 1, a message that fails or takes long delays no other, and servers that store in
	// Redis never hand a message out twice (quirk 5). A larger number saves requests.
	// Servers allow 20 unless configured otherwise; if one refuses the number, its own default
	// is used, which is 10.
	ClaimSize int
	// Prefetch is how many messages may be claimed and wait for a worker, beyond those
	// that a worker waits for. Nobody else can work on them. Defaults to ClaimSize-1,
	// which is what remains of a claim that one worker asked for; and to one claim for each
	// worker of Run while handlers take less than a few round trips of a claim, so that quick
	// handlers do not wait for the service. From ClaimSize on, messages are claimed before a
	// worker is free, or before Next or Fetch is called. Negative means none.
	Prefetch int
	// MaxHeld is how many messages the consumer works on altogether: waiting for a worker,
	// being handled, and being deleted. At that number it stops claiming. Defaults to 100,
	// or to the sum of Workers, Prefetch and ClaimSize if that is more.
	MaxHeld int
	// MaxWaiting is how many messages may wait for their back-off, or for the rest of
	// their claim, beside MaxHeld. At that number the consumer stops claiming, and reports
	// observe.BacklogFull. A wait of more than twice the TTL does not count: the claim is
	// then extended by the wait itself, up to 12 hours at a time. Defaults to 5,000.
	MaxWaiting int

	// TTL is how long a claim lasts unless it is extended, like a visibility timeout:
	// after a crash its messages are free again after that time. Whole seconds, at least
	// [MinTTL]. Defaults to 2 minutes. A handler may take longer, since its claim is
	// extended while it works.
	TTL time.Duration
	// Grace is how much longer than their claim messages live at least. Whole seconds, at
	// least [MinTTL]. Defaults to [DefaultClaimGrace].
	Grace time.Duration
	// RenewAt is the share of TTL after which a claim is extended, above 0 and at most
	// 0.8. A random part of up to a third is taken off, so that many claims are not
	// extended at the same time. Defaults to 0.5.
	RenewAt float64

	// HandlerTimeout limits one attempt of a handler: its context then ends, with
	// [context.DeadlineExceeded]. The attempt counts as failed if the handler returns an
	// error. It does not apply to [Consumer.Next] and [Consumer.Fetch]. Defaults to no
	// limit.
	HandlerTimeout time.Duration
	// MaxExtension is how long the claim of a message is extended for one attempt, from
	// the beginning of the attempt. After that, the context of the attempt ends
	// ([ErrClaimLost]) and the claim ends by itself, so that a handler that hangs does not
	// keep its message for ever. It applies to deliveries of Next and Fetch as well. The
	// claim lasts longer if it brought other messages that are still needed: one that
	// [RetryAfter] puts off for hours keeps the message as long.
	// Defaults to 1 hour, as in other clients. Negative means no limit.
	MaxExtension time.Duration

	// OnFailure is what happens to a message whose handler failed. Defaults to [GiveBack]
	// with a ClaimSize of 1, and to [RetryHere] with a larger one. With Adaptive the
	// claim that brought the message decides: [RetryHere] if it brought more than one.
	OnFailure FailurePolicy
	// Backoff and MaxBackoff set the wait after a failed attempt. The wait is random,
	// between zero and a limit. The limit is Backoff after the first failure, and doubles
	// with each further one up to MaxBackoff. The claim is extended meanwhile. They default
	// to 1 second and 1 minute. A negative Backoff means no wait.
	Backoff, MaxBackoff time.Duration
	// DeadLetter is the name of the dead-letter queue, which receives the messages that
	// cannot be handled; see [DeadLetter] for their form. It is a different queue of the
	// same project. Defaults to none: messages are tried again until they succeed or
	// expire.
	DeadLetter string
	// MaxAttempts is how many attempts may fail before a message becomes a dead letter.
	// Servers do not report how often a message was claimed, so this consumer counts its
	// own attempts, in memory: another process starts at 1 again, and so does this one
	// after a restart. Defaults to 5. Negative means no limit, so that only [Permanent]
	// errors make dead letters. It needs DeadLetter.
	MaxAttempts int
	// DeadLetterTTL is how long dead letters live: whole seconds, at least [MinTTL].
	// Defaults to 14 days, the most that servers allow unless configured otherwise, or to
	// the queue's own default if the server refuses that. It needs DeadLetter.
	DeadLetterTTL time.Duration

	// BulkDelete has no effect.
	//
	// Deprecated: messages that are finished at about the same time are deleted together,
	// with any ClaimSize.
	BulkDelete bool

	// Poll and MaxPoll set the wait after the queue was found empty. The wait is random,
	// between zero and a limit, which is Poll at first and doubles up to MaxPoll. They
	// default to 100 milliseconds and 2 seconds.
	Poll, MaxPoll time.Duration
	// StopTimeout is how long Run waits for running handlers after its context has ended,
	// before it cancels their contexts. With Adaptive, messages that are claimed and not
	// begun are handled in this time, too. Run returns at most 2 seconds later. Defaults to
	// 30 seconds. Negative means without limit.
	StopTimeout time.Duration
	// GiveUpAfter is how long the service must refuse every claim ([ErrInvalid],
	// [ErrUnauthorized], [ErrForbidden], [ErrNotFound]) before Run, Next and Fetch end with
	// that error. There must be at least three refusals, one after the other, and nothing
	// else in between. Until the first claim has succeeded, 5 seconds are enough, so that a
	// wrong name or a missing role shows soon. What a proxy refuses in the service's place
	// ([ErrMalformed]) counts only until then. Defaults to 1 minute. Negative means never.
	GiveUpAfter time.Duration
}

const (
	defaultWorkers       = 8
	defaultClaimSize     = Adaptive
	adaptiveClaimSize    = 20 // the most that servers allow unless configured otherwise
	defaultMaxHeld       = 100
	defaultMaxWaiting    = 5000
	defaultMaxExtension  = time.Hour
	defaultGiveUpAfter   = time.Minute
	defaultMaxAttempts   = 5
	defaultConsumerTTL   = 2 * time.Minute
	defaultRenewAt       = 0.5
	latestRenewAt        = 0.8
	defaultStopTimeout   = 30 * time.Second
	defaultDeadLetterTTL = 14 * 24 * time.Hour
)

// opConsume is the operation that a consumer's own errors name.
const opConsume wire.Op = "consume"

// filled returns the configuration with its defaults, or an error if it is invalid.
func (o ConsumerConfig) filled(q *Queue) (ConsumerConfig, error) {
	if err := o.check(q); err != nil {
		return o, err
	}
	setDefault(&o.Workers, defaultWorkers)
	setDefault(&o.ClaimSize, defaultClaimSize)
	if o.ClaimSize == Adaptive && (o.OnFailure == GiveBack || o.OnFailure == LetExpire) {
		o.ClaimSize = 1
	}
	largest := o.ClaimSize
	if o.ClaimSize == Adaptive {
		largest = adaptiveClaimSize
	}
	switch {
	case o.Prefetch < 0:
		o.Prefetch = 0
	case o.Prefetch == 0:
		o.Prefetch = consumer.Automatic
	}
	setDefault(&o.MaxHeld, max(defaultMaxHeld, o.Workers+max(o.Prefetch, largest-1)+largest))
	setDefault(&o.MaxWaiting, defaultMaxWaiting)
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
	setDefault(&o.MaxExtension, defaultMaxExtension)
	setDefault(&o.GiveUpAfter, defaultGiveUpAfter)
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
	case o.ClaimSize < 0 && o.ClaimSize != Adaptive:
		return bad("ClaimSize", "must be Adaptive, or must not be negative")
	case o.MaxHeld < 0:
		return bad("MaxHeld", "must not be negative")
	case o.MaxWaiting < 0:
		return bad("MaxWaiting", "must not be negative")
	case o.HandlerTimeout < 0:
		return bad("HandlerTimeout", "must not be negative")
	case !(o.RenewAt >= 0 && o.RenewAt <= latestRenewAt): // not a comparison the other way, which NaN passes
		return bad("RenewAt", fmt.Sprintf("must be above 0 and at most %v, not %v", latestRenewAt, o.RenewAt))
	case o.OnFailure < 0 || o.OnFailure > LetExpire:
		return bad("OnFailure", "must be GiveBack, RetryHere or LetExpire")
	case o.Poll < 0 || o.MaxPoll < 0:
		return bad("Poll", "must not be negative")
	case o.MaxAttempts != 0 && o.DeadLetter == "":
		return bad("MaxAttempts", "has no effect without a DeadLetter queue")
	case o.DeadLetterTTL != 0 && o.DeadLetter == "":
		return bad("DeadLetterTTL", "has no effect without a DeadLetter queue")
	case o.DeadLetter == q.name:
		return bad("DeadLetter", "must not be the queue that is consumed")
	case o.DeadLetter != "" && !legalName(o.DeadLetter):
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
