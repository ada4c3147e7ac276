package safehttp_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/internal/safehttp"
)

// hop is a request to a URL, and the one that it was redirected to.
func hop(t *testing.T, method, from, nextMethod, to string) (*http.Request, []*http.Request) {
	t.Helper()
	last, err := http.NewRequestWithContext(t.Context(), method, from, nil)
	if err != nil {
		t.Fatal(err)
	}
	next, err := http.NewRequestWithContext(t.Context(), nextMethod, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	next.Response = &http.Response{StatusCode: http.StatusFound}
	return next, []*http.Request{last}
}

// send asks a server through a client that checks redirects.
func send(t *testing.T, server *httptest.Server, method, path, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	reply, err := safehttp.Client(server.Client(), nil).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func TestRedirectsStayOnOneHostAndKeepTheMethod(t *testing.T) {
	for _, test := range []struct {
		name, method, from, next, to string
		followed                     bool
	}{
		{"same host", "GET", "https://a/x", "GET", "https://a/y", true},
		{"same host in other letters", "GET", "https://a/x", "GET", "https://A:443/y", true},
		{"a POST that stays one", "POST", "https://a:5000/x", "POST", "https://a:5000/y", true},
		{"http to https", "GET", "http://a:8888/x", "GET", "https://a:8443/x", true},
		{"another host", "GET", "https://a/x", "GET", "https://b/x", false},
		{"a host below", "GET", "https://a.example/x", "GET", "https://b.a.example/x", false},
		{"another port", "GET", "https://a/x", "GET", "https://a:8443/x", false},
		{"https to http", "GET", "https://a/x", "GET", "http://a/x", false},
		{"a POST that turns into a GET", "POST", "https://a/x", "GET", "https://a/y", false},
		{"another scheme", "GET", "https://a/x", "GET", "ftp://a/x", false},
		{"credentials in the URL", "GET", "https://a/x", "GET", "https://u:p@a/x", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := safehttp.Check(hop(t, test.method, test.from, test.next, test.to))
			if followed := err == nil; followed != test.followed {
				t.Fatalf("Check = %v, want followed = %v", err, test.followed)
			}
			if refusal, ok := errors.AsType[*safehttp.RedirectError](err); err != nil && (!ok || refusal.Status != http.StatusFound) {
				t.Errorf("the error is %#v", err)
			}
		})
	}
}

func TestRedirectErrorsShowHostsOnly(t *testing.T) {
	err := safehttp.Check(hop(t, "GET", "https://a/x?signature=s3cret", "GET", "https://user:s3cret@b/y?token=s3cret"))
	if err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "https://a to https://b ") {
		t.Error(err)
	}
}

func TestRefusedRedirectIsTheReply(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the other host was asked")
	}))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/?a=b", status))
		defer server.Close()
		reply := send(t, server, http.MethodPost, "/", "password")
		_ = reply.Body.Close()
		if reply.StatusCode != status {
			t.Errorf("status %d, want %d", reply.StatusCode, status)
		}
		refusal := safehttp.Refused(reply.Request.URL, reply.StatusCode, reply.Header)
		if refusal == nil || refusal.From != server.URL || refusal.To != elsewhere.URL || refusal.Status != status {
			t.Errorf("Refused = %+v", refusal)
		}
	}
}

func TestRedirectWithinTheHostIsFollowedWithItsBody(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/old", http.RedirectHandler("/new", http.StatusPermanentRedirect))
	mux.HandleFunc("POST /new", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	server := httptest.NewServer(mux)
	defer server.Close()
	reply := send(t, server, http.MethodPost, "/old", "body")
	defer func() { _ = reply.Body.Close() }()
	if body, err := io.ReadAll(reply.Body); string(body) != "body" || err != nil {
		t.Errorf("body %q, %v", body, err)
	}
}

func TestRedirectsEndAfterTen(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/", http.StatusFound)
	}))
	defer server.Close()
	reply := send(t, server, http.MethodGet, "/", "")
	_ = reply.Body.Close()
	if reply.StatusCode != http.StatusFound || asked != 11 {
		t.Errorf("status %d after %d requests", reply.StatusCode, asked)
	}
}

func TestCallersOwnCheckIsAskedAfterOurs(t *testing.T) {
	refuse := errors.New("not mine")
	client := safehttp.Client(&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return refuse }}, nil)
	if err := client.CheckRedirect(hop(t, "GET", "https://a/x", "GET", "https://a/y")); !errors.Is(err, refuse) {
		t.Errorf("a redirect within the host: %v", err)
	}
	if err := client.CheckRedirect(hop(t, "GET", "https://a/x", "GET", "https://b/y")); !errors.Is(err, http.ErrUseLastResponse) {
		t.Errorf("a redirect to another host: %v", err)
	}
}

func TestRepliesThatDoNotRedirectAreNotRefused(t *testing.T) {
	from := &url.URL{Scheme: "https", Host: "a"}
	for status, location := range map[int]string{200: "/x", 201: "/x", 300: "/x", 304: "/x", 307: "", 401: "/x"} {
		if e := safehttp.Refused(from, status, http.Header{"Location": {location}}); e != nil {
			t.Errorf("status %d: %v", status, e)
		}
	}
	if e := safehttp.Refused(from, 302, http.Header{"Location": {"http://%zz"}}); e == nil || e.To != "" {
		t.Errorf("a Location that is no URL: %v", e)
	}
}

func TestClientsSpeakTLS12OrLater(t *testing.T) {
	for name, client := range map[string]*http.Client{
		"from nothing":             safehttp.Client(nil, nil),
		"with a configuration":     safehttp.Client(nil, &tls.Config{MinVersion: tls.VersionTLS10, ServerName: "a"}),
		"of a client without much": safehttp.Client(&http.Client{}, &tls.Config{}),
	} {
		transport, ok := client.Transport.(*http.Transport)
		if !ok || transport.TLSClientConfig.MinVersion != tls.VersionTLS12 || transport.TLSClientConfig.InsecureSkipVerify {
			t.Errorf("%s: %+v", name, client.Transport)
		}
	}
}

func TestCallersTransportIsKept(t *testing.T) {
	own := &http.Transport{}
	base := &http.Client{Transport: own}
	if client := safehttp.Client(base, &tls.Config{}); client.Transport != own || client == base {
		t.Error("the transport was replaced or the client not copied")
	}
	if base.CheckRedirect != nil || own.TLSClientConfig != nil {
		t.Error("the caller's client was changed")
	}
}
