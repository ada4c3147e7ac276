package zaqar

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// Subscription makes the server notify a subscriber, such as a webhook, of each
// message that is posted to a queue. The server keeps it until its TTL ends.
// [Queue.CreateSubscription] makes one. It is not a [Subscriber], which reads queues
// in this process.
//
// Its properties are as last read or written. A Subscription is safe for concurrent
// use. It prints without the subscriber, whose URI may contain secrets. V2 only.
type Subscription struct {
	queue   *Queue
	id      string
	created bool
	state   atomic.Pointer[subscriptionState]
}

// subscriptionState is the result of the last read.
type subscriptionState struct {
	wire.Subscription
	since time.Time // the time at which Age was right
}

// read returns the result of the last read.
func (s *Subscription) read() *subscriptionState {
	if read := s.state.Load(); read != nil {
		return read
	}
	return &subscriptionState{since: time.Now()} // of the zero Subscription
}

func newSubscription(q *Queue, s wire.Subscription) *Subscription {
	subscription := &Subscription{queue: q, id: s.ID}
	subscription.state.Store(&subscriptionState{s, time.Now()})
	return subscription
}

// ID returns the subscription's id.
func (s *Subscription) ID() string { return s.id }

// Queue returns the subscription's queue.
func (s *Subscription) Queue() *Queue { return orNone(s.queue) }

// Href returns the subscription's path from the service's root.
func (s *Subscription) Href() string { return orNone(s.queue).Href() + "/subscriptions/" + s.id }

// Created reports whether the [Queue.CreateSubscription] that returned it created the
// subscription. It is false if the subscription existed.
func (s *Subscription) Created() bool { return s.created }

// Subscriber returns the URI that the messages are sent to.
func (s *Subscription) Subscriber() string { return s.read().Subscriber }

// TTL returns how long the subscription lasts, counted from its creation or from the
// last update of its TTL.
func (s *Subscription) TTL() time.Duration { return time.Duration(s.read().TTL) }

// Age returns the time since its creation or the last update of its TTL. Servers that
// store in MongoDB count from its creation even after an update (quirk 51), so there it
// can be greater than [Subscription.TTL]. To know when to update the TTL again, keep the
// time of the last [Subscription.Update]. The age starts from the server's whole seconds
// and grows by the local clock.
func (s *Subscription) Age() time.Duration {
	state := s.read()
	return time.Duration(state.Age) + time.Since(state.since)
}

// Options returns how the subscriber is notified.
func (s *Subscription) Options() SubscriptionOptions { return readOptions(s.read().Options) }

// Confirmed reports whether the subscriber has confirmed. Where servers do not
// require that, nobody confirms, and messages are delivered all the same.
func (s *Subscription) Confirmed() bool { return s.read().Confirmed }

// String returns "<Subscription 7d0d…c1 of wot>", with the whole id.
func (s *Subscription) String() string {
	return "<Subscription " + s.id + " of " + orNone(s.queue).name + ">"
}

// Reload reads the subscription again. If it was deleted or its TTL is over, the
// error matches [ErrNotFound].
func (s *Subscription) Reload(ctx context.Context) error {
	start := time.Now()
	r, err := s.call(ctx, wire.SubscriptionGet, wire.Params{})
	if err != nil {
		return err
	}
	read, err := decode(r, wire.DecodeSubscription)
	if err != nil {
		return err
	}
	s.state.Store(&subscriptionState{read, start})
	return nil
}

// subscriptionChange collects the options of an update.
type subscriptionChange struct{ params wire.Params }

// SubscriberURI is the URI that messages are sent to, as an option of
// [Subscription.Update]. It prints with its scheme and its host only, because the rest
// can be secret. Convert it to a string for the whole URI.
type SubscriberURI string

// String returns the scheme and the host: "https://hooks.example.com".
func (o SubscriberURI) String() string { return auth.RedactURI(string(o)) }

// Format prints the text of String for every verb and flag.
func (o SubscriberURI) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, o.String()) }

// MarshalText returns the text of String.
func (o SubscriberURI) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// LogValue logs the text of String.
func (o SubscriberURI) LogValue() slog.Value { return slog.StringValue(o.String()) }

func (o SubscriberURI) applySubscription(c *subscriptionChange) error {
	c.params["subscriber"] = string(o)
	return checkSubscriber(wire.SubscriptionUpdate, string(o))
}

func (o TTL) applySubscription(c *subscriptionChange) error {
	ttl, err := seconds(wire.SubscriptionUpdate, "TTL", time.Duration(o), MinTTL)
	c.params["ttl"] = ttl
	return err
}

// Update changes the subscription and reads it again. A [TTL] makes it last that long
// from now on. [SubscriptionOptions] replace all its options; the zero value removes
// them. A [SubscriberURI] sends messages elsewhere; if that subscriber has a
// subscription to the queue already, the error matches [ErrConflict].
//
// To keep the subscription alive, update its TTL before it is over; afterwards the
// error matches [ErrNotFound]. Update blocks for two requests. V2 only, and HTTP
// only.
func (s *Subscription) Update(ctx context.Context, changes ...SubscriptionChange) error {
	c := subscriptionChange{wire.Params{}}
	for _, change := range changes {
		if err := change.applySubscription(&c); err != nil {
			return err
		}
	}
	if len(c.params) == 0 {
		return &ArgumentError{Op: string(wire.SubscriptionUpdate), Argument: "changes", Rule: "are missing: give at least one"}
	}
	if _, err := s.call(ctx, wire.SubscriptionUpdate, c.params); err != nil {
		return err
	}
	return s.Reload(ctx)
}

// Confirm confirms the subscription in the subscriber's place, or with false cancels
// the confirmation. The credentials of this client must allow that. A subscriber
// without an account confirms with what the server sent to it; see package webhook.
// After a cancellation the server notifies the subscriber of it, and of how to
// confirm again. V2 only, and HTTP only.
func (s *Subscription) Confirm(ctx context.Context, wanted bool) error {
	if _, err := s.call(ctx, wire.SubscriptionConfirm, wire.Params{"confirmed": wanted}); err != nil {
		return err
	}
	for {
		old := s.read()
		state := *old
		state.Confirmed = wanted
		if s.state.CompareAndSwap(old, &state) {
			return nil
		}
	}
}

// Delete deletes the subscription. It succeeds if there is none. V2 only.
func (s *Subscription) Delete(ctx context.Context) error {
	_, err := s.call(ctx, wire.SubscriptionDelete, wire.Params{})
	return err
}

func (s *Subscription) call(ctx context.Context, op wire.Op, p wire.Params) (reply, error) {
	if s.id == "" {
		return reply{}, &ArgumentError{Op: string(op), Argument: "subscription id", Rule: "is empty"}
	}
	p["subscription_id"] = s.id
	return orNone(s.queue).call(ctx, op, p)
}
