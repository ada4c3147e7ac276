package push

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/observe"
)

const (
	// lifetime is how long the server keeps a subscription that is not renewed. It is
	// short, because a subscription whose connection is dead blocks a thread of the
	// server with each message.
	lifetime = 2 * time.Minute
	// renewal is when a subscription is renewed, or up to a quarter earlier.
	renewal = lifetime * 5 / 6
	// longestRetry is the longest wait after a failure, refusalRetry the wait after a
	// refusal.
	longestRetry = 30 * time.Second
	refusalRetry = 10 * time.Minute
	// deleteLimit bounds the deletion of a subscription that nobody uses any more.
	deleteLimit = 5 * time.Second
)

// subscription keeps the server's subscription of the connection to a queue alive while
// somebody listens to the queue.
type subscription struct {
	server     Server
	connection *connection
	queue      string
	cancel     context.CancelFunc
	done       chan struct{} // closed when the server's subscription is deleted

	mu        sync.Mutex
	listeners map[Listener]bool
	live      bool

	// Used by its goroutine alone:
	id        string // "" when it is not known
	session   uint64 // the connection that it belongs to
	renewable bool   // whether the transport can renew it
	retries   backoff.Backoff
}

func newSubscription(server Server, c *connection, queue string) *subscription {
	return &subscription{
		server: server, connection: c, queue: queue, done: make(chan struct{}),
		listeners: map[Listener]bool{}, renewable: true,
		retries: backoff.Backoff{First: time.Second, Most: longestRetry},
	}
}

// start begins as soon as before is closed (nil: at once). It calls ended at the end.
func (s *subscription) start(before <-chan struct{}, ended func()) {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go func() {
		defer close(s.done)
		if before != nil {
			<-before
		}
		s.keepAlive(ctx)
		s.delete(ctx)
		ended()
	}()
}

// keepAlive subscribes on each new connection, and renews before the subscription ends.
func (s *subscription) keepAlive(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		session, changed := s.connection.current()
		if session == 0 {
			s.setLive(false)
			await(ctx, changed, 0)
			continue
		}
		err := s.refresh(ctx, session)
		wait := backoff.Jittered(renewal)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			failures = 0
			s.setLive(true)
			if s.id == "" {
				wait = longestRetry // it was made earlier, and may end sooner
			}
		case fault.Permanent(err) && !errors.Is(err, fault.Foreign):
			s.setLive(false)
			s.report(ctx, err)
			wait = refusalRetry
		default:
			if failures++; failures == 1 {
				s.report(ctx, err)
			}
			s.setLive(false)
			wait = max(s.retries.Delay(failures), s.server.RetryAfter(err))
		}
		await(ctx, changed, wait)
	}
}

// refresh makes or renews the subscription of a connection. It deletes the one of an
// earlier connection.
func (s *subscription) refresh(ctx context.Context, session uint64) error {
	if s.id != "" && s.session == session {
		if err := s.renew(ctx); err == nil || !errors.Is(err, fault.NotFound) {
			return err
		}
		s.id = ""
	}
	old := s.id
	id, err := s.server.Subscribe(ctx, s.queue, lifetime)
	if err != nil {
		return err
	}
	s.id, s.session = id, session
	if old != "" && old != id {
		_ = s.server.Unsubscribe(ctx, s.queue, old) // if that fails, it soon ends by itself
	}
	return nil
}

// renew prolongs the subscription. Where the transport cannot, it makes a new one.
func (s *subscription) renew(ctx context.Context) error {
	if s.renewable {
		err := s.server.Renew(ctx, s.queue, s.id, lifetime)
		if !errors.Is(err, fault.Unsupported) {
			return err
		}
		s.renewable = false
	}
	if err := s.server.Unsubscribe(ctx, s.queue, s.id); err != nil {
		return err
	}
	id, err := s.server.Subscribe(ctx, s.queue, lifetime)
	s.id = id
	if err == nil {
		s.wake(false) // nothing was pushed in between
	}
	return err
}

// delete removes the subscription from the server. Without a connection it soon ends by
// itself.
func (s *subscription) delete(ctx context.Context) {
	if session, _ := s.connection.current(); s.id == "" || session == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteLimit)
	defer cancel()
	_ = s.server.Unsubscribe(ctx, s.queue, s.id)
}

func (s *subscription) report(ctx context.Context, err error) {
	s.server.Observe(ctx, observe.PushUnavailable{Queue: s.queue, Err: err})
}

// add lets a listener use the subscription.
func (s *subscription) add(l Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners[l] = true
	l.Live(s.live)
}

// remove reports whether the listener was the last one.
func (s *subscription) remove(l Listener) (last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.listeners[l] {
		return false
	}
	delete(s.listeners, l)
	return len(s.listeners) == 0
}

// setLive notes whether messages are pushed. When that changes, the listeners read the
// queue at once, since what came in between was not pushed.
func (s *subscription) setLive(live bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == live {
		return
	}
	s.live = live
	for l := range s.listeners {
		l.Live(live)
		l.Wake(false)
	}
}

// wake makes the listeners read the queue.
func (s *subscription) wake(pushed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.listeners {
		l.Wake(pushed)
	}
}
