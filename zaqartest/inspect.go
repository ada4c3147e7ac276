package zaqartest

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// Seen is a request that the server got.
type Seen struct {
	// Time is when it came, by the server's clock.
	Time time.Time
	// Kind is the operation; the package comment lists the kinds.
	Kind string
	// Method and Path are those of the request, Path with its query. What came
	// through a WebSocket has the method WS.
	Method, Path string
	// Project is the one that the request was for, once that was known.
	Project string
	// ClientID is the Client-ID header as it was sent.
	ClientID string
	// Header is what the client sent, with "[redacted]" in place of tokens,
	// passwords and signatures.
	Header http.Header
	// Body is what the client sent. It is left out where it went to Keystone.
	Body []byte
	// Status is what the server answered; 0: not yet, or it cut the connection.
	Status int
	// Fault tells that an injected fault befell the request.
	Fault bool
}

const redacted = "[redacted]"

// secretHeaders are not told to anyone.
var secretHeaders = []string{
	"Authorization", "Cookie", "Proxy-Authorization", "Url-Signature",
	"X-Auth-Token", "X-Service-Token", "X-Subject-Token",
}

// journal remembers the latest requests, in the order in which they came.
type requestLog struct {
	size     int
	observer func(Seen) // nil for none
	mu       sync.Mutex
	entries  []*Seen // a ring once it is full
	next     int
}

// seen is the request as the log tells it.
func (c *call) seen() Seen {
	seen := Seen{
		Time: c.srv.Now(), Kind: c.kind, Method: c.req.Method, Path: c.req.URL.RequestURI(),
		ClientID: c.req.Header.Get("Client-Id"), Header: c.req.Header.Clone(), Body: c.body,
	}
	if c.srv.isKeystone(c.req.URL.Path) {
		seen.Body = nil
	}
	return seen
}

// note notes that a request came.
func (j *requestLog) add(seen Seen) *Seen {
	if j.size == 0 {
		return nil
	}
	for _, name := range secretHeaders {
		if _, sent := seen.Header[name]; sent {
			seen.Header.Set(name, redacted)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	entry := &seen
	if len(j.entries) < j.size {
		j.entries = append(j.entries, entry)
	} else {
		j.entries[j.next] = entry
		j.next = (j.next + 1) % j.size
	}
	return entry
}

// fill notes what became of a request.
func (j *requestLog) finish(entry *Seen, project string, status int, fault bool) {
	if entry == nil {
		return
	}
	j.mu.Lock()
	entry.Project, entry.Status, entry.Fault = project, status, fault
	seen := entry.copy()
	j.mu.Unlock()
	if j.observer != nil {
		j.observer(seen)
	}
}

// copy returns an entry that the caller may change.
func (s *Seen) copy() Seen {
	c := *s
	c.Header, c.Body = s.Header.Clone(), slices.Clone(s.Body)
	return c
}

// Requests returns the requests that the server got, in the order in which they
// came: those of some kinds, or all. It tells of the latest 1000, unless
// [WithRequestLog] says otherwise. A request stands there from the moment when
// it came; when it has been answered, its Status is set.
func (s *Server) Requests(kinds ...string) []Seen {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	var out []Seen
	for i := range s.log.entries {
		entry := s.log.entries[(s.log.next+i)%len(s.log.entries)]
		if len(kinds) > 0 && !slices.Contains(kinds, entry.Kind) {
			continue
		}
		out = append(out, entry.copy())
	}
	return out
}

// ResetRequests forgets the requests that came so far.
func (s *Server) ResetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.entries, s.log.next = nil, 0
}

// StoredMessage is a message as the server holds it.
type StoredMessage struct {
	ID   string
	Body json.RawMessage
	// TTL is what clients are told; a claim can have extended it.
	TTL     time.Duration
	Created time.Time
	Expires time.Time
	// ClientID is that of the poster.
	ClientID string
	// ClaimID is the live claim that holds the message, or "".
	ClaimID string
	// ClaimCount counts claims, on queues that have dead letters.
	ClaimCount int
	// DelayedUntil is when the message shows up, if it does not yet.
	DelayedUntil time.Time
}

// Messages returns the messages of a queue, oldest first, including claimed and
// delayed ones; none for a queue that does not exist. With [WithKeystone] the
// project is an id. A server whose store fails has none.
func (s *Server) Messages(project, queue string) []StoredMessage {
	var out []StoredMessage
	err := s.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(project, queue)
		if err != nil {
			return err
		}
		for m := range r.Messages(q, 0) {
			out = append(out, newStoredMessage(m.Clone(), r.Now()))
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return out
}

func newStoredMessage(m broker.Message, now broker.Instant) StoredMessage {
	out := StoredMessage{
		ID: m.ID.String(), Body: m.Body, TTL: time.Duration(m.TTL) * time.Second,
		Created: m.Created.Time(), Expires: m.Expires.Time(), ClaimCount: int(m.ClaimCount),
	}
	if m.Client != (broker.UUID{}) {
		out.ClientID = m.Client.String()
	}
	if m.Claimed(now) {
		out.ClaimID = m.ClaimID.String()
	}
	if m.Delayed(now) {
		out.DelayedUntil = m.VisibleAt.Time()
	}
	return out
}

// Queues returns the names of a project's queues, sorted. With [WithKeystone]
// the project is an id.
func (s *Server) Queues(project string) []string {
	var names []string
	err := s.broker.View(func(r *broker.ReadTx) error {
		for q, err := range r.Queues(project, "") {
			if err != nil {
				return err
			}
			names = append(names, q.Name)
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return names
}

// StoredSubscription is a subscription as the server holds it.
type StoredSubscription struct {
	ID string
	// Subscriber is the URI that was subscribed. That of a WebSocket leads
	// nowhere.
	Subscriber string
	TTL        time.Duration
	// Created is when the subscription was made, or last got a TTL.
	Created, Expires time.Time
	// Options are JSON, as they came.
	Options   json.RawMessage
	Confirmed bool
}

// Subscriptions returns the subscriptions to a queue by id, also where there is
// no such queue any more. With [WithKeystone] the project is an id. A server
// whose store fails has none.
func (s *Server) Subscriptions(project, queue string) []StoredSubscription {
	var out []StoredSubscription
	err := s.broker.View(func(r *broker.ReadTx) error {
		for sub := range r.Subscriptions(project, queue, "") {
			out = append(out, StoredSubscription{
				ID: sub.ID.String(), Subscriber: sub.Subscriber, TTL: time.Duration(sub.TTL) * time.Second,
				Created: sub.Created.Time(), Expires: sub.Expires.Time(), Options: sub.Options, Confirmed: sub.Confirmed,
			})
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return out
}
