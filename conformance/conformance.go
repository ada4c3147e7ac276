// Package conformance is one suite of behaviours for every Zaqar that the client
// speaks to: the embedded server and real ones. It says what a user of the client
// may rely on, in sentences, and speaks to the server through the client only.
//
//	conformance.Run(t, zaqar.V2, func(t *testing.T) conformance.Target {
//		srv := zaqartest.Run(t)
//		return conformance.Target{Endpoint: srv.URL(), Wait: srv.Advance}
//	})
//
// Where a real server is known to differ, the case asserts what that server does
// instead, under the quirk's number; see quirks.go. Nothing is skipped.
package conformance

import (
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/transport"
)

// Target is a server to be held to the suite.
type Target struct {
	// Endpoint is the service's URL, without a version.
	Endpoint string
	// Auth are the credentials; nil means a server without authentication, where
	// each case gets a project of its own.
	Auth auth.Authorizer
	// WebSocket is the URL of the WebSocket that clients use beside the endpoint, ""
	// for none.
	WebSocket string
	// MessagePack is whether the frames of a WebSocket are MessagePack.
	MessagePack bool
	// Options go to every Connect.
	Options []zaqar.ConnectOption
	// SigningKey is the key with which the server signs URLs.
	SigningKey string
	// Wait lets time pass on the server: a driven clock is advanced, a real one
	// is waited for.
	Wait func(time.Duration)
	// Operator are the credentials of an administrator, which the cases of [Pooling]
	// need; nil means a server without authentication, which believes who says so.
	Operator auth.Authorizer
	// PoolURI returns the URI of a store for a pool, as the server reaches it: another one
	// each time, maybe of the same store. The cases of Pooling need it.
	PoolURI func() string
	// Store is the driver that a real server stores with: "redis" or "mongodb"; empty
	// for the embedded one. It decides which quirks are expected.
	Store string
	// Management is the driver with which it keeps its queues and pools, where that is
	// another one: "sqlalchemy".
	Management string
	// Proxy is what stands between the suite and the server, "nginx" or "haproxy",
	// with its default limits; empty for nothing.
	Proxy string
}

// suite is what a case works with: one target and names of its own on it.
type suite struct {
	Target
	version zaqar.Version
	about   string // the sentence of the case
	project string
	notes   *notes // nil when nothing is recorded
}

// behaviour is one case: a sentence and the code that holds a server to it.
type behaviour struct {
	sentence string
	check    func(t *testing.T, s *suite)
}

// alone are the cases that run one at a time, as all do of [Pooling], where a pool that
// goes disturbs the others: a server that looks up a marker
// and reads behind it in two steps passes over a queue, or answers 503, when
// another case deletes one in between (quirk 27).
var alone = []string{
	"every queue is listed once, whatever the size of a page",
	"a listing of queues can be limited and started behind a name",
	"a detailed listing brings the metadata",
	"queues can be filtered by name and by metadata",
	"a name with a dot works in full",
}

// Run holds the target to the suite by one version of the API, but for what is behind
// a [Feature]. open is called once for each case, which lets a driven clock be advanced by
// one case without disturbing another.
//
// The server must reach this machine by 127.0.0.1: it is to deliver messages here.
func Run(t *testing.T, version zaqar.Version, open func(t *testing.T) Target) {
	t.Helper()
	run(t, "", version, open, nil, func(noun, sentence string) bool { return concerns(version, noun, sentence) })
}

func run(t *testing.T, feature Feature, version zaqar.Version, open func(t *testing.T) Target, r *record, concerned func(noun, sentence string) bool) {
	t.Helper()
	for _, together := range []bool{false, true} {
		for noun, cases := range groups[feature] {
			t.Run(noun, func(t *testing.T) {
				if together {
					t.Parallel() // cases that wait, wait together
				}
				for _, c := range cases {
					if together == (feature == Pooling || slices.Contains(alone, c.sentence)) {
						continue
					}
					if !concerned(noun, c.sentence) {
						continue
					}
					t.Run(c.sentence, func(t *testing.T) {
						if together {
							t.Parallel()
						}
						s := &suite{version: version, about: c.sentence, project: "conformance-" + rand.Text()}
						if r != nil {
							s.notes = r.take(t, version)
						}
						s.Target = open(t)
						c.check(t, s)
					})
				}
			})
		}
	}
}

// client connects anew: another client has another Client-ID.
func (s *suite) client(t *testing.T) *zaqar.Client {
	t.Helper()
	options := append([]zaqar.ConnectOption{zaqar.WithUserAgent("conformance")}, s.Options...)
	if s.Auth != nil {
		options = append(options, zaqar.WithAuth(s.Auth))
	} else {
		options = append(options, zaqar.WithProject(s.project))
	}
	if s.version != "" {
		options = append(options, zaqar.WithVersion(s.version))
	}
	beside := s.WebSocket != "" && httpAlone[s.about] == ""
	if beside {
		options = append(options, zaqar.WithWebSocket(s.WebSocket))
	}
	if s.MessagePack && (beside || s.WebSocket == "") {
		options = append(options, zaqar.WithMessagePack())
	}
	if s.notes != nil {
		web, err := transport.NewHTTP(s.Endpoint, nil)
		if err != nil {
			t.Fatalf("connect: %v", err)
		}
		options = append(options, zaqar.WithTransport(recorder{web, s.notes}))
	}
	client, err := zaqar.Connect(t.Context(), s.Endpoint, options...)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// queue makes a queue that is deleted when the case is over.
func (s *suite) queue(t *testing.T, options ...zaqar.CreateOption) *zaqar.Queue {
	t.Helper()
	return s.queueOf(t, s.client(t), options...)
}

func (s *suite) queueOf(t *testing.T, client *zaqar.Client, options ...zaqar.CreateOption) *zaqar.Queue {
	t.Helper()
	q := s.absent(t, client)
	if _, err := client.CreateQueue(t.Context(), q.Name(), options...); err != nil {
		t.Fatalf("create queue: %v", err)
	}
	return q
}

// absent is a queue that does not exist; what a case makes of it is deleted.
func (s *suite) absent(t *testing.T, client *zaqar.Client) *zaqar.Queue {
	t.Helper()
	q := client.Queue("c-" + rand.Text())
	s.remove(t, q)
	return q
}

func (s *suite) remove(t *testing.T, q *zaqar.Queue) {
	t.Helper()
	t.Cleanup(func() {
		if err := q.Delete(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
}

// post posts bodies and returns the ids.
func post(t *testing.T, q *zaqar.Queue, bodies ...any) []string {
	t.Helper()
	ids, err := q.Post(t.Context(), bodies...)
	if err != nil {
		t.Fatalf("post: %v", err)
	}
	return ids
}

// numbered are n bodies: 0, 1, 2, ….
func numbered(n int) []any {
	bodies := make([]any, n)
	for i := range bodies {
		bodies[i] = i
	}
	return bodies
}

// all collects a sequence that must not fail.
func all[T any](t *testing.T, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var items []T
	for item, err := range seq {
		if err != nil {
			t.Fatalf("after %d items: %v", len(items), err)
		}
		items = append(items, item)
	}
	return items
}

func ids(messages []*zaqar.Message) []string {
	list := make([]string, len(messages))
	for i, m := range messages {
		list[i] = m.ID()
	}
	return list
}

func bodies(messages []*zaqar.Message) []string {
	list := make([]string, len(messages))
	for i, m := range messages {
		list[i] = string(m.Body())
	}
	return list
}

// matches fails the case unless err matches target.
func matches(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("the error is %v, want one that matches %v", err, target)
	}
}

// claim claims messages; it must not fail.
func claim(t *testing.T, q *zaqar.Queue, options ...zaqar.ClaimOption) *zaqar.Claim {
	t.Helper()
	c, err := q.Claim(t.Context(), options...)
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	return c
}
