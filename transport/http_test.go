package transport_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/transport"
)

func open(t *testing.T, endpoint string) *transport.HTTP {
	t.Helper()
	web, err := transport.NewHTTP(endpoint, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = web.Close() })
	return web
}

func TestARequestIsSentAsItSays(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", fmt.Sprintf("%s %s %q [%s]", r.Method, r.RequestURI, body, r.Header.Get("X-Mine")))
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short and stout")
	}))
	defer srv.Close()
	web := open(t, srv.URL+"/prefix/")
	for _, c := range []struct {
		request transport.Request
		want    string
	}{
		{transport.Request{Method: "GET", Path: "/v2/queues"}, `GET /prefix/v2/queues "" []`},
		{transport.Request{Method: "GET", Path: "/v2/queues?a=1", Query: url.Values{"b": {"2", "3"}}}, `GET /prefix/v2/queues?a=1&b=2&b=3 "" []`},
		{transport.Request{Method: "PUT", Path: "/v2/queues/a%2Fb", Body: []byte("{}"), Header: http.Header{"X-Mine": {"yes"}}}, `PUT /prefix/v2/queues/a%2Fb "{}" [yes]`},
	} {
		reply, err := web.Do(t.Context(), &c.request)
		if err != nil {
			t.Fatal(err)
		}
		if got := reply.Header.Get("X-Seen"); got != c.want || reply.Status != http.StatusTeapot || string(reply.Body) != "short and stout" {
			t.Errorf("the server saw %s, want %s; the reply is %d %s", got, c.want, reply.Status, reply.Body)
		}
	}
}

func TestAnEndpointIsAPlainURL(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"", "host", "ftp://host", "http://", "http://u:s3cr3t@host", "http://host?x", "http://host#x", "http://ho st", "http://[::1"} {
		if _, err := transport.NewHTTP(endpoint, nil); err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
	if got := open(t, "https://host:8888/messaging//").Endpoint(); got != "https://host:8888/messaging" {
		t.Errorf("the endpoint is %s", got)
	}
}

func TestAReplyWithoutAnEndIsCut(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<20)
		for range transport.DefaultMaxResponse/len(chunk) + 2 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	defer srv.Close()
	_, err := open(t, srv.URL).Do(t.Context(), &transport.Request{Method: "GET", Path: "/"})
	if e, ok := errors.AsType[*transport.Error](err); !ok || !errors.Is(err, transport.ErrResponseTooLarge) || !e.MaybeSent {
		t.Errorf("the error is %v", err)
	}
}

func TestAReplyThatEndsTooEarlyIsAnError(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "cut")
	}))
	defer srv.Close()
	_, err := open(t, srv.URL).Do(t.Context(), &transport.Request{Method: "GET", Path: "/"})
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "status 200") {
		t.Errorf("the error is %v", err)
	}
}

func TestWhatWasNotSentIsToldFromWhatMayHaveBeen(t *testing.T) {
	t.Parallel()
	cutting := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer cutting.Close()
	for endpoint, maybe := range map[string]bool{"http://127.0.0.1:1": false, cutting.URL: true} {
		_, err := open(t, endpoint).Do(t.Context(), &transport.Request{Method: "POST", Path: "/", Body: []byte("x")})
		if e, ok := errors.AsType[*transport.Error](err); !ok || e.MaybeSent != maybe {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

func TestARequestPrintsWithoutItsCredentials(t *testing.T) {
	t.Parallel()
	req := transport.Request{Op: "ping", Method: "GET", Path: "/v2/ping", Body: []byte("s3cr3t"), Header: http.Header{
		"X-Auth-Token": {"s3cr3t"}, "Url-Signature": {"s3cr3t"}, "Authorization": {"s3cr3t"}, "X-Project-Id": {"p"},
	}}
	text := fmt.Sprintf("%v %+v %#v %s", req, &req, req, req.LogValue())
	encoded, err := req.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	text += string(encoded) + slog.AnyValue(req).Resolve().String()
	if strings.Contains(text, "s3cr3t") || !strings.Contains(text, "/v2/ping") || !strings.Contains(text, "X-Project-Id") {
		t.Errorf("it prints %s", text)
	}
	if req.Header.Get("X-Auth-Token") != "s3cr3t" {
		t.Error("the header itself was changed")
	}
}
