package consumer_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestPrefetchedMessagesAreBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config zaqar.ConsumerConfig
		most   int // claimed at the same time and not handled, running or not
	}{
		"single":      {zaqar.ConsumerConfig{Workers: 4}, 4},
		"twenty":      {zaqar.ConsumerConfig{Workers: 4, ClaimSize: 20}, 4 + 19},
		"ahead":       {zaqar.ConsumerConfig{Workers: 4, ClaimSize: 10, Prefetch: 30}, 4 + 30},
		"none at all": {zaqar.ConsumerConfig{Workers: 4, ClaimSize: 20, Prefetch: -1}, 4},
		"few held":    {zaqar.ConsumerConfig{Workers: 8, ClaimSize: 20, MaxHeld: 5}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				clienttest.PostMany(t, q, 100)
				most, handled := 0, map[string]bool{} // what was handled is being deleted
				var mu sync.Mutex
				r := run(t, q, c.config, func(_ context.Context, m *zaqar.Message) error {
					mu.Lock()
					n := 0
					for _, stored := range srv.Messages("p", "wot") {
						if stored.ClaimID != "" && !handled[string(stored.Body)] {
							n++
						}
					}
					most = max(most, n)
					mu.Unlock()
					time.Sleep(time.Second)
					mu.Lock()
					defer mu.Unlock()
					handled[string(m.Body())] = true
					return nil
				})
				time.Sleep(2 * time.Minute)
				r.stop()
				if most > c.most || most < c.most-3 { // three may be running when the fourth asks
					t.Errorf("at most %d messages were claimed at the same time, want %d", most, c.most)
				}
				clienttest.Stored(t, srv, "wot", 0)
			})
		})
	}
}

func TestAClaimSizeThatTheServerRefusesIsLeftToTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := zaqartest.DefaultLimits()
		limits.MaxMessagesPerClaimOrPop = 10
		srv := zaqartest.RunInMemory(t, zaqartest.WithLimits(limits))
		client, err := zaqar.Connect(t.Context(), srv.URL(), zaqar.WithHTTPClient(srv.HTTPClient()), zaqar.WithProject("p"))
		if err != nil {
			t.Fatal(err)
		}
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 30)
		r := run(t, q, zaqar.ConsumerConfig{Workers: 1, ClaimSize: 20}, func(context.Context, *zaqar.Message) error { return nil })
		time.Sleep(time.Minute)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); s.Claims != 3 || s.ClaimErrors != 0 {
			t.Errorf("the counters are %+v", s)
		}
		_ = client.Close()
	})
}

func TestAnIdleConsumerAsksLessAndLess(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		r := run(t, q, zaqar.ConsumerConfig{Workers: 8, Poll: time.Second, MaxPoll: 16 * time.Second}, func(context.Context, *zaqar.Message) error { return nil })
		time.Sleep(time.Hour)
		// One claim at a time, every 8 seconds on average.
		if n := len(srv.Requests("claim_create")); n < 200 || n > 800 {
			t.Errorf("%d claims were made in an hour", n)
		}
		clienttest.PostMany(t, q, 1)
		time.Sleep(17 * time.Second)
		clienttest.Stored(t, srv, "wot", 0)
		r.stop()
	})
}

// claiming answers each claim with the next of the bodies, and everything else with 204.
func claiming(messages ...string) *clienttest.Scripted {
	var mu sync.Mutex
	return &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		if req.Op != "claim_create" || len(messages) == 0 {
			return &transport.Response{Status: 204, Header: http.Header{}}, nil
		}
		body := messages[0]
		messages = messages[1:]
		return &transport.Response{
			Status: 201, Header: http.Header{"Location": {fmt.Sprintf("/v2/queues/wot/claims/c%d", len(messages))}}, Body: []byte(body),
		}, nil
	}}
}

// opsBesideClaims returns the operations that were sent, except claims.
func opsBesideClaims(s *clienttest.Scripted) []string {
	var ops []string
	for _, req := range s.Seen() {
		if op := string(req.Op); op != "claim_create" {
			ops = append(ops, op)
		}
	}
	return ops
}

func TestWhatCannotBeReadIsGivenBackAndNotHandled(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no JSON":      `{"messages":[`,
		"bad checksum": `{"messages":[{"body":1,"ttl":3600,"age":0,"href":"/v2/queues/wot/messages/a?claim_id=c0","id":"a","checksum":"MD5:00"}]}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := claiming(body)
			client := clienttest.Over(t, s, zaqar.WithChecksums())
			r := run(t, client.Queue("wot"), zaqar.ConsumerConfig{}, func(context.Context, *zaqar.Message) error {
				t.Errorf("%s: a handler was called", name)
				return nil
			})
			time.Sleep(time.Minute)
			r.stop()
			if ops := opsBesideClaims(s); !slices.Equal(ops, []string{"claim_delete"}) {
				t.Errorf("%s: the requests were %v", name, ops)
			}
			_ = client.Close()
		})
	}
}
