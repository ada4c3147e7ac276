package zaqar

import (
	"context"
	"errors"
	"time"

	"github.com/zaqar-go/zaqar/internal/subscriber"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
)

// forEngine returns the config as internal/subscriber needs it.
func (c SubscriberConfig) forEngine(conn *Conn) subscriber.Config {
	return subscriber.Config{
		MinInterval: c.MinInterval, MaxInterval: c.MaxInterval, PushInterval: c.PushInterval,
		InFlight: c.InFlight, PageSize: int(c.PageSize), Remember: c.Remember,
		Push: conn.push, Closed: conn.closed,
	}
}

// forEngine returns the position as internal/subscriber needs it, and positionOf brings
// it back.
func (p Position) forEngine() subscriber.Position {
	return subscriber.Position{Marker: p.marker, Recent: p.recent, Since: p.since, Reached: p.reached, Served: p.served, Now: p.now}
}

func positionOf(p subscriber.Position) Position {
	return Position{marker: p.Marker, recent: p.Recent, since: p.Since, reached: p.Reached, served: p.Served, now: p.Now}
}

// subscribedQueue is a queue as internal/subscriber needs it. Its messages are of type
// *Message.
type subscribedQueue struct{ queue *Queue }

func (q subscribedQueue) Name() string { return q.queue.name }

// Page asks for the server's own page size when the limit is refused: the operator may
// allow less than 20.
func (q subscribedQueue) Page(ctx context.Context, look subscriber.Look) (subscriber.Page, error) {
	ctx, cancel := q.queue.connection().limited(ctx)
	defer cancel()
	params := q.params(look)
	var page subscriber.Page
	found, err := q.queue.messagesPage(ctx, params, 0)
	if e, ok := errors.AsType[*Error](err); ok && e.refusesLimit() && look.Limit > 0 {
		page.LimitRefused = true
		delete(params, "limit")
		found, err = q.queue.messagesPage(ctx, params, 0)
	}
	page.Next, page.Cut, page.Time = found.next, found.cut, found.served
	for _, m := range found.items {
		page.Messages = append(page.Messages, m)
	}
	return page, err
}

// params asks for everything that the server can list, except at the head of the queue,
// see subscriber.Look.
func (q subscribedQueue) params(look subscriber.Look) wire.Params {
	p := wire.Params{"echo": true}
	if q.queue.connection().takes(wire.MessageList, "include_delayed") {
		p["include_delayed"] = true
	}
	if look.Limit > 0 {
		p["limit"] = look.Limit
	}
	if look.Head {
		return p
	}
	p["include_claimed"], p["marker"] = true, look.Marker
	if look.Marker == "" || wire.IsObjectID(look.Marker) {
		// Behind an object id MongoDB lists nothing (quirk 48). A position has one as its
		// marker if it was saved before the library knew that.
		p["marker"] = beginning
	}
	return p
}

func (q subscribedQueue) Hopeless(err error) bool {
	_, ours := errors.AsType[*ArgumentError](err)
	return ours || errors.Is(err, ErrUnsupported) || errors.Is(err, ErrClosed)
}

func (q subscribedQueue) RetryAfter(err error) time.Duration { return askedToWait(err) }

func (q subscribedQueue) Observe(ctx context.Context, e observe.Event) {
	q.queue.connection().observer.report(ctx, e)
}

// pushServer is the service as internal/push needs it.
type pushServer struct{ conn *Conn }

func (s pushServer) queue(name string) *Queue { return &Queue{conn: s.conn, name: name} }

// Subscribe returns no id for a conflict: the connection is subscribed, and the answer
// to an earlier attempt was lost.
func (s pushServer) Subscribe(ctx context.Context, queue string, ttl time.Duration) (id string, err error) {
	ctx, cancel := s.conn.limited(ctx)
	defer cancel()
	r, err := s.queue(queue).call(ctx, wire.SubscriptionCreate, wire.Params{"ttl": wire.ToSeconds(ttl)})
	if errors.Is(err, ErrConflict) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return decode(r, wire.DecodeSubscribed)
}

// Renew is not supported by a WebSocket without HTTP beside it.
func (s pushServer) Renew(ctx context.Context, queue, id string, ttl time.Duration) error {
	ctx, cancel := s.conn.limited(ctx)
	defer cancel()
	_, err := s.queue(queue).call(ctx, wire.SubscriptionUpdate, wire.Params{"subscription_id": id, "ttl": wire.ToSeconds(ttl)})
	return err
}

func (s pushServer) Unsubscribe(ctx context.Context, queue, id string) error {
	ctx, cancel := s.conn.limited(ctx)
	defer cancel()
	_, err := s.queue(queue).call(ctx, wire.SubscriptionDelete, wire.Params{"subscription_id": id})
	return err
}

func (s pushServer) Ping(ctx context.Context) error {
	_, err := s.conn.call(sentOnce(ctx), wire.Ping, nil)
	return err
}

func (s pushServer) RetryAfter(err error) time.Duration { return askedToWait(err) }

func (s pushServer) Observe(ctx context.Context, e observe.Event) { s.conn.observer.report(ctx, e) }

// limited gives a call of an engine the client's time limit, also when ctx has a later
// deadline. The call is sent once.
func (c *Conn) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx = sentOnce(ctx)
	if c.timeout > 0 {
		return context.WithTimeout(ctx, c.timeout)
	}
	return context.WithCancel(ctx)
}
