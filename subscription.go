package zaqar

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// Subscription is somebody's wish to be told of a queue's messages, kept by the
// server until its TTL is over. [Queue.CreateSubscription] makes one; [Subscriber] is
// something else, which lives in this process.
//
// Its properties are as of the last exchange with the server. A Subscription is safe
// for concurrent use. It prints without its subscriber, whose URI can hold secrets.
type Subscription struct {
	queue   *Queue
	id      string
	created bool
	state   atomic.Pointer[subscriptionState]
}

// subscriptionState is what was read last.
type subscriptionState struct {
	wire.Subscription
	since time.Time // when Age was right
}

func newSubscription(q *Queue, s wire.Subscription) *Subscription {
	subscription := &Subscription{queue: q, id: s.ID}
	subscription.state.Store(&subscriptionState{s, time.Now()})
	return subscription
}

// ID returns the subscription's id.
func (s *Subscription) ID() string { return s.id }

// Queue returns the queue that it is about.
func (s *Subscription) Queue() *Queue { return s.queue }

// Href returns the subscription's path from the service's root.
func (s *Subscription) Href() string { return s.queue.Href() + "/subscriptions/" + s.id }

// Created reports whether the [Queue.CreateSubscription] that returned it made it,
// rather than found it.
func (s *Subscription) Created() bool { return s.created }

// Subscriber returns the URI to which messages go.
func (s *Subscription) Subscriber() string { return s.state.Load().Subscriber }

// TTL returns how long the subscription lasts, counted from its creation or from the
// last update of its TTL.
func (s *Subscription) TTL() time.Duration { return time.Duration(s.state.Load().TTL) }

// Age returns the time since then. It goes on by the local clock from what the server
// told last, in whole seconds of the server's.
func (s *Subscription) Age() time.Duration {
	state := s.state.Load()
	return time.Duration(state.Age) + time.Since(state.since)
}

// Options returns how the subscriber wants to be told.
func (s *Subscription) Options() SubscriptionOptions { return readOptions(s.state.Load().Options) }

// Confirmed reports whether the subscriber has confirmed. Where servers do not require
// it, nobody confirms, and messages are delivered all the same.
func (s *Subscription) Confirmed() bool { return s.state.Load().Confirmed }

// String returns "<Subscription 7d0d…c1 of wot>", with the whole id.
func (s *Subscription) String() string { return "<Subscription " + s.id + " of " + s.queue.name + ">" }

// Reload reads the subscription again. One that was deleted, or whose TTL is over, is
// an error that matches [ErrNotFound].
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

// subscriptionChange is what the options of an update add up to.
type subscriptionChange struct{ params wire.Params }

// SubscriberURI is where messages go, as an option of [Subscription.Update].
type SubscriberURI string

func (o SubscriberURI) applySubscription(c *subscriptionChange) error {
	c.params["subscriber"] = string(o)
	return checkSubscriber(wire.SubscriptionUpdate, string(o))
}

func (o TTL) applySubscription(c *subscriptionChange) error {
	ttl, err := seconds(wire.SubscriptionUpdate, "TTL", time.Duration(o), MinTTL)
	c.params["ttl"] = ttl
	return err
}

// Update changes the subscription, and reads it again: a [TTL] makes it last so long
// from now on, [SubscriptionOptions] replace all its options (the zero value takes them
// away), and a [SubscriberURI] sends messages elsewhere. A subscriber that has a
// subscription of its own is an error that matches [ErrConflict].
//
// It must be called before the TTL is over to keep the subscription alive; afterwards
// the error matches [ErrNotFound]. V2 only, and not over the WebSocket.
func (s *Subscription) Update(ctx context.Context, changes ...SubscriptionChange) error {
	c := subscriptionChange{wire.Params{}}
	for _, change := range changes {
		if err := change.applySubscription(&c); err != nil {
			return err
		}
	}
	if len(c.params) == 0 {
		return &ArgumentError{Op: string(wire.SubscriptionUpdate), Argument: "the changes", Rule: "are missing"}
	}
	if _, err := s.call(ctx, wire.SubscriptionUpdate, c.params); err != nil {
		return err
	}
	return s.Reload(ctx)
}

// Confirm says for the subscriber that it wants the messages, or no longer wants them.
// The credentials of this client must allow it; a subscriber without an account
// confirms with what the server sent it, see package webhook. With false the server
// also tells the subscriber, and how to come back. V2 only, and not over the WebSocket.
func (s *Subscription) Confirm(ctx context.Context, wanted bool) error {
	if _, err := s.call(ctx, wire.SubscriptionConfirm, wire.Params{"confirmed": wanted}); err != nil {
		return err
	}
	for {
		old := s.state.Load()
		state := *old
		state.Confirmed = wanted
		if s.state.CompareAndSwap(old, &state) {
			return nil
		}
	}
}

// Delete ends the subscription. It succeeds too when there is none. V2 only.
func (s *Subscription) Delete(ctx context.Context) error {
	_, err := s.call(ctx, wire.SubscriptionDelete, wire.Params{})
	return err
}

func (s *Subscription) call(ctx context.Context, op wire.Op, p wire.Params) (reply, error) {
	if s.id == "" {
		return reply{}, &ArgumentError{Op: string(op), Argument: "the subscription's id", Rule: "is empty"}
	}
	p["subscription_id"] = s.id
	return s.queue.call(ctx, op, p)
}
