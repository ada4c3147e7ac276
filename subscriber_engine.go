package zaqar

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
)

// limited gives a call the client's time limit, also when ctx has a later deadline.
func (c *Conn) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.timeout > 0 {
		return context.WithTimeout(ctx, c.timeout)
	}
	return context.WithCancel(ctx)
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
	if e, ok := errors.AsType[*Error](err); ok && e.Code == http.StatusConflict {
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
	_, err := s.conn.call(ctx, wire.Ping, nil)
	return err
}

func (s pushServer) Observe(ctx context.Context, e observe.Event) { s.conn.watch.tell(ctx, e) }
