package integration

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
)

// sabotage is what a proxy does to one request.
type sabotage struct {
	name   string
	status int // 0: it closes the connection
	header http.Header
	body   string
	after  bool // the server gets the request before
	fresh  bool // the request comes on a new connection
}

const errorPage = "<html><title>An error of a proxy</title></html>"

// sabotages are the columns of the table. A + means that the server acts before the proxy
// fails, @1 that the answer asks for a second.
var sabotages = []sabotage{
	{name: "503", status: 503},
	{name: "503+", status: 503, after: true},
	{name: "503@1", status: 503, header: http.Header{"Retry-After": {"1"}}},
	{name: "502+", status: 502, after: true, body: errorPage, header: http.Header{"Content-Type": {"text/html"}}},
	{name: "504+", status: 504, after: true},
	{name: "429", status: 429},
	{name: "429@1", status: 429, header: http.Header{"Retry-After": {"1"}}},
	{name: "cut", fresh: true},
	{name: "cut+", after: true, fresh: true},
	{name: "stale"},
}

// saboteur is a proxy that spoils one request.
type saboteur struct {
	through *httputil.ReverseProxy

	mu     sync.Mutex
	next   *sabotage
	method string // of the request to spoil; "" means any
}

func newSaboteur(t *testing.T, upstream string) (*saboteur, string) {
	t.Helper()
	to, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	s := &saboteur{through: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s, srv.URL
}

// spoil makes the next request fail that has this method.
func (s *saboteur) spoil(how sabotage, method string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next, s.method = &how, method
}

func (s *saboteur) take(r *http.Request) *sabotage {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil || s.method != "" && s.method != r.Method {
		return nil
	}
	how := s.next
	s.next = nil
	return how
}

// happened reports whether the request was spoiled.
func (s *saboteur) happened() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next == nil
}

func (s *saboteur) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	how := s.take(r)
	if how == nil {
		s.through.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if how.after {
		s.through.ServeHTTP(httptest.NewRecorder(), r)
	}
	if how.status == 0 {
		panic(http.ErrAbortHandler) // closes the connection
	}
	for name, values := range how.header {
		w.Header()[name] = values
	}
	w.WriteHeader(how.status)
	_, _ = io.WriteString(w, how.body)
}

// retried is an operation of the table: a claim holds one of the five messages of its queue.
type retried struct {
	name   string
	healed string // an x for each sabotage after which the call succeeds
	method string // of its request, if it makes more than one
	call   func(ctx context.Context, c *zaqar.Client, q *zaqar.Queue, claim *zaqar.Claim) error
}

var retriedOperations = []retried{
	// 503 503+ 503@1 502+ 504+ 429 429@1 cut cut+ stale
	{name: "ping", healed: "xxxxxxxxxx", call: func(ctx context.Context, c *zaqar.Client, _ *zaqar.Queue, _ *zaqar.Claim) error {
		return c.Ping(ctx)
	}},
	{name: "queue_create", healed: "xxxxxxxxxx", call: func(ctx context.Context, c *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		made, err := c.CreateQueue(ctx, q.Name()+"-new")
		if err != nil {
			return err
		}
		return made.Delete(ctx)
	}},
	{name: "queue_get", healed: "xxxxxxxxxx", call: func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := q.Metadata(ctx)
		return err
	}},
	{name: "queue_update", healed: ".....xx...", method: http.MethodPatch, call: func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		m, err := q.Metadata(ctx)
		if err != nil {
			return err
		}
		return m.Set(ctx, "mood", "good")
	}},
	{name: "queue_delete", healed: ".....xx...", call: func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		return q.Delete(ctx)
	}},
	{name: "queue_purge", healed: ".....xx...", call: func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		return q.Purge(ctx)
	}},
	{name: "message_post", healed: ".....xx...", call: func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := q.Post(ctx, "copy")
		return err
	}},
	{name: "message_list", healed: "xxxxxxxxxx", call: func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := zaqar.Collect(q.Messages(ctx))
		return err
	}},
	{name: "message_get", healed: "xxxxxxxxxx", call: func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, claim *zaqar.Claim) error {
		_, err := q.Message(ctx, claim.Messages()[0].ID())
		return err
	}},
	{name: "message_delete", healed: "xxxxxxxxxx", call: func(ctx context.Context, _ *zaqar.Client, _ *zaqar.Queue, claim *zaqar.Claim) error {
		return claim.Messages()[0].Delete(ctx)
	}},
	{name: "message_delete_many", healed: "xxxxxxxxxx", call: func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, claim *zaqar.Claim) error {
		return q.DeleteMessages(ctx, []string{claim.Messages()[0].ID()}, zaqar.ClaimID(claim.ID()))
	}},
	{name: "message_pop", healed: ".....xx...", call: func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := q.Pop(ctx, 1)
		return err
	}},
	{name: "claim_create", healed: ".....xx...", call: func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := q.Claim(ctx, zaqar.Limit(1))
		return err
	}},
	{name: "claim_get", healed: "xxxxxxxxxx", call: func(ctx context.Context, _ *zaqar.Client, _ *zaqar.Queue, claim *zaqar.Claim) error {
		return claim.Reload(ctx)
	}},
	{name: "claim_update", healed: "xxxxxxxxxx", call: func(ctx context.Context, _ *zaqar.Client, _ *zaqar.Queue, claim *zaqar.Claim) error {
		return claim.Update(ctx)
	}},
	{name: "claim_delete", healed: "xxxxxxxxxx", call: func(ctx context.Context, _ *zaqar.Client, _ *zaqar.Queue, claim *zaqar.Claim) error {
		return claim.Release(ctx)
	}},
	{name: "subscription_create", healed: "xxxxxxxxxx", call: func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		s, err := q.CreateSubscription(ctx, zaqar.SubscriptionConfig{Subscriber: "http://127.0.0.1:1/" + q.Name()})
		if err == nil && !s.Created() {
			return fmt.Errorf("it does not count as created")
		}
		return err
	}},
	{name: "raw DELETE ?pop=1", healed: ".....xx...", call: func(ctx context.Context, c *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := c.Conn().Delete(ctx, "/v2/queues/"+q.Name()+"/messages?pop=1")
		return err
	}},
}

// TestARetryHealsOnRealServersAndNothingIsDoneTwice spoils one request of each operation in
// each way, in a proxy before Zaqar 23. With -v it prints the table: whether the call
// succeeded, and for what may be done twice how often it was done.
func TestARetryHealsOnRealServersAndNothingIsDoneTwice(t *testing.T) {
	t.Parallel()
	upstream := need(t, find(t), "ZAQAR_REAL_Z23_URL")
	cells := make([][]string, len(retriedOperations))
	t.Run("cells", func(t *testing.T) {
		for i, op := range retriedOperations {
			cells[i] = make([]string, len(sabotages))
			for k, how := range sabotages {
				t.Run(op.name+" after "+how.name, func(t *testing.T) {
					t.Parallel()
					cells[i][k] = op.try(t, upstream, how, op.healed[k] == 'x')
				})
			}
		}
	})
	var table strings.Builder
	line := func(name string, cells []string) {
		fmt.Fprintf(&table, "\n| %s | %s |", name, strings.Join(cells, " | "))
	}
	var names []string
	for _, how := range sabotages {
		names = append(names, how.name)
	}
	line("", names)
	for i, op := range retriedOperations {
		line(op.name, cells[i])
	}
	t.Log(table.String())
}

// try makes the call and returns the cell of the table.
func (op retried) try(t *testing.T, upstream string, how sabotage, healed bool) string {
	t.Helper()
	proxy, endpoint := newSaboteur(t, upstream)
	connect := func(endpoint string, web *http.Transport) *zaqar.Client {
		t.Cleanup(web.CloseIdleConnections)
		client, err := zaqar.Connect(t.Context(), endpoint, zaqar.WithProject("retries"), zaqar.WithHTTPClient(&http.Client{Transport: web}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		return client
	}
	web := &http.Transport{}
	client, direct := connect(endpoint, web), connect(upstream, &http.Transport{})
	name := "retries-" + client.Conn().ClientID()
	queue, seen := client.Queue(name), direct.Queue(name)
	t.Cleanup(func() { _ = seen.Delete(context.WithoutCancel(t.Context())) })
	if _, err := queue.Post(t.Context(), 0, 1, 2, 3, 4); err != nil {
		t.Fatal(err)
	}
	claim, err := queue.Claim(t.Context(), zaqar.Limit(1))
	if err != nil {
		t.Fatal(err)
	}
	if how.fresh {
		web.CloseIdleConnections()
	}
	proxy.spoil(how, op.method)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	before := time.Now()
	err = op.call(ctx, client, queue, claim)
	if !proxy.happened() {
		t.Fatal("no request was spoiled")
	}
	if (err == nil) != healed {
		t.Errorf("it ended with %v", err)
	}
	if wait := time.Since(before); healed && strings.HasSuffix(how.name, "@1") && wait < time.Second {
		t.Errorf("it did not wait for the second that was asked for: %v", wait)
	}
	cell := "error"
	if err == nil {
		cell = "healed"
	}
	if times, counted := op.done(t, seen); counted {
		if times > 1 || healed && times != 1 || how.after && times != 1 {
			t.Errorf("it was done %d times", times)
		}
		cell += fmt.Sprintf(", %d", times)
	}
	return cell
}

// done counts how often it was done, for what may be done twice.
func (op retried) done(t *testing.T, seen *zaqar.Queue) (times int, counted bool) {
	t.Helper()
	free, err := zaqar.Collect(seen.Messages(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	switch op.name {
	case "message_post":
		for _, m := range free {
			if string(m.Body()) == `"copy"` {
				times++
			}
		}
		return times, true
	case "message_pop", "raw DELETE ?pop=1", "claim_create":
		return 4 - len(free), true // all but the one that is claimed were free
	}
	return 0, false
}
