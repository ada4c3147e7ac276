package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// fleet is a Keystone whose keys spread slowly, in front of a Zaqar: tokens that were
// issued before a time are refused there.
type fleet struct {
	zaqar http.RoundTripper

	mu       sync.Mutex
	down     error // what Keystone's connections fail with
	accepted time.Time
	issued   map[string]time.Time
	asked    int // how often Keystone was asked
	cached   int // how many more answers are the first token again
}

// RoundTrip answers for Keystone and for Zaqar.
func (f *fleet) RoundTrip(req *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !strings.HasSuffix(req.URL.Path, "/auth/tokens") {
		if issued, ok := f.issued[req.Header.Get("X-Auth-Token")]; !ok || issued.Before(f.accepted) {
			return httpAnswer(req, http.StatusUnauthorized, nil, `{"title": "Unauthorized"}`), nil
		}
		return f.zaqar.RoundTrip(req)
	}
	f.asked++
	if f.down != nil {
		return nil, f.down
	}
	token := fmt.Sprintf("token-%d", f.asked)
	if f.cached > 0 && f.asked > 1 {
		f.cached--
		token = "token-1"
	} else {
		f.issued[token] = time.Now()
	}
	return httpAnswer(req, http.StatusCreated, http.Header{"X-Subject-Token": {token}}, `{"token": {"project": {"id": "p"}}}`), nil
}

func httpAnswer(req *http.Request, status int, header http.Header, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: req, ProtoMajor: 1, ProtoMinor: 1}
}

// inFleet connects a client to an embedded server behind a fleet.
func inFleet(t *testing.T, test func(t *testing.T, f *fleet, srv *zaqartest.Server, client *zaqar.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := zaqartest.RunInMemory(t)
		f := &fleet{zaqar: srv.HTTPClient().Transport, issued: map[string]time.Time{}}
		client, err := zaqar.Connect(t.Context(), srv.URL(), zaqar.WithVersion(zaqar.V2), zaqar.WithHTTPClient(&http.Client{Transport: f}),
			zaqar.WithAuth(keystone.Password("https://keystone.test", "demo", "x", keystone.HTTPClient(&http.Client{Transport: f}))))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Close() }()
		test(t, f, srv, client)
	})
}

func (f *fleet) change(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func TestSingleVerbsAskABrokenKeystoneRarely(t *testing.T) {
	t.Parallel()
	inFleet(t, func(t *testing.T, f *fleet, _ *zaqartest.Server, client *zaqar.Client) {
		f.change(func() { f.down = errors.New("connection reset by peer") })
		end := time.Now().Add(10 * time.Second)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for time.Now().Before(end) {
					_, err := client.Queue("wot").Post(t.Context(), 1)
					if e, ok := errors.AsType[*zaqar.Error](err); !ok || e.MayHaveActed() || errors.Is(err, zaqar.ErrUnauthorized) {
						t.Errorf("%v", err)
					}
					time.Sleep(5 * time.Millisecond)
				}
			})
		}
		wg.Wait()
		if f.asked > 8 {
			t.Errorf("Keystone was asked %d times in 10 s", f.asked)
		}
		f.change(func() { f.down = nil })
		time.Sleep(15 * time.Second)
		if _, err := client.Queue("wot").Post(t.Context(), 1); err != nil {
			t.Error(err)
		}
	})
}

func TestKeysThatSpreadOverAFleetEndNoConsumerAndFailFewCalls(t *testing.T) {
	t.Parallel()
	inFleet(t, func(t *testing.T, f *fleet, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 50)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var handled atomic.Int32
		ended := make(chan error, 1)
		go func() {
			ended <- q.Consumer(zaqar.ConsumerConfig{}).Run(ctx, func(context.Context, *zaqar.Message) error {
				handled.Add(1)
				time.Sleep(100 * time.Millisecond)
				return nil
			})
		}()
		time.Sleep(time.Second)
		// Keys are rotated: older tokens are worth nothing, and new ones only in 2 s.
		f.change(func() { f.accepted = time.Now().Add(2 * time.Second) })
		failed := 0
		for range 600 {
			if err := client.Ping(t.Context()); err != nil {
				failed++
			}
			time.Sleep(50 * time.Millisecond)
		}
		if failed > 3 || f.asked > 5 {
			t.Errorf("%d of 600 calls failed, Keystone was asked %d times", failed, f.asked)
		}
		select {
		case err := <-ended:
			t.Fatalf("the consumer ended: %v", err)
		default:
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) && err != nil {
			t.Error(err)
		}
		if n := handled.Load(); n != 50 {
			t.Errorf("%d messages were handled", n)
		}
		clienttest.Stored(t, srv, "wot", 0)
	})
}

func TestACallSignsInAgainAsOftenAsATokenIsRevoked(t *testing.T) {
	t.Parallel()
	second := time.Second
	for name, revoke := range map[string]func(f *fleet){
		"once":                                   func(f *fleet) { delete(f.issued, "token-1") },
		"and the new one before it is used":      func(f *fleet) { f.accepted = time.Now().Add(second) },
		"and the next two":                       func(f *fleet) { f.accepted = time.Now().Add(3 * second) },
		"and the next three":                     func(f *fleet) { f.accepted = time.Now().Add(7 * second) },
		"and Keystone gives it out again":        func(f *fleet) { delete(f.issued, "token-1"); f.cached = 1 },
		"and Keystone gives it out twice more":   func(f *fleet) { delete(f.issued, "token-1"); f.cached = 2 },
		"and Keystone gives it out 3 times more": func(f *fleet) { delete(f.issued, "token-1"); f.cached = 3 },
	} {
		inFleet(t, func(t *testing.T, f *fleet, srv *zaqartest.Server, client *zaqar.Client) {
			if err := client.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			f.change(func() { revoke(f) })
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					if _, err := client.Queue("wot").Post(t.Context(), 1); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				})
			}
			wg.Wait()
			if f.asked > 5 {
				t.Errorf("%s: Keystone was asked %d times", name, f.asked)
			}
			clienttest.Stored(t, srv, "wot", 20)
		})
	}
}

func TestACallWhoseTokensAreAllRefusedEnds(t *testing.T) {
	t.Parallel()
	inFleet(t, func(t *testing.T, f *fleet, srv *zaqartest.Server, client *zaqar.Client) {
		f.change(func() { f.accepted = time.Now().Add(time.Hour) })
		began := time.Now()
		_, err := client.Queue("wot").Post(t.Context(), 1)
		if e := clienttest.AsError(t, err); !errors.Is(err, zaqar.ErrUnauthorized) || e.Attempts != 5 || e.MayHaveActed() {
			t.Errorf("after %d attempts: %v", e.Attempts, err)
		}
		if took := time.Since(began); f.asked != 5 || took != 7*time.Second {
			t.Errorf("Keystone was asked %d times in %v", f.asked, took)
		}
		// Keystone is not asked again by every call.
		for range 10 {
			if err := client.Ping(t.Context()); clienttest.AsError(t, err).Attempts != 1 {
				t.Error(err)
			}
		}
		if f.asked != 5 {
			t.Errorf("Keystone was asked %d times", f.asked)
		}
		clienttest.Stored(t, srv, "wot", 0)
	})
}

// hopeful are credentials that always expect another token to help.
type hopeful struct{ auth.Authorizer }

func (hopeful) Invalidate(http.Header) bool { return true }

func TestCredentialsThatNeverGiveUpEndNoCallLate(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(http.StatusUnauthorized, `{"title":"Unauthorized"}`)
	client := clienttest.Over(t, server, zaqar.WithAuth(hopeful{auth.Token("t", "p")}))
	err := client.Ping(t.Context())
	if !errors.Is(err, zaqar.ErrUnauthorized) || server.Count() != 5 || clienttest.AsError(t, err).Attempts != 5 {
		t.Errorf("%d requests: %v", server.Count(), err)
	}
}
