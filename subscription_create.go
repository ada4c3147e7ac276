package zaqar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/url"
	"reflect"
	"time"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/plainjson"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// SubscriptionConfig says who is notified of a queue's messages, and how. It prints with
// the scheme and the host of the subscriber only, because the rest can be secret.
type SubscriptionConfig struct {
	// Subscriber is the URI that messages are sent to: http or https (a webhook; see
	// package webhook), trust+http or trust+https (a webhook that also gets a token),
	// or mailto. Servers may allow others.
	Subscriber string
	// TTL is how long the subscription lasts: whole seconds, at least [MinTTL].
	// Defaults to the server's, an hour. [Subscription.Update] prolongs it.
	TTL time.Duration
	// Options say how the subscriber is notified.
	Options SubscriptionOptions
}

// String returns "<SubscriptionConfig https://hooks.example.com ttl:3600 <…>>".
func (c SubscriptionConfig) String() string {
	return fmt.Sprintf("<SubscriptionConfig %s ttl:%d %s>", auth.RedactURI(c.Subscriber), int64(c.TTL/time.Second), c.Options)
}

// Format prints the text of String for every verb and flag.
func (c SubscriptionConfig) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// MarshalText returns the text of String.
func (c SubscriptionConfig) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// LogValue logs the text of String.
func (c SubscriptionConfig) LogValue() slog.Value { return slog.StringValue(c.String()) }

// params checks the configuration and renders it. It omits empty options: with null
// servers accept the subscription and deliver nothing (quirk 19).
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

// checkSubscriber does not show the URI: it may contain secrets.
func checkSubscriber(op wire.Op, uri string) error {
	if u, err := url.Parse(uri); err == nil && u.Scheme != "" {
		return nil
	}
	return &ArgumentError{
		Op: string(op), Argument: "Subscriber",
		Rule: `must be a URI, such as "https://receiver.example.com/zaqar" or "mailto:a@example.com"`,
	}
}

// CreateSubscription subscribes somebody to the queue. From now on the server sends
// the subscriber each message that is posted, in a request of its own and in no
// particular order. The message stays in the queue as well. The queue is created if
// it does not exist. The server must be set up to deliver. If it requires
// confirmation, it sends no messages before the subscriber has confirmed, which
// package webhook does.
//
// A queue has at most one subscription for each subscriber. If there is one already,
// the server does not change it, and [Subscription.Created] is false.
// [Subscription.Update] changes it. There are two cases:
//
//   - It was not confirmed: the server asks the subscriber again to confirm (quirk
//     19). CreateSubscription succeeds if the TTL and the options are those asked
//     for. Otherwise it returns the existing one with an error that matches
//     [ErrExists].
//   - It was confirmed, or the call went over the WebSocket: CreateSubscription
//     returns the existing one with an error that matches [ErrExists] and
//     [ErrConflict].
//
// A second request reads the subscription, to tell the cases apart by its age. An
// existing one with the same settings that is less than about a second old is taken
// for new. If this request fails, the subscription is returned with the error.
//
// CreateSubscription is idempotent, also after a 503. Servers that store in Redis
// answer 503 to the first subscription after another one has ended (quirk 36). It
// blocks for two requests. V2 only.
func (q *Queue) CreateSubscription(ctx context.Context, config SubscriptionConfig) (*Subscription, error) {
	p, err := config.params()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	r, err := q.call(ctx, wire.SubscriptionCreate, p)
	if e, ok := errors.AsType[*Error](err); ok && errors.Is(err, ErrConflict) {
		s, err := q.subscribed(ctx, config, e)
		if s != nil && e.MayHaveActed() && s.isYoung(start) && config.describes(s) {
			s.created = true // by an earlier attempt of this call, whose answer was lost
			return s, nil
		}
		return s, err
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
	young := s.isYoung(start)
	asked := config.describes(s)
	s.created = young && asked
	if !asked {
		return s, &Error{Op: string(wire.SubscriptionCreate), Queue: q.name, Err: s.exists(" with another TTL or other options")}
	}
	return s, nil
}

// isYoung reports whether a subscription may have been made after start. Servers compute
// ages from times in whole seconds.
func (s *Subscription) isYoung(start time.Time) bool {
	return time.Duration(s.read().Age) < time.Since(start)+time.Second
}

// describes reports whether a subscription is configured like this. A trust that was
// not asked for is the server's own.
func (c SubscriptionConfig) describes(s *Subscription) bool {
	// A TTL that is read is at most wire.MaxSeconds.
	if c.TTL != 0 && min(c.TTL, time.Duration(wire.MaxSeconds)) != s.TTL() {
		return false
	}
	want, err := c.Options.content(wire.SubscriptionCreate)
	if err != nil {
		return false
	}
	_, ownTrust := want[keyTrustID]
	// Options can also be written in Extra, under their keys.
	encoded, err := plainjson.Marshal(want)
	if err != nil {
		return false
	}
	want, wantErr := readOptions(encoded).content(wire.SubscriptionCreate)
	got, err := s.Options().content(wire.SubscriptionCreate)
	if !ownTrust {
		delete(got, keyTrustID)
	}
	return wantErr == nil && err == nil && reflect.DeepEqual(want, got)
}

// subscribed finds the existing subscription that a new one conflicts with.
func (q *Queue) subscribed(ctx context.Context, config SubscriptionConfig, conflict *Error) (*Subscription, error) {
	for s, err := range q.Subscriptions(ctx) {
		if err != nil {
			conflict.Err = fmt.Errorf("cannot find the existing subscription: %w", err)
			return nil, conflict
		}
		if s.Subscriber() == config.Subscriber {
			conflict.Err = s.exists("")
			return s, conflict
		}
	}
	return nil, conflict
}

// existsError matches ErrExists with a text of its own.
type existsError struct{ text string }

func (e *existsError) Error() string { return e.text }

func (e *existsError) Is(target error) bool { return target == ErrExists }

func (s *Subscription) exists(how string) error {
	return &existsError{"the subscriber already has subscription " + s.ID() + how + ": change it with Subscription.Update"}
}

// Subscriptions lists the queue's subscriptions, sorted by id. It is lazy: the loop
// fetches one page at a time and blocks while it does. Leave the loop when you have
// enough. An error is yielded once, as the last item. A queue that does not exist has
// none.
//
// [Limit] is the total number of subscriptions, [PageSize] the number in one request,
// and [Marker] starts after an id. V2 only.
func (q *Queue) Subscriptions(ctx context.Context, options ...SubscriptionsOption) iter.Seq2[*Subscription, error] {
	list := listing{op: wire.SubscriptionList, queue: q.name, observer: q.connection().observer}
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

// Subscription reads a subscription by its id. If it does not exist, the error
// matches [ErrNotFound]. V2 only.
func (q *Queue) Subscription(ctx context.Context, id string) (*Subscription, error) {
	s := newSubscription(q, wire.Subscription{ID: id})
	if err := s.Reload(ctx); err != nil {
		return nil, err
	}
	return s, nil
}
