package zaqartest

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// Seen is a request that the server received.
type Seen struct {
	// Time is when the request arrived, by the server's clock.
	Time time.Time
	// Kind is the operation. The package comment lists the kinds.
	Kind string
	// Method and Path are those of the request. Path includes the query. A request
	// on a WebSocket has the method WS.
	Method, Path string
	// Project is the project of the request, as soon as it is known.
	Project string
	// ClientID is the Client-ID header as it was sent.
	ClientID string
	// Header is the header of the request, with "[redacted]" in place of tokens,
	// passwords and signatures.
	Header http.Header
	// Body is the body of the request. It is empty for requests to Keystone.
	Body []byte
	// Status is the status of the answer. 0 means that there is no answer yet, or
	// that the connection was cut.
	Status int
	// Fault reports whether an injected fault applied to the request.
	Fault bool
}

const redacted = "[redacted]"

// secretHeaders are redacted in the log.
var secretHeaders = []string{
	"Authorization", "Cookie", "Proxy-Authorization", "Url-Signature",
	"X-Auth-Token", "X-Service-Token", "X-Subject-Token",
}

// requestLog keeps the latest requests in the order in which they arrived.
type requestLog struct {
	size     int
	observer func(Seen) // or nil
	mu       sync.Mutex
	entries  []*Seen // a ring buffer once it is full
	next     int
}

// seen returns the request as it is logged.
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

// add logs a request that has arrived.
func (l *requestLog) add(seen Seen) *Seen {
	if l.size == 0 {
		return nil
	}
	for _, name := range secretHeaders {
		if _, sent := seen.Header[name]; sent {
			seen.Header.Set(name, redacted)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	entry := &seen
	if len(l.entries) < l.size {
		l.entries = append(l.entries, entry)
	} else {
		l.entries[l.next] = entry
		l.next = (l.next + 1) % l.size
	}
	return entry
}

// finish logs the outcome of a request.
func (l *requestLog) finish(entry *Seen, project string, status int, fault bool) {
	if entry == nil {
		return
	}
	l.setOutcome(entry, project, status, fault)
	if l.observer != nil {
		l.observer(l.copyOf(entry))
	}
}

// setOutcome changes an entry of the log.
func (l *requestLog) setOutcome(entry *Seen, project string, status int, fault bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.Project, entry.Status, entry.Fault = project, status, fault
}

// copyOf returns a copy of an entry of the log.
func (l *requestLog) copyOf(entry *Seen) Seen {
	l.mu.Lock()
	defer l.mu.Unlock()
	return entry.copy()
}

// copy returns a copy that the caller may change.
func (s *Seen) copy() Seen {
	c := *s
	c.Header, c.Body = s.Header.Clone(), slices.Clone(s.Body)
	return c
}

// Requests returns the requests that the server received, in the order in which they
// arrived: those of the given kinds, or all. It returns the latest 1000, unless
// [WithRequestLog] sets another number. A request is listed as soon as it arrives;
// its Status is set once it is answered.
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

// ResetRequests clears the log of requests.
func (s *Server) ResetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.entries, s.log.next = nil, 0
}

// StoredMessage is a message as the server stores it.
type StoredMessage struct {
	ID   string
	Body json.RawMessage
	// TTL is the TTL that clients see. A claim can have extended it.
	TTL     time.Duration
	Created time.Time
	Expires time.Time
	// ClientID is the client id of the sender.
	ClientID string
	// ClaimID is the live claim that holds the message, or "".
	ClaimID string
	// ClaimCount counts claims, on queues with a dead letter queue.
	ClaimCount int
	// DelayedUntil is when the message becomes visible, or zero if it is visible.
	DelayedUntil time.Time
}

// Messages returns the messages of a queue, oldest first, including claimed and
// delayed ones. It returns none if the queue does not exist or the store fails. With
// [WithKeystone], project is an id.
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
	if m.Claimed() {
		out.ClaimID = m.ClaimID.String()
	}
	if m.Delayed(now) {
		out.DelayedUntil = m.VisibleAt.Time()
	}
	return out
}

// Queues returns the sorted names of a project's queues. It returns none if the
// store fails. With [WithKeystone], project is an id.
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

// StoredSubscription is a subscription as the server stores it.
type StoredSubscription struct {
	ID string
	// Subscriber is the subscriber's URI. The URI of a WebSocket cannot be reached.
	Subscriber string
	TTL        time.Duration
	// Created is when the subscription was made, or when its TTL was last set.
	Created, Expires time.Time
	// Options are JSON, as they were sent.
	Options   json.RawMessage
	Confirmed bool
}

// Subscriptions returns the subscriptions to a queue, sorted by id. The queue need
// not exist. It returns none if the store fails. With [WithKeystone], project is an
// id.
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
