package zaqar_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestOneConnectionAndOneTokenServeManyCalls(t *testing.T) {
	t.Parallel()
	srv, err := zaqartest.NewServer(zaqartest.WithKeystone())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = srv.Close() }()
	var opened atomic.Int32
	web := httptest.NewUnstartedServer(srv.Handler())
	web.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	web.Start()
	defer web.Close()
	signIn := keystone.Password(web.URL+"/identity/v3", "demo", "secret", keystone.Project("demo"))
	defer func() { _ = signIn.Close() }()
	client := connect(t, web.URL, zaqar.WithAuth(signIn))
	// net/http returns a connection to its pool shortly after the call has ended.
	var taken sync.WaitGroup
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GotConn:     func(httptrace.GotConnInfo) { taken.Add(1) },
		PutIdleConn: func(error) { taken.Done() },
	})
	for range 50 {
		if err := client.Ping(ctx); err != nil {
			t.Fatal(err)
		}
		taken.Wait()
	}
	if opened.Load() > 2 || srv.TokensIssued() != 1 {
		t.Errorf("%d connections, %d tokens; want one to Zaqar and one to Keystone, and one token", opened.Load(), srv.TokensIssued())
	}
}

func TestATokenNeverGoesToAnotherHost(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the other host was asked for %s", r.URL.Path)
	}))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		redirecting := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/v2/ping", status))
		for _, options := range [][]zaqar.ConnectOption{nil, {zaqar.WithHTTPClient(&http.Client{})}} {
			client := connect(t, redirecting.URL, append(options, zaqar.WithAuth(auth.Token("secret", "p")), zaqar.WithVersion(zaqar.V2))...)
			err := client.Ping(t.Context())
			if e := clienttest.AsError(t, err); e.Code != status || !strings.Contains(err.Error(), elsewhere.URL) {
				t.Errorf("%d: %v", status, err)
			}
			if _, err := client.Queue("wot").Post(t.Context(), 1); clienttest.AsError(t, err).Code != status {
				t.Errorf("%d: %v", status, err)
			}
		}
		redirecting.Close()
	}
}

func TestARedirectOnTheSameHostIsFollowedOnlyWhenTheMethodStays(t *testing.T) {
	t.Parallel()
	var posted atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/ping", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/there", http.StatusFound) })
	mux.HandleFunc("GET /there", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Auth-Token") != "secret" {
			t.Error("the token got lost on its own host")
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /v2/queues/wot/messages", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/there", http.StatusFound) })
	mux.HandleFunc("POST /there", func(http.ResponseWriter, *http.Request) { posted.Add(1) })
	srv := httptest.NewServer(mux)
	defer srv.Close()
	client := connect(t, srv.URL, zaqar.WithAuth(auth.Token("secret", "p")), zaqar.WithVersion(zaqar.V2))
	if err := client.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := client.Queue("wot").Post(t.Context(), 1); clienttest.AsError(t, err).Code != http.StatusFound {
		t.Errorf("a post that would have become a GET: %v", err)
	}
}

func TestBodiesHaveAContentLength(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength <= 0 || len(r.TransferEncoding) > 0 {
			t.Errorf("%s: length %d, encoding %v", r.URL.Path, r.ContentLength, r.TransferEncoding)
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprint(w, `{"resources":["/v2/queues/wot/messages/m"]}`)
	}))
	defer srv.Close()
	client := connect(t, srv.URL, zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V2))
	if _, err := client.Queue("wot").Post(t.Context(), strings.Repeat("x", 100_000)); err != nil {
		t.Error(err)
	}
	if _, err := client.CreateQueue(t.Context(), "wot", zaqar.Content{"a": 1}); err != nil {
		t.Error(err)
	}
	if _, err := client.Conn().Post(t.Context(), "/v2/queues/wot/purge", map[string]any{}); err != nil {
		t.Error(err)
	}
}
