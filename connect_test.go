package zaqar_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func connect(t *testing.T, endpoint string, options ...zaqar.ConnectOption) *zaqar.Client {
	t.Helper()
	client, err := zaqar.Connect(t.Context(), endpoint, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestConnectRefusesWhatCannotBeRight(t *testing.T) {
	t.Parallel()
	project := zaqar.WithProject("p")
	for name, c := range map[string]struct {
		endpoint string
		options  []zaqar.ConnectOption
	}{
		"credentials":       {"http://h", nil},
		"an endpoint":       {"", []zaqar.ConnectOption{project}},
		"a URL":             {"host:8888", []zaqar.ConnectOption{project}},
		"a scheme":          {"ftp://h", []zaqar.ConnectOption{project}},
		"a host":            {"http://", []zaqar.ConnectOption{project}},
		"a password in it":  {"http://u:s3cr3t@h", []zaqar.ConnectOption{project}},
		"a query in it":     {"http://h?x", []zaqar.ConnectOption{project}},
		"spaces":            {" http://h", []zaqar.ConnectOption{project}},
		"a version":         {"http://h", []zaqar.ConnectOption{project, zaqar.WithVersion("v3")}},
		"a negative time":   {"http://h", []zaqar.ConnectOption{project, zaqar.WithTimeout(-1)}},
		"a client id":       {"http://h", []zaqar.ConnectOption{project, zaqar.WithClientID("a\nb")}},
		"one TLS source":    {"http://h", []zaqar.ConnectOption{project, zaqar.WithInsecure(), zaqar.WithHTTPClient(http.DefaultClient)}},
		"a CA file":         {"http://h", []zaqar.ConnectOption{project, zaqar.WithCACert("/does/not/exist")}},
		"a CA in it":        {"http://h", []zaqar.ConnectOption{project, zaqar.WithCACert(os.Args[0])}},
		"a key of the cert": {"http://h", []zaqar.ConnectOption{project, zaqar.WithClientCert("cert.pem", "")}},
	} {
		_, err := zaqar.Connect(t.Context(), c.endpoint, c.options...)
		if !errors.Is(err, zaqar.ErrInvalid) || !strings.Contains(err.Error(), "connect: ") {
			t.Errorf("without %s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("the password is in %v", err)
		}
	}
}

func TestConnectDiscoversTheVersion(t *testing.T) {
	t.Parallel()
	const v2 = `{"id":"2","status":"CURRENT"}`
	for name, c := range map[string]struct {
		status int
		body   string
		want   zaqar.Version
		fails  bool
	}{
		"listed":                    {300, `{"versions":[{"id":"1","status":"DEPRECATED"},` + v2 + `]}`, zaqar.V2, false},
		"listed with unknown ones":  {300, `{"versions":[{"id":"7","status":"CURRENT"},` + v2 + `],"more":1}`, zaqar.V2, false},
		"a blocked root":            {403, `<html>`, zaqar.V2, false},
		"a root of others":          {200, `<html>hello</html>`, zaqar.V2, false},
		"no root":                   {404, ``, zaqar.V2, false},
		"a root that wants a token": {401, `{"error":{"code":401}}`, zaqar.V2, false},
		"nothing that we speak":     {300, `{"versions":[{"id":"7","status":"CURRENT"}]}`, "", true},
	} {
		server := clienttest.Says(c.status, c.body)
		client, err := zaqar.Connect(t.Context(), "http://h", zaqar.WithTransport(server), zaqar.WithAuth(auth.Func(func(context.Context, http.Header) error {
			return errors.New("no credentials are needed to ask for versions")
		})))
		if c.fails {
			if err == nil {
				t.Errorf("%s: connected", name)
			}
			continue
		}
		if err != nil || client.Conn().Version() != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAVersionThatIsListedButSwitchedOffIsNotTaken(t *testing.T) {
	t.Parallel()
	server := &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
		if req.Path == "/" {
			return &transport.Response{Status: 300, Body: []byte(`{"versions":[{"id":"2","status":"DEPRECATED"}]}`)}, nil
		}
		return &transport.Response{Status: 404}, nil
	}}
	if _, err := zaqar.Connect(t.Context(), "http://h", zaqar.WithTransport(server), zaqar.WithProject("p")); err == nil {
		t.Error("connected to a version that is not there")
	}
}

func TestAServerThatCannotBeReachedIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := zaqar.Connect(t.Context(), "http://127.0.0.1:1", zaqar.WithProject("p")); err == nil || !zaqar.SafeToRetry(err) {
		t.Errorf("the error is %v", err)
	}
}

func TestOperationsThatAVersionLacksAreUnsupported(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(200, `{}`)
	client := clienttest.Over(t, server, zaqar.WithVersion(zaqar.V1))
	_, err := client.Queue("wot").Pop(t.Context(), 1)
	if !errors.Is(err, zaqar.ErrUnsupported) || !strings.Contains(err.Error(), "message_pop") || !strings.Contains(err.Error(), "v1") {
		t.Errorf("the error is %v", err)
	}
	if server.Count() != 0 {
		t.Error("something was sent")
	}
}

func TestAnEndpointMayEndInTheVersionAndStandBehindAPrefix(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	proxy := httptest.NewServer(http.StripPrefix("/messaging", srv.Handler()))
	defer proxy.Close()
	for _, suffix := range []string{"", "/", "/v2", "/v2/"} {
		client := connect(t, proxy.URL+"/messaging"+suffix, zaqar.WithProject("p"))
		q := client.Queue("wot")
		for range 25 {
			if _, err := q.Post(t.Context(), "x"); err != nil {
				t.Fatalf("%q: %v", suffix, err)
			}
		}
		n := 0
		for _, err := range q.Messages(t.Context(), zaqar.PageSize(2)) {
			if err != nil {
				t.Fatalf("%q: %v", suffix, err)
			}
			n++
		}
		if n != 25 {
			t.Errorf("%q: %d messages are listed", suffix, n)
		}
		if err := q.Delete(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestAVersionAtTheEndOfTheEndpointCountsWithATransportToo(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(204, "")
	client := connect(t, "http://h/v1.1/", zaqar.WithTransport(server), zaqar.WithProject("p"))
	if err := client.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := server.Last(t); got.Path != "/v1.1/ping" || server.Count() != 1 || client.Conn().Endpoint() != "http://h" {
		t.Errorf("%d requests, the last %v, endpoint %s", server.Count(), got, client.Conn().Endpoint())
	}
}

func TestTheEndpointComesFromTheCatalogue(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t, zaqartest.WithKeystone())
	signIn := func() zaqar.ConnectOption {
		a := keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"))
		t.Cleanup(func() { _ = a.Close() })
		return zaqar.WithAuth(a)
	}
	for _, kind := range []string{"messaging", "message", "queuing"} {
		srv.SetCatalog(zaqartest.CatalogEntry{Type: kind, Name: "zaqar", Region: "RegionOne", Interface: "public", URL: srv.URL() + "/"})
		client := connect(t, "", signIn())
		if client.Conn().Endpoint() != srv.URL() {
			t.Errorf("%s: the endpoint is %s", kind, client.Conn().Endpoint())
		}
		if err := client.Ping(t.Context()); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	srv.SetCatalog(zaqartest.CatalogEntry{Type: "compute", Name: "nova", Region: "RegionOne", Interface: "public", URL: "http://nova"})
	_, err := zaqar.Connect(t.Context(), "", signIn())
	if err == nil || !strings.Contains(err.Error(), "messaging") {
		t.Errorf("without one: %v", err)
	}
}

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
	// A connection is back in the pool of net/http a moment after its call has ended.
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

func TestTheClientIDStaysTheSameAndIsNeverEmpty(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	first, second := connect(t, srv.URL(), zaqar.WithProject("p")), connect(t, srv.URL(), zaqar.WithProject("p"))
	for range 3 {
		if err := first.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, seen := range srv.Requests("ping") {
		if seen.ClientID != first.Conn().ClientID() || seen.ClientID == "" || seen.Project != "p" {
			t.Errorf("client %q, project %q", seen.ClientID, seen.Project)
		}
	}
	if first.Conn().ClientID() == second.Conn().ClientID() {
		t.Error("two clients have one id")
	}
	const mine = "3381AF92-2B9E-11E3-B191-71861300734C"
	third := connect(t, srv.URL(), zaqar.WithProject("p"), zaqar.WithClientID(mine))
	if err := third.Ping(t.Context()); err != nil || third.Conn().ClientID() != mine {
		t.Errorf("%q: %v", third.Conn().ClientID(), err)
	}
}

func TestPingTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t, zaqartest.WithKeystone())
	client := connect(t, srv.URL(), zaqar.WithAuth(auth.Token("old", "p")))
	if err := client.Ping(t.Context()); !errors.Is(err, zaqar.ErrUnauthorized) {
		t.Errorf("the error is %v", err)
	}
}

func TestAPlugInOfOneMethodIsEnough(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(204, "")
	failing := false
	client := clienttest.Over(t, server, zaqar.WithAuth(auth.Func(func(_ context.Context, h http.Header) error {
		if failing {
			return errors.New("the vault is shut")
		}
		h.Set(auth.HeaderToken, "from the vault")
		return nil
	})))
	if err := client.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := server.Last(t).Header.Get("X-Auth-Token"); got != "from the vault" {
		t.Errorf("the token is %q", got)
	}
	failing = true
	if err := client.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "ping: the vault is shut") || clienttest.AsError(t, err).MayHaveActed() {
		t.Errorf("the error is %v", err)
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

func TestCertificatesAreVerifiedUnlessAskedOtherwise(t *testing.T) {
	t.Parallel()
	zaqarServer, err := zaqartest.NewServer()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = zaqarServer.Close() }()
	srv := httptest.NewUnstartedServer(zaqarServer.Handler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshakes that fail on purpose
	srv.StartTLS()
	defer srv.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		options []zaqar.ConnectOption
		works   bool
	}{
		"by default":               {nil, false},
		"with its CA":              {[]zaqar.ConnectOption{zaqar.WithCACert(ca)}, true},
		"insecure":                 {[]zaqar.ConnectOption{zaqar.WithInsecure()}, true},
		"with the caller's client": {[]zaqar.ConnectOption{zaqar.WithHTTPClient(srv.Client())}, true},
		"with another name":        {[]zaqar.ConnectOption{zaqar.WithTLSConfig(&tls.Config{ServerName: "other", RootCAs: srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs})}, false},
	} {
		client, err := zaqar.Connect(t.Context(), srv.URL, append(c.options, zaqar.WithProject("p"))...)
		if (err == nil) != c.works {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			_ = client.Close()
		} else if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
			t.Errorf("%s: the cause is hidden in %v", name, err)
		}
	}
}

func TestTLSBefore12IsRefused(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.TLS = &tls.Config{MaxVersion: tls.VersionTLS11} //nolint:gosec // the server that is refused
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	for _, options := range [][]zaqar.ConnectOption{
		{zaqar.WithInsecure()},
		{zaqar.WithTLSConfig(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10})}, //nolint:gosec // what is asked for is not given
	} {
		if _, err := zaqar.Connect(t.Context(), srv.URL, append(options, zaqar.WithProject("p"))...); err == nil || !strings.Contains(err.Error(), "protocol version") {
			t.Errorf("the error is %v", err)
		}
	}
}

func TestTheProxyOfTheCallersClientIsUsed(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	var proxied atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "zaqar.example:8888" {
			t.Errorf("the proxy is asked for %s", r.URL.Host)
		}
		proxied.Add(1)
		srv.Handler().ServeHTTP(w, r)
	}))
	defer proxy.Close()
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := connect(t, "http://zaqar.example:8888", zaqar.WithProject("p"),
		zaqar.WithHTTPClient(&http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(address)}}))
	if err := client.Ping(t.Context()); err != nil || proxied.Load() == 0 {
		t.Errorf("%d requests went through the proxy, %v", proxied.Load(), err)
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
