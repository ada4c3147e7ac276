package transport_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/zaqar-go/zaqar/transport"
)

type usesKey struct{}

// stale serves one request on each connection, and cuts the connection at the second.
func stale(t *testing.T) (url string, served *atomic.Int32) {
	t.Helper()
	served = &atomic.Int32{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if uses, _ := r.Context().Value(usesKey{}).(*atomic.Int32); uses.Add(1) > 1 {
			panic(http.ErrAbortHandler)
		}
		if len(r.Header["X-Idempotency-Key"]) != 0 {
			t.Error("the header was sent")
		}
		served.Add(1)
		w.WriteHeader(http.StatusNoContent)
	}))
	server.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, usesKey{}, &atomic.Int32{})
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, served
}

func TestARepeatableRequestIsSentAgainWhenItsIdleConnectionWasClosed(t *testing.T) {
	t.Parallel()
	url, served := stale(t)
	web := open(t, url)
	const calls = 250
	for range calls {
		for _, req := range []transport.Request{
			{Method: "DELETE", Path: "/m", Repeatable: true},
			{Method: "PATCH", Path: "/c", Body: []byte(`{"ttl":60}`), Repeatable: true},
		} {
			if _, err := web.Do(t.Context(), &req); err != nil {
				t.Fatalf("%s after %d: %v", req.Method, served.Load(), err)
			}
		}
	}
	if n := served.Load(); n != 2*calls {
		t.Errorf("%d were served", n)
	}
}

func TestWhatIsNotRepeatableIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"POST", "DELETE", "PATCH"} {
		url, _ := stale(t)
		web := open(t, url)
		failed := 0
		for range 20 {
			_, err := web.Do(t.Context(), &transport.Request{Method: method, Path: "/", Body: []byte(`{}`)})
			if e, ok := errors.AsType[*transport.Error](err); ok && e.MaybeSent {
				failed++
			}
		}
		if failed == 0 {
			t.Errorf("no %s failed", method)
		}
	}
}
