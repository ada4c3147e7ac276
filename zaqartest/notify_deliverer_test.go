package zaqartest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// receiver is a webhook that keeps the requests it receives.
type receiver struct {
	mu     sync.Mutex
	got    []received
	answer func(n int) int // the status for request n, counted from 1; 0 breaks the connection
}

type received struct {
	method, url string
	header      http.Header
	body        string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	r.got = append(r.got, received{req.Method, req.URL.String(), req.Header.Clone(), string(body)})
	n := len(r.got)
	r.mu.Unlock()
	if r.answer == nil {
		return
	}
	if status := r.answer(n); status != 0 {
		w.WriteHeader(status)
		return
	}
	panic(http.ErrAbortHandler)
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// startNotifying runs a server in memory that delivers to a receiver.
func startNotifying(t *testing.T, r *receiver, opts ...zaqartest.Option) *client {
	t.Helper()
	return start(t, append([]zaqartest.Option{zaqartest.WithDeliveryClient(zaqartest.HandlerClient(r))}, opts...)...)
}

// deliveries waits until no delivery is in progress and returns all.
func (c *client) deliveries() []zaqartest.Delivery {
	c.t.Helper()
	if err := c.srv.WaitDeliveries(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	return c.srv.Deliveries()
}

func TestManyMessagesReachASlowWebhookOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen, now, most := map[string]int{}, 0, 0
	release := make(chan struct{})
	handler := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		mu.Lock()
		seen[string(body)]++
		now++
		most = max(most, now)
		mu.Unlock()
		<-release
		mu.Lock()
		now--
		mu.Unlock()
	})
	c := start(t, zaqartest.WithDeliveryClient(zaqartest.HandlerClient(handler)))
	c.subscribe("http://hooks.test/")
	var bodies []string
	for i := range 200 {
		bodies = append(bodies, fmt.Sprint(i))
	}
	c.post(bodies...)
	close(release)
	c.deliveries()
	if len(seen) != 200 || most > 10 {
		t.Errorf("%d different messages, %d at once", len(seen), most)
	}
	for body, n := range seen {
		if n != 1 {
			t.Errorf("%s came %d times", body, n)
		}
	}
}

func TestAClosingServerDropsDeliveriesInFlight(t *testing.T) {
	t.Parallel()
	s, err := zaqartest.NewServer(zaqartest.WithDeliveryClient(zaqartest.HandlerClient(http.HandlerFunc(
		func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() }))))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.ListenInMemory(); err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, srv: s, header: http.Header{"Client-Id": {alice}, "X-Project-Id": {"p"}}}
	c.subscribe("http://hooks.test/")
	for range 30 {
		c.post(`1`)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.WaitDeliveries(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.WaitDeliveries(t.Context()); err != nil {
		t.Errorf("waiting after all: %v", err)
	}
}

func TestTheLogOfDeliveriesIsBounded(t *testing.T) {
	t.Parallel()
	c := startNotifying(t, &receiver{}, zaqartest.WithRequestLog(3))
	c.subscribe("mailto:a@example.com")
	c.post(`1`, `2`, `3`, `4`, `5`)
	var bodies []string
	for _, d := range c.deliveries() {
		var document struct{ Body json.RawMessage }
		if err := json.Unmarshal(d.Body, &document); err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, string(document.Body))
	}
	if !slices.Equal(bodies, []string{"3", "4", "5"}) {
		t.Errorf("remembered: %v", bodies)
	}
}
