// Package conformance is a test suite for every Zaqar that the client works with: the
// embedded server and real ones. Its cases are sentences that describe what a user of
// the client can rely on. It uses the server only through the client.
//
//	conformance.Run(t, zaqar.V2, func(t *testing.T) conformance.Target {
//		srv := zaqartest.Run(t)
//		return conformance.Target{Endpoint: srv.URL(), Wait: srv.Advance}
//	})
//
// If a real server is known to differ, the case checks what that server does instead,
// and names the quirk's number; see quirks.go. No case is skipped.
package conformance

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/transport"
)

// Target is a server to test.
type Target struct {
	// Endpoint is the service's URL, without a version.
	Endpoint string
	// Auth are the credentials. If nil, the server runs without authentication, and
	// each case uses a project of its own.
	Auth auth.Authorizer
	// WebSocket is the URL of a WebSocket that clients use in addition to the endpoint,
	// "" for none.
	WebSocket string
	// MessagePack makes WebSockets use MessagePack instead of JSON.
	MessagePack bool
	// Options are passed to every Connect.
	Options []zaqar.ConnectOption
	// SigningKey is the key that the server signs URLs with.
	SigningKey string
	// Wait lets time pass on the server: it advances a fake clock, or waits for a real
	// one.
	Wait func(time.Duration)
	// Operator are the credentials of an administrator, for the cases of [Pooling]. If
	// nil, the server runs without authentication and accepts any role.
	Operator auth.Authorizer
	// PoolURI returns the URI of a store for a pool, as the server reaches it. Each call
	// returns another URI, which may belong to the same store. It is for the cases of
	// Pooling.
	PoolURI func() string
	// Store is the driver with which a real server stores: "redis" or "mongodb". It is
	// empty for the embedded server. It decides which quirks are expected.
	Store string
	// Management is the driver with which it keeps its queues and pools, where that is
	// another one: "sqlalchemy".
	Management string
	// Proxy is what stands between the suite and the server, "nginx", "haproxy" or
	// "apache", with its default limits; empty for nothing.
	Proxy string
}

// String returns "<Target http://127.0.0.1:8888>".
func (t Target) String() string { return "<Target " + auth.RedactURI(t.Endpoint) + ">" }

// Format prints what String returns, whatever the verb: without the signing key.
func (t Target) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// MarshalText encodes what String returns.
func (t Target) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// LogValue logs what String returns.
func (t Target) LogValue() slog.Value { return slog.StringValue(t.String()) }

// suite is the environment of a case: one target, and the case's own project.
type suite struct {
	Target
	version zaqar.Version
	about   string // the case's sentence
	project string
	notes   *notes // nil if nothing is recorded
}

// behaviour is one case: a sentence and its check.
type behaviour struct {
	sentence string
	check    func(t *testing.T, s *suite)
}

// alone are the cases that run one at a time. Deleting a queue at the same time would
// make a server on Redis miss a queue in a listing, or answer 503 (quirk 27). All cases
// of [Pooling] run one at a time, because deleting a pool disturbs the others.
var alone = []string{
	"every queue is listed once, whatever the size of a page",
	"a listing of queues can be limited and started behind a name",
	"a detailed listing brings the metadata",
	"queues can be filtered by name and by metadata",
	"a name with a dot works in full",
}

// Run runs the suite with one version of the API, except for the cases of a [Feature].
// open is called once for each case, so that one case can advance a fake clock without
// disturbing another.
//
// The server must reach this machine at 127.0.0.1, because it delivers messages here.
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
					t.Parallel() // so that cases wait at the same time
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

// client returns a new client with a Client-ID of its own.
func (s *suite) client(t *testing.T, more ...zaqar.ConnectOption) *zaqar.Client {
	t.Helper()
	options := append([]zaqar.ConnectOption{zaqar.WithUserAgent("conformance")}, s.Options...)
	options = append(options, more...)
	if s.Auth != nil {
		options = append(options, zaqar.WithAuth(s.Auth))
	} else {
		options = append(options, zaqar.WithProject(s.project))
	}
	if s.version != "" {
		options = append(options, zaqar.WithVersion(s.version))
	}
	beside := s.WebSocket != "" && httpAlone[s.about] == ""
	var socket *awaitSocket
	if beside {
		socket = &awaitSocket{connected: make(chan struct{})}
		options = append(options, zaqar.WithWebSocket(s.WebSocket), zaqar.WithObserver(socket))
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
	if beside {
		socket.await(t, client)
	}
	return client
}

// queue creates a queue that is deleted at the end of the case.
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

// absent returns a queue that does not exist. If the case creates it, it is deleted at
// the end.
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

// numbered returns n bodies: 0, 1, 2, ….
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
