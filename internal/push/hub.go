// Package push wakes those who read a queue when the service announces a message over
// a WebSocket. For that it keeps the server's subscriptions of the connection.
package push

import (
	"context"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
)

// Server is the service as a [Hub] needs it. Each call has a time limit of its own.
type Server interface {
	// Subscribe makes a subscription of the connection to a queue. The id is "" when
	// the connection has one already, whose id is not known.
	Subscribe(ctx context.Context, queue string, ttl time.Duration) (id string, err error)
	// Renew prolongs a subscription. The error matches fault.Unsupported when the
	// transport cannot, and fault.NotFound when the subscription has ended.
	Renew(ctx context.Context, queue, id string, ttl time.Duration) error
	// Unsubscribe deletes a subscription.
	Unsubscribe(ctx context.Context, queue, id string) error
	// Ping sends a request that needs a connection.
	Ping(ctx context.Context) error
	// RetryAfter returns how long the server asked to wait after an error.
	RetryAfter(err error) time.Duration
	// Observe reports an event.
	Observe(ctx context.Context, e observe.Event)
}

// Listener reads a queue. Its methods must return at once, and must not call the hub.
type Listener interface {
	// Wake asks the listener to read the queue now: because a message was pushed, or
	// because messages may have been posted while nothing was pushed.
	Wake(pushed bool)
	// Live says whether the queue's messages are pushed from now on.
	Live(live bool)
}

// Hub wakes the listeners of a client when the transport reports a push. The server
// has one subscription for each queue and connection, so listeners of the same queue
// share it. A hub without listeners has no goroutine. It is safe for concurrent use.
type Hub struct {
	server     Server
	notifier   transport.Notifier // nil: nothing is ever pushed
	connection connection

	membership sync.Mutex // held while a listener joins or leaves
	stop       func()     // stops following the transport

	mu            sync.Mutex
	subscriptions map[string]*subscription   // by queue
	ending        map[string]<-chan struct{} // by queue; closed when the old subscription is deleted
}

// New returns a hub for the notices of a transport. If the transport gives none, Join
// and Leave do nothing.
func New(server Server, t transport.Transport) *Hub {
	notifier, _ := t.(transport.Notifier)
	return &Hub{
		server: server, notifier: notifier, connection: connection{changed: make(chan struct{})},
		subscriptions: map[string]*subscription{}, ending: map[string]<-chan struct{}{},
	}
}

// Join wakes a listener at each push of a queue until it leaves. It does not wait for
// the server's subscription.
func (h *Hub) Join(queue string, l Listener) {
	if h.notifier == nil {
		return
	}
	h.membership.Lock()
	defer h.membership.Unlock()
	first := h.idle()
	if first {
		h.connection.set(0) // nobody has followed the transport since the last one left
	}
	h.subscribe(queue).add(l)
	if first {
		h.stop = h.follow()
	}
}

// Leave undoes Join: the listener is not called again. When it is the last of its
// queue, Leave deletes the server's subscription and waits for that, at most 5 seconds.
func (h *Hub) Leave(queue string, l Listener) {
	if s := h.remove(queue, l); s != nil {
		s.cancel()
		<-s.done
	}
}

// remove returns the subscription if the listener was the last one to use it.
func (h *Hub) remove(queue string, l Listener) (unused *subscription) {
	h.membership.Lock()
	defer h.membership.Unlock()
	s := h.subscription(queue)
	if s == nil || !s.remove(l) {
		return nil
	}
	h.retire(s)
	if h.idle() {
		h.stop()
	}
	return s
}

// follow starts to follow the transport. It may make its connection only when a
// request needs one, and other requests may use HTTP, so ping until there is one. The
// transport reconnects by itself.
func (h *Hub) follow() (stop func()) {
	unfollow := h.notifier.Notify(h.notice)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		retries := backoff.Backoff{First: time.Second, Most: longestRetry}
		for attempt := 1; ctx.Err() == nil; attempt++ {
			session, changed := h.connection.current()
			if session != 0 {
				return
			}
			err := h.server.Ping(ctx) // a notice reports the connection
			await(ctx, changed, max(retries.Delay(attempt), h.server.RetryAfter(err)))
		}
	}()
	return func() {
		cancel()
		<-done
		unfollow()
	}
}

// notice takes a notice of the transport.
func (h *Hub) notice(n transport.Notice) {
	switch n.Kind {
	case transport.Connected:
		h.connection.set(n.Session)
	case transport.Disconnected:
		h.connection.lost(n.Session)
	case transport.Pushed:
		for _, s := range h.pushed(n.Queue) {
			s.wake(true)
		}
	}
}

// pushed returns the subscriptions that a push can belong to: all of them when the push
// does not name its queue.
func (h *Hub) pushed(queue string) []*subscription {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []*subscription
	for name, s := range h.subscriptions {
		if queue == name || queue == "" {
			found = append(found, s)
		}
	}
	return found
}

// idle reports whether nobody listens.
func (h *Hub) idle() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subscriptions) == 0
}

// subscription returns the subscription to a queue, nil if there is none.
func (h *Hub) subscription(queue string) *subscription {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.subscriptions[queue]
}

// subscribe returns the subscription to a queue, and starts one if there is none. A new
// one waits until the old one of the same queue is deleted.
func (h *Hub) subscribe(queue string) *subscription {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.subscriptions[queue]
	if s == nil {
		s = newSubscription(h.server, &h.connection, queue)
		s.start(h.ending[queue], func() { h.ended(s) })
		h.subscriptions[queue] = s
	}
	return s
}

// retire takes a subscription out of use.
func (h *Hub) retire(s *subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.subscriptions, s.queue)
	h.ending[s.queue] = s.done
}

// ended forgets a subscription that has ended.
func (h *Hub) ended(s *subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ending[s.queue] == s.done {
		delete(h.ending, s.queue)
	}
}
