package zaqar

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"reflect"
	"time"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// SubscriptionConfig says who is to be told of a queue's messages, and how.
type SubscriptionConfig struct {
	// Subscriber is where the messages go, a URI: http or https (a webhook, see
	// package webhook), trust+http or trust+https (a webhook that gets a token along),
	// or mailto. Servers may allow others.
	Subscriber string
	// TTL is how long the subscription lasts: whole seconds, at least [MinTTL]. The
	// default is the server's, an hour. [Subscription.Update] renews it.
	TTL time.Duration
	// Options are how the subscriber wants to be told.
	Options SubscriptionOptions
}

// params checks the configuration and renders it. Options are left out where there
// are none: with null servers accept the subscription and deliver nothing (quirk 19).
func (c SubscriptionConfig) params() (wire.Params, error) {
	if err := checkSubscriber(wire.SubscriptionCreate, c.Subscriber); err != nil {
		return nil, err
	}
	p := wire.Params{"subscriber": c.Subscriber}
	if c.TTL != 0 {
		ttl, err := seconds(wire.SubscriptionCreate, "TTL", c.TTL, MinTTL)
		if err != nil {
			return nil, err
		}
		p["ttl"] = ttl
	}
	options, err := c.Options.content(wire.SubscriptionCreate)
	if err != nil {
		return nil, err
	}
	if len(options) > 0 {
		p["options"] = options
	}
	return p, nil
}

// checkSubscriber tells no part of the URI: it can hold secrets.
func checkSubscriber(op wire.Op, uri string) error {
	if u, err := url.Parse(uri); err == nil && u.Scheme != "" {
		return nil
	}
	return &ArgumentError{
		Op: string(op), Argument: "Subscriber",
		Rule: `must be a URI, such as "https://receiver.example.com/zaqar" or "mailto:a@example.com"`,
	}
}

// CreateSubscription subscribes somebody to the queue: from now on the server sends
// each message that is posted to the subscriber, on its own and in no certain order,
// and keeps it in the queue as well. The queue is created if it does not exist. A
// server delivers only if it is set up to, and one that requires confirmation sends
// the subscriber no messages before it has confirmed; package webhook does that.
//
// A queue has one subscription for each subscriber. Where there is one already, the
// server leaves it as it is, and [Subscription.Created] of what is returned is false.
// If it was not confirmed, the server asks the subscriber again to confirm, and
// CreateSubscription succeeds (quirk 19), unless the other one has another TTL or
// other options: then it returns the other one with an error that matches [ErrExists].
// If it was confirmed, or over the WebSocket, the other one is returned with an error
// that matches [ErrExists] and [ErrConflict]. [Subscription.Update] changes it.
//
// The subscription is read once it is made, to tell which case it was: by its age. One
// that was made less than about a second before, and with the same settings, cannot be
// told from a new one. When the reading fails, the subscription is returned with the error.
//
// It may be repeated safely, also after a 503, with which servers that store in Redis
// greet the first who subscribes after a subscription has ended (quirk 36). Blocks for
// two requests. V2 only.
func (q *Queue) CreateSubscription(ctx context.Context, config SubscriptionConfig) (*Subscription, error) {
	p, err := config.params()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	r, err := q.call(ctx, wire.SubscriptionCreate, p)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == http.StatusConflict {
		return q.subscribed(ctx, config, e)
	}
	if err != nil {
		return nil, err
	}
	id, err := decode(r, wire.DecodeSubscribed)
	if err != nil {
		return nil, err
	}
	s := newSubscription(q, wire.Subscription{ID: id, Source: q.name, Subscriber: config.Subscriber, TTL: wire.Seconds(config.TTL)})
	if err := s.Reload(ctx); err != nil {
		return s, err
	}
	// Servers count ages in whole seconds, from whole seconds.
	young := time.Duration(s.state.Load().Age) < time.Since(start)+time.Second
	asked := config.describes(s)
	s.created = young && asked
	if !asked {
		return s, &Error{Op: string(wire.SubscriptionCreate), Queue: q.name, Err: s.exists("with another TTL or other options")}
	}
	return s, nil
}

// describes reports whether a subscription is as it was configured. A trust that was
// not asked for is the server's own.
func (c SubscriptionConfig) describes(s *Subscription) bool {
	if c.TTL != 0 && c.TTL != s.TTL() {
		return false
	}
	has := s.Options()
	if c.Options.TrustID == "" {
		has.TrustID = ""
	}
	want, err := c.Options.content(wire.SubscriptionCreate)
	if err != nil {
		return false
	}
	got, err := has.content(wire.SubscriptionCreate)
	return err == nil && reflect.DeepEqual(want, got)
}

// subscribed finds the subscription that is in the way of a new one.
func (q *Queue) subscribed(ctx context.Context, config SubscriptionConfig, conflict *Error) (*Subscription, error) {
	for s, err := range q.Subscriptions(ctx) {
		if err != nil {
			conflict.Err = fmt.Errorf("and the subscription that there is was not found: %w", err)
			return nil, conflict
		}
		if s.Subscriber() == config.Subscriber {
			conflict.Err = s.exists("already")
			return s, conflict
		}
	}
	return nil, conflict
}

// existsError is something that is there already, in other words than those of
// ErrExists.
type existsError struct{ text string }

func (e *existsError) Error() string { return e.text }

func (e *existsError) Is(target error) bool { return target == ErrExists }

func (s *Subscription) exists(how string) error {
	return &existsError{"the subscriber has subscription " + s.ID() + " " + how + ": change it with Subscription.Update"}
}

// Subscriptions lists the queue's subscriptions, by id. It is lazy: pages are fetched
// as the loop goes on, and leaving the loop ends it. An error is yielded once, last.
//
// [Limit] is the number of subscriptions in all, [PageSize] that of one request,
// [Marker] starts behind an id. A queue that does not exist has none. V2 only.
func (q *Queue) Subscriptions(ctx context.Context, options ...SubscriptionsOption) iter.Seq2[*Subscription, error] {
	list := listing{op: wire.SubscriptionList, queue: q.name}
	for _, option := range options {
		option.applySubscriptions(&list)
	}
	return paginate(ctx, list, func(ctx context.Context, p wire.Params) (page[*Subscription], error) {
		r, err := q.call(ctx, wire.SubscriptionList, p)
		if err != nil {
			return page[*Subscription]{}, err
		}
		found, err := decode(r, wire.DecodeSubscriptions)
		if err != nil {
			return page[*Subscription]{}, err
		}
		result := page[*Subscription]{next: found.Next}
		for _, s := range found.Subscriptions {
			result.add(s.ID, newSubscription(q, s))
		}
		return result, nil
	})
}

// Subscription reads one subscription by its id. One that does not exist is an error
// that matches [ErrNotFound]. V2 only.
func (q *Queue) Subscription(ctx context.Context, id string) (*Subscription, error) {
	s := newSubscription(q, wire.Subscription{ID: id})
	if err := s.Reload(ctx); err != nil {
		return nil, err
	}
	return s, nil
}
