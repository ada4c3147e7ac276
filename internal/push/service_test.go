package push_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

// service is a service that pushes, together with its transport.
type service struct {
	mu            sync.Mutex
	queues        map[string]*clienttest.Redis
	listeners     map[int]func(transport.Notice)
	lastListener  int
	session       uint64                  // of the connection, 0 while there is none
	subscriptions map[string]subscription // by id
	made          int                     // subscriptions so far
	most          int                     // subscriptions that a queue has had at once
	calls         []string                // "create q", "delete s1", …
	lists         int                     // requests for a page

	refuse int // the status of each create, if not 0

	retryAfter string        // of the refusals
	renews     bool          // whether subscriptions can be renewed, as over HTTP
	mute       bool          // pushes nothing
	storeAfter time.Duration // how long after its push a message is stored
}

type subscription struct {
	queue   string
	session uint64
	expires time.Time
}

func newService() *service {
	return &service{
		queues: map[string]*clienttest.Redis{}, listeners: map[int]func(transport.Notice){},
		subscriptions: map[string]subscription{}, session: 1,
	}
}

func subscribed(queue string, session uint64) subscription {
	return subscription{queue: queue, session: session, expires: time.Now().Add(2 * time.Minute)}
}

func (s *service) queueLocked(name string) *clienttest.Redis {
	if s.queues[name] == nil {
		s.queues[name] = clienttest.NewRedis()
	}
	return s.queues[name]
}

// Notify reports the connection at once, as transports may.
func (s *service) Notify(fn func(transport.Notice)) func() {
	s.mu.Lock()
	s.lastListener++
	n, session := s.lastListener, s.session
	s.listeners[n] = fn
	s.mu.Unlock()
	if session > 0 {
		fn(transport.Notice{Kind: transport.Connected, Session: session})
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.listeners, n)
	}
}

// tell gives a notice to all listeners.
func (s *service) tell(n transport.Notice) {
	s.mu.Lock()
	var all []func(transport.Notice)
	for _, fn := range s.listeners {
		all = append(all, fn)
	}
	s.mu.Unlock()
	for _, fn := range all {
		fn(n)
	}
}

// change sets fields while the service is in use.
func (s *service) change(set func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set()
}

func (s *service) Close() error { return nil }

func (s *service) Do(ctx context.Context, req *transport.Request) (*transport.Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, &transport.Error{Err: err}
	}
	name := strings.Split(req.Path, "/")[3]
	id := req.Path[strings.LastIndex(req.Path, "/")+1:]
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, sub := range s.subscriptions {
		if sub.expires.Before(time.Now()) {
			delete(s.subscriptions, id)
		}
	}
	switch req.Op {
	case "message_list":
		s.lists++
		return s.queueLocked(name).Answer(req)
	case "subscription_create":
		s.calls = append(s.calls, "create "+name)
		return s.createLocked(name)
	case "subscription_update":
		if !s.renews {
			return nil, fmt.Errorf("%w: no update", transport.ErrNoAction)
		}
		s.calls = append(s.calls, "update "+id)
		sub, ok := s.subscriptions[id]
		if !ok {
			return &transport.Response{Status: http.StatusNotFound, Body: refusal}, nil
		}
		s.subscriptions[id] = subscribed(sub.queue, sub.session)
	case "subscription_get":
		s.calls = append(s.calls, "get "+id)
	case "subscription_delete":
		s.calls = append(s.calls, "delete "+id)
		delete(s.subscriptions, id)
	}
	return &transport.Response{Status: http.StatusNoContent}, nil
}

// refusal is the body with which Zaqar refuses.
var refusal = []byte(`{"title":"No"}`)

func (s *service) createLocked(name string) (*transport.Response, error) {
	if s.refuse != 0 {
		return &transport.Response{Status: s.refuse, Header: http.Header{"Retry-After": {s.retryAfter}}, Body: refusal}, nil
	}
	n := 0
	for _, sub := range s.subscriptions {
		if sub.queue == name {
			n++
			if sub.session == s.session {
				return &transport.Response{Status: http.StatusConflict, Body: refusal}, nil
			}
		}
	}
	s.most = max(s.most, n+1)
	s.made++
	id := fmt.Sprintf("s%d", s.made)
	s.subscriptions[id] = subscribed(name, s.session)
	return &transport.Response{Status: http.StatusCreated, Body: []byte(`{"subscription_id":"` + id + `"}`)}, nil
}

// post pushes messages of the queue q and then stores them: at the same time, unless
// storeAfter is set.
func (s *service) post(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pushes := false
	for _, sub := range s.subscriptions {
		pushes = pushes || sub.queue == "q" && sub.session == s.session && sub.expires.After(time.Now())
	}
	if pushes && !s.mute {
		for range names {
			for _, fn := range s.listeners {
				fn(transport.Notice{Kind: transport.Pushed, Session: s.session, Queue: "q", Body: []byte(`{}`)})
			}
		}
	}
	if wait := s.storeAfter; wait > 0 {
		s.mu.Unlock()
		time.Sleep(wait)
		s.mu.Lock()
	}
	s.queueLocked("q").Post(names...)
}

// reconnect ends the connection and makes a new one after a while.
func (s *service) reconnect(after time.Duration) {
	s.mu.Lock()
	next := s.session + 1
	s.session = 0
	s.mu.Unlock()
	s.tell(transport.Notice{Kind: transport.Disconnected, Session: next - 1, Err: errors.New("gone")})
	time.Sleep(after)
	s.mu.Lock()
	s.session = next
	s.mu.Unlock()
	s.tell(transport.Notice{Kind: transport.Connected, Session: next})
}

// asked returns the calls about subscriptions since it was called last, and how many
// requests for a page there were.
func (s *service) asked() (calls []string, lists int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls, lists = s.calls, s.lists
	s.calls, s.lists = nil, 0
	return calls, lists
}
