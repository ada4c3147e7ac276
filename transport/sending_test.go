package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/zaqar-go/zaqar/transport"
)

// roundTripper is a function as a RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestUnsentMeansProvenUnsent(t *testing.T) {
	t.Parallel()
	var arrived atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived.Add(1)
		panic(http.ErrAbortHandler)
	}))
	defer srv.Close()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	plain := &http.Transport{}
	defer plain.CloseIdleConnections()
	for name, c := range map[string]struct {
		through roundTripper
		bare    bool // the request has no body
		maybe   bool
	}{
		"sends with a context of its own": {through: func(r *http.Request) (*http.Response, error) {
			return plain.RoundTrip(r.Clone(context.Background()))
		}, maybe: true},
		"sends with a context of its own, without a body": {through: func(r *http.Request) (*http.Response, error) {
			return plain.RoundTrip(r.Clone(context.Background()))
		}, bare: true, maybe: true},
		"sends a copy, and then cannot connect": {through: func(r *http.Request) (*http.Response, error) {
			body, err := r.GetBody()
			if err != nil {
				return nil, err
			}
			again := r.Clone(context.Background())
			again.Body = body
			_, _ = plain.RoundTrip(again) //nolint:bodyclose // the server cuts the connection
			return nil, refused
		}, maybe: true},
		"cannot connect":                 {through: func(*http.Request) (*http.Response, error) { return nil, refused }},
		"cannot connect, without a body": {through: func(*http.Request) (*http.Response, error) { return nil, refused }, bare: true, maybe: true},
		"passes the context on":          {through: plain.RoundTrip, maybe: true},
	} {
		web, err := transport.NewHTTP(srv.URL, &http.Client{Transport: c.through})
		if err != nil {
			t.Fatal(err)
		}
		req := &transport.Request{Method: http.MethodPost, Path: "/", Body: []byte(`{"messages":[]}`)}
		if c.bare {
			req = &transport.Request{Method: http.MethodDelete, Path: "/?pop=5"}
		}
		before := arrived.Load()
		_, err = web.Do(t.Context(), req)
		e, ok := errors.AsType[*transport.Error](err)
		if !ok || e.MaybeSent != c.maybe {
			t.Errorf("a RoundTripper that %s: %v, want MaybeSent %v", name, err, c.maybe)
		}
		if arrived.Load() > before && !e.MaybeSent {
			t.Errorf("a RoundTripper that %s: what arrived is called unsent", name)
		}
	}
}

func TestARequestThatIsCalledUnsentIsNotSentLater(t *testing.T) {
	t.Parallel()
	late := make(chan struct{})
	var sender sync.WaitGroup
	var read error
	web, err := transport.NewHTTP("http://zaqar.test", &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		body := r.Body
		sender.Go(func() {
			<-late
			_, read = io.ReadAll(body)
		})
		return nil, context.Canceled
	})})
	if err != nil {
		t.Fatal(err)
	}
	_, err = web.Do(t.Context(), &transport.Request{Method: http.MethodPost, Path: "/", Body: []byte("x")})
	close(late)
	sender.Wait()
	if e, ok := errors.AsType[*transport.Error](err); !ok || e.MaybeSent || read == nil {
		t.Errorf("the error is %v, and the body could be read: %v", err, read)
	}
}
