package zaqar

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/consumer"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
)

// consumerQueue is a queue as the consumer's engine sees it.
type consumerQueue struct {
	queue  *Queue
	config ConsumerConfig // with its defaults
}

func (q consumerQueue) Name() string { return q.queue.name }

func (q consumerQueue) Claim(ctx context.Context, limit int) (consumer.Claim, error) {
	options := []ClaimOption{TTL(q.config.TTL), Grace(q.config.Grace)}
	if limit > 0 {
		options = append(options, Limit(limit))
	}
	claim, err := q.queue.Claim(sentOnce(ctx), options...)
	if errors.Is(err, ErrChecksum) {
		err = nil // the engine asks each message
	}
	if claim == nil || claim.Empty() {
		return nil, err // a nil interface, not a nil pointer in one
	}
	return consumerClaim{claim}, err
}

func (q consumerQueue) Delete(ctx context.Context, id, claim string) error {
	ctx = sentOnce(ctx)
	if claim == "" {
		return claimAnswer(q.queue.DeleteMessage(ctx, id))
	}
	return claimAnswer(q.queue.DeleteMessage(ctx, id, ClaimID(claim)))
}

// DeleteAll names the claims where the API version has them. Servers that demand them have
// that version.
func (q consumerQueue) DeleteAll(ctx context.Context, ids, claims []string) error {
	var options []DeleteOption
	if q.queue.connection().takes(wire.MessageDeleteMany, "claim_ids") {
		for _, id := range claims {
			options = append(options, ClaimID(id))
		}
	}
	return q.queue.DeleteMessages(sentOnce(ctx), ids, options...)
}

// Present reads the messages by their ids.
func (q consumerQueue) Present(ctx context.Context, ids []string) (map[string]bool, error) {
	present := map[string]bool{}
	err := q.queue.byIDs(sentOnce(ctx), listing{ids: (*IDs)(&ids)}, func(m *Message) bool {
		present[m.ID()] = true
		return true
	})
	return present, err
}

func (q consumerQueue) RetryAfter(err error) time.Duration { return askedToWait(err) }

func (q consumerQueue) Observe(ctx context.Context, e observe.Event) {
	q.queue.connection().observer.report(ctx, e)
}

// consumerClaim is a claim as the engine sees it.
type consumerClaim struct{ claim *Claim }

func (c consumerClaim) ID() string { return c.claim.id }

func (c consumerClaim) Messages() []consumer.Message {
	all := c.claim.Messages()
	messages := make([]consumer.Message, len(all))
	for i, m := range all {
		messages[i] = consumerMessage{m}
	}
	return messages
}

func (c consumerClaim) Extend(ctx context.Context, ttl, grace time.Duration) error {
	return c.claim.Update(sentOnce(ctx), TTL(ttl), Grace(grace))
}

func (c consumerClaim) Release(ctx context.Context) error { return c.claim.Release(sentOnce(ctx)) }

// consumerMessage is a message as the engine sees it.
type consumerMessage struct{ message *Message }

func (m consumerMessage) ID() string { return m.message.ID() }

func (m consumerMessage) TTL() time.Duration { return m.message.TTL() }

func (m consumerMessage) Age() time.Duration { return m.message.Age() }

func (m consumerMessage) Body() []byte { return m.message.Body() }

func (m consumerMessage) Verify() error { return m.message.queue.connection().verify(m.message) }

func (m consumerMessage) Rebind(newer consumer.Message) {
	m.message.state.Store(publicMessage(newer).state.Load())
}

// publicMessage returns the message that the engine has.
func publicMessage(m consumer.Message) *Message { return m.(consumerMessage).message }

// engine returns the configuration for the engine. o has its defaults.
func (o ConsumerConfig) engine(q *Queue) consumer.Config {
	size := o.ClaimSize
	if size == Adaptive {
		size = adaptiveClaimSize
	}
	return consumer.Config{
		Workers:        o.Workers,
		ClaimSize:      size,
		Adaptive:       o.ClaimSize == Adaptive,
		Prefetch:       o.Prefetch,
		MaxHeld:        o.MaxHeld,
		MaxWaiting:     o.MaxWaiting,
		TTL:            o.TTL,
		Grace:          o.Grace,
		ExtendAt:       o.RenewAt,
		OnFailure:      consumer.Policy(o.OnFailure),
		Backoff:        backoff.Backoff{First: o.Backoff, Most: o.MaxBackoff},
		DeadLetter:     o.DeadLetter,
		MaxAttempts:    o.MaxAttempts,
		Poll:           backoff.Backoff{First: o.Poll, Most: o.MaxPoll},
		StopTimeout:    o.StopTimeout,
		RequestTimeout: q.connection().timeout,
		GiveUpAfter:    o.GiveUpAfter,
		HandlerTimeout: o.HandlerTimeout,
		MaxExtension:   o.MaxExtension,
		Classify:       classify,
		PanicError: func(value any, stack []byte) error {
			return &PanicError{Value: value, Stack: stack}
		},
	}
}

// classify says what the error of a handler asks for.
func classify(err error) consumer.Failure {
	var failure consumer.Failure
	_, failure.Permanent = errors.AsType[*permanentError](err)
	if retry, ok := errors.AsType[*retryAfterError](err); ok {
		failure.HasWait, failure.Wait, failure.NotNow = true, retry.wait, retry.err == nil
	}
	if p, ok := errors.AsType[*PanicError](err); ok {
		failure.Panic = &consumer.Panic{Value: p.Value, Stack: p.Stack}
	}
	return failure
}

// verdicts says what an answer means for a request that settles a message. All other
// answers pass, also 408, 425 and 429.
var verdicts = map[int]consumer.Verdict{
	http.StatusBadRequest:            consumer.Final,
	http.StatusUnauthorized:          consumer.Refused,
	http.StatusForbidden:             consumer.Refused, // of which Delete has told those about claims
	http.StatusNotFound:              consumer.Final,
	http.StatusConflict:              consumer.Final,
	http.StatusRequestEntityTooLarge: consumer.Final,
}

// Judge says what the error of a settlement means.
func (q consumerQueue) Judge(err error) consumer.Verdict {
	if q.Hopeless(err) {
		return consumer.Final
	}
	switch e, ok := errors.AsType[*Error](err); {
	case ok && e.foreign && e.Code != http.StatusForbidden: // what a proxy forbids, it may go on to forbid
		return consumer.Passing
	case ok && e.Code != 0:
		return verdicts[e.Code]
	}
	if errors.Is(err, ErrUnauthorized) { // Keystone has refused
		return consumer.Refused
	}
	return consumer.Passing
}

// Hopeless reports whether the error was found on this side, and will be found again.
func (q consumerQueue) Hopeless(err error) bool {
	if _, ours := errors.AsType[*ArgumentError](err); ours {
		return true
	}
	return errors.Is(err, ErrUnsupported) || errors.Is(err, ErrClosed) || errors.Is(err, auth.ErrNotCovered) || errors.Is(err, auth.ErrExpired)
}

// RefusesLimit is about the server's answer only: ErrInvalid also matches an
// ArgumentError.
func (q consumerQueue) RefusesLimit(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.refusesLimit()
}

// claimAnswer returns the error of a deletion such that only an answer that speaks of a
// claim matches ErrClaimLost. A 403 can also come from a policy or a proxy.
func claimAnswer(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code != http.StatusForbidden {
		return err
	}
	told := *e
	told.claimed = aboutClaim(e)
	return &told
}

// aboutClaim reports whether a refusal to delete says that another claim holds the
// message.
func aboutClaim(e *Error) bool {
	return strings.Contains(strings.ToLower(e.Title+" "+e.Description), "claim")
}
