package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/webhook"
)

// inbox is a webhook on this machine.
type inbox struct {
	url      string
	received chan webhook.Notification
}

// listen starts a webhook that the server can reach. It is closed at the end of the case.
func (s *suite) listen(t *testing.T, q *zaqar.Queue, policy webhook.Policy) inbox {
	t.Helper()
	box := inbox{received: make(chan webhook.Notification, 100)}
	handler, err := webhook.New(webhook.Config{
		Queues: []string{q.Name()}, Client: s.client(t), Policy: policy,
		Handle: func(_ context.Context, n webhook.Notification) error {
			box.received <- n
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	box.url = serve(t, handler)
	return box
}

func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// take waits for n notifications and returns their bodies, sorted, since they come in
// any order.
func (box inbox) take(t *testing.T, n int) []string {
	t.Helper()
	var bodies []string
	for range n {
		bodies = append(bodies, string(next(t, box.received).Body))
	}
	slices.Sort(bodies)
	return bodies
}

// next waits for one notification.
func next[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	var item T
	select {
	case item = <-from:
	case <-t.Context().Done():
		t.Fatal("nothing came")
	}
	return item
}

var deliveries = []behaviour{
	{"what is posted is delivered to a webhook, and kept", func(t *testing.T, s *suite) {
		q := s.queue(t)
		box := s.listen(t, q, nil)
		subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: box.url})
		post(t, q, zaqar.Outgoing{Body: map[string]any{"n": json.Number("9007199254740993")}, TTL: 5 * time.Minute})
		n := next(t, box.received)
		if n.Queue != q.Name() || n.TTL != 5*time.Minute || !sameJSON(n.Body, []byte(`{"n":9007199254740993}`)) {
			t.Errorf("%v with %s was delivered", n, n.Body)
		}
		post(t, q, "two", "three", "four")
		if got := box.take(t, 3); !slices.Equal(got, []string{`"four"`, `"three"`, `"two"`}) {
			t.Errorf("delivered %v", got)
		}
		if kept := all(t, q.Messages(t.Context())); len(kept) != 4 {
			t.Errorf("kept %v", kept)
		}
	}},
	{"a webhook gets the data and the headers that it asked for", func(t *testing.T, s *suite) {
		type request struct {
			header http.Header
			body   string
		}
		received := make(chan request, 10)
		url := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			received <- request{r.Header.Clone(), string(body)}
		}))
		q := s.queue(t)
		subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: url, Options: zaqar.SubscriptionOptions{
			PostData:    `{"wrapped":` + zaqar.MessagePlaceholder + `}`,
			PostHeaders: map[string]string{"X-Secret": "hush", "Content-Type": "text/x-own"},
		}})
		post(t, q, "hello")
		got := next(t, received)
		var data struct {
			Wrapped struct {
				Body string `json:"body"`
			} `json:"wrapped"`
		}
		if err := json.Unmarshal([]byte(got.body), &data); err != nil || data.Wrapped.Body != "hello" {
			t.Errorf("%s, %v", got.body, err)
		}
		if got.header.Get("X-Secret") != "hush" || got.header.Get("Content-Type") != "text/x-own" {
			t.Errorf("the header is %v", got.header)
		}
	}},
}

var confirmations = []behaviour{
	{"a webhook confirms its subscription, and then has the messages", func(t *testing.T, s *suite) {
		q := s.queue(t)
		asked, answered := make(chan webhook.Notice, 10), make(chan struct{})
		box := s.listen(t, q, func(ctx context.Context, n webhook.Notice) webhook.Answer {
			asked <- n
			select {
			case <-answered:
			case <-ctx.Done():
			}
			return webhook.Accept(ctx, n)
		})
		sub := subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: box.url})
		n := next(t, asked)
		if n.Kind != webhook.SubscriptionConfirmation || n.SubscriptionID != sub.ID() || n.Queue != q.Name() || n.Expires.Before(time.Now()) {
			t.Errorf("asked %+v", n)
		}
		post(t, q, "before")
		close(answered)
		s.confirmed(t, sub, true)
		post(t, q, "after")
		if got := next(t, box.received); string(got.Body) != `"after"` {
			t.Errorf("delivered %s", got.Body)
		}
	}},
	{"who says no is told how to come back", func(t *testing.T, s *suite) {
		q := s.queue(t)
		asked := make(chan webhook.Notice, 10)
		box := s.listen(t, q, func(ctx context.Context, n webhook.Notice) webhook.Answer {
			asked <- n
			if n.Kind == webhook.UnsubscribeConfirmation {
				return webhook.Confirm
			}
			return webhook.Accept(ctx, n)
		})
		sub := subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: box.url})
		next(t, asked)
		s.confirmed(t, sub, true)
		if err := sub.Confirm(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		if n := next(t, asked); n.Kind != webhook.UnsubscribeConfirmation || n.SubscriptionID != sub.ID() {
			t.Errorf("asked %+v", n)
		}
		s.confirmed(t, sub, true)
		post(t, q, "again")
		if got := next(t, box.received); string(got.Body) != `"again"` {
			t.Errorf("delivered %s", got.Body)
		}
	}},
	{"a confirmation with another signature is refused", func(t *testing.T, s *suite) {
		q := s.queue(t)
		notices := make(chan string, 10)
		url := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			notices <- string(body)
		}))
		sub := subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: url})
		var notice map[string]any
		if err := json.Unmarshal([]byte(next(t, notices)), &notice); err != nil {
			t.Fatal(err)
		}
		signature, _ := notice["URL-Signature"].(string)
		for _, c := range []struct {
			signature string
			status    int
		}{{mirrored(signature), http.StatusForbidden}, {signature, http.StatusNoContent}} {
			notice["URL-Signature"] = c.signature
			if status := s.relay(t, q, notice); status != c.status {
				t.Errorf("answered %d, want %d", status, c.status)
			}
			if err := sub.Reload(t.Context()); err != nil || sub.Confirmed() != (c.status == http.StatusNoContent) {
				t.Errorf("confirmed %v, %v", sub.Confirmed(), err)
			}
		}
	}},
}

// mirrored returns another signature.
func mirrored(signature string) string {
	digits := []byte(signature)
	slices.Reverse(digits)
	return string(digits)
}

// relay passes a notice to a handler, and returns its answer.
func (s *suite) relay(t *testing.T, q *zaqar.Queue, notice map[string]any) int {
	t.Helper()
	body, err := json.Marshal(notice)
	if err != nil {
		t.Fatal(err)
	}
	box := s.listen(t, q, nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, box.url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	reply, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	return reply.StatusCode
}

// confirmed waits until the subscription is confirmed, or is not.
func (s *suite) confirmed(t *testing.T, sub *zaqar.Subscription, want bool) {
	t.Helper()
	for {
		if err := sub.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if sub.Confirmed() == want {
			return
		}
		next(t, time.After(20*time.Millisecond))
	}
}
