package zaqar_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAnObserverIsToldOfEachRequest(t *testing.T) {
	t.Parallel()
	w := &clienttest.Witness{}
	srv, client := clienttest.InMemory(t, zaqar.WithObserver(w), zaqar.WithVersion(zaqar.V2), zaqar.NoRetry())
	queue := client.Queue("wot")
	if _, err := queue.Post(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	_, missing := queue.Message(t.Context(), "nope")
	srv.Inject(zaqartest.Fault{Kind: "ping", Cut: true, Times: -1})
	unanswered := client.Ping(t.Context())
	requests := clienttest.Saw[observe.Request](w)
	if len(requests) != 3 {
		t.Fatalf("%d requests were told, want 3", len(requests))
	}
	post, get, ping := requests[0], requests[1], requests[2]
	if post.Op != "message_post" || post.Queue != "wot" || post.Status != http.StatusCreated || post.Attempt != 1 ||
		post.Sent == 0 || post.Received == 0 || post.Started.IsZero() || post.Took <= 0 || !strings.HasPrefix(post.RequestID, "req-") {
		t.Errorf("the post is %+v", post)
	}
	if get.Status != http.StatusNotFound || !errors.Is(missing, zaqar.ErrNotFound) {
		t.Errorf("the message that is not there: %+v", get)
	}
	if ping.Status != 0 || ping.Err == nil || unanswered == nil {
		t.Errorf("the request without an answer: %+v", ping)
	}
}

func TestAnObserverIsToldOfRetriesAndOfTokensThatChange(t *testing.T) {
	t.Parallel()
	w := &clienttest.Witness{}
	srv := zaqartest.Run(t, zaqartest.WithKeystone())
	signIn := keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"))
	defer func() { _ = signIn.Close() }()
	client, err := zaqar.Connect(t.Context(), srv.URL(), zaqar.WithAuth(signIn), zaqar.WithVersion(zaqar.V2), zaqar.WithObserver(w))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	ping := func() {
		t.Helper()
		if err := client.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ping()
	ping()
	if renewed := clienttest.Saw[observe.TokenRenewed](w); len(renewed) != 0 {
		t.Errorf("the first token was told as a renewal: %+v", renewed)
	}
	srv.RevokeTokens()
	ping()
	retries, renewed := clienttest.Saw[observe.Retry](w), clienttest.Saw[observe.TokenRenewed](w)
	if len(retries) != 1 || retries[0].Op != "ping" || retries[0].Attempt != 2 || retries[0].Status != http.StatusUnauthorized {
		t.Errorf("the retries are %+v", retries)
	}
	if len(renewed) != 1 || !renewed[0].Refused || renewed[0].Expires.IsZero() || renewed[0].Project != client.Conn().ProjectID() {
		t.Errorf("the renewals are %+v", renewed)
	}
	requests := clienttest.Saw[observe.Request](w)
	if attempts := []int{requests[len(requests)-2].Attempt, requests[len(requests)-1].Attempt}; !slices.Equal(attempts, []int{1, 2}) {
		t.Errorf("the last two requests are the attempts %v", attempts)
	}
}

// noticing is a transport whose notices the test sends.
type noticing struct {
	*clienttest.Scripted
	fn      func(transport.Notice)
	stopped bool
}

func (n *noticing) Notify(fn func(transport.Notice)) func() {
	n.fn = fn
	return func() { n.stopped = true }
}

func TestAnObserverIsToldOfConnectionsAndPushes(t *testing.T) {
	t.Parallel()
	w := &clienttest.Witness{}
	n := &noticing{Scripted: clienttest.Says(http.StatusNoContent, "")}
	client := clienttest.Over(t, n, zaqar.WithObserver(w))
	n.fn(transport.Notice{Kind: transport.Connected, Session: 1, Attempts: 2})
	n.fn(transport.Notice{Kind: transport.Pushed, Session: 1, Queue: "wot", Body: []byte(`{"body":"s3cr3t"}`)})
	n.fn(transport.Notice{Kind: transport.Disconnected, Session: 1, Err: errors.New("gone")})
	if got := fmt.Sprint(w.Events()); got != "[{1 2} {1 wot 17} {1 gone}]" {
		t.Errorf("the events are %s", got)
	}
	if err := client.Close(); err != nil || !n.stopped {
		t.Errorf("close: %v, notices stopped: %v", err, n.stopped)
	}
}

func TestALoggerGetsEverythingButSecrets(t *testing.T) {
	t.Parallel()
	var out lines
	srv := zaqartest.Run(t, zaqartest.WithKeystone())
	signIn := keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"))
	defer func() { _ = signIn.Close() }()
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client, err := zaqar.Connect(t.Context(), srv.URL(), zaqar.WithAuth(signIn), zaqar.WithLogger(logger))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if _, err := client.Queue("wot").Post(t.Context(), "the body"); err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	if err := signIn.Authorize(t.Context(), header); err != nil {
		t.Fatal(err)
	}
	logged := out.String()
	if !strings.Contains(logged, "op=message_post") || !strings.Contains(logged, "op=versions") {
		t.Errorf("requests are missing in\n%s", logged)
	}
	for _, secret := range []string{header.Get("X-Auth-Token"), "the body"} {
		if strings.Contains(logged, secret) {
			t.Errorf("the log has %s", secret)
		}
	}
}

// lines is a buffer for several writers.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
