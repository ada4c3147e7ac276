package integration

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
)

// TestTokensOfFifteenSecondsAreRenewedUnderLoad posts and claims from 8
// goroutines for a minute, with tokens that live for 15 s: no call fails, and
// Keystone is asked seldom.
func TestTokensOfFifteenSecondsAreRenewedUnderLoad(t *testing.T) {
	t.Parallel()
	servers := find(t)
	var signIns atomic.Int32
	counting := roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPost {
			signIns.Add(1)
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	signIn := keystone.Password(need(t, servers, "ZAQAR_REAL_KEYSTONE_SHORT_URL"),
		need(t, servers, "ZAQAR_REAL_USERNAME"), need(t, servers, "ZAQAR_REAL_PASSWORD"),
		keystone.Project(need(t, servers, "ZAQAR_REAL_PROJECT")), keystone.HTTPClient(&http.Client{Transport: counting}))
	defer func() { _ = signIn.Close() }()
	client, err := zaqar.Connect(t.Context(), "", zaqar.WithAuth(signIn))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	queue, err := client.CreateQueue(t.Context(), "tokens-"+client.Conn().ClientID())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := queue.Delete(t.Context()); err != nil {
			t.Error(err)
		}
	}()

	const workers, minute, least, most = 8, time.Minute, 2000, 8
	var (
		group         sync.WaitGroup
		calls, failed atomic.Int32
	)
	call := func(err error) {
		calls.Add(1)
		if err != nil {
			failed.Add(1)
			t.Error(err)
		}
	}
	end := time.Now().Add(minute)
	for range workers {
		group.Go(func() {
			for time.Now().Before(end) {
				_, err := queue.Post(t.Context(), zaqar.Outgoing{Body: "x", TTL: time.Minute})
				call(err)
				claim, err := queue.Claim(t.Context(), zaqar.Limit(1))
				call(err)
				if err != nil {
					continue
				}
				for _, m := range claim.Messages() {
					call(m.Delete(t.Context()))
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d calls, %d failed, %d token requests in %v", calls.Load(), failed.Load(), signIns.Load(), minute)
	if calls.Load() < least || signIns.Load() > most {
		t.Errorf("want %d calls at least and %d token requests at most", least, most)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
