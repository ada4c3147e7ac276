package safehttp_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/internal/safehttp"
)

func get(t *testing.T, client *http.Client, url string) safehttp.Mistake {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := client.Do(req)
	if err != nil {
		return safehttp.MistakeOf(err)
	}
	defer func() { _ = reply.Body.Close() }()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return safehttp.MistakeIn(reply.StatusCode, body)
}

func server(t *testing.T, config *tls.Config) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	if srv.TLS = config; config != nil {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return srv
}

// alerting is a port that speaks TLS, as OpenSSL does: it answers anything else with an
// alert.
func alerting(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends with the test
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1024))
			_, _ = conn.Write([]byte("\x15\x03\x01\x00\x02\x02\x46"))
			_ = conn.Close()
		}
	}()
	return "http://" + listener.Addr().String()
}

func TestMistakesAreRecognised(t *testing.T) {
	t.Parallel()
	plain, secure := server(t, nil), server(t, &tls.Config{})
	wants := &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()}
	before := wants.Clone()
	before.MaxVersion = tls.VersionTLS12
	now, old := server(t, wants), server(t, before)
	client := func(srv *httptest.Server) *http.Client { return srv.Client() }
	for name, c := range map[string]struct {
		client *http.Client
		url    string
		want   safehttp.Mistake
	}{
		"http to a TLS port of Go":          {client(plain), strings.Replace(secure.URL, "https", "http", 1), safehttp.PlainToTLS},
		"http to a TLS port of OpenSSL":     {client(plain), alerting(t), safehttp.PlainToTLS},
		"https to a port without TLS":       {client(secure), strings.Replace(plain.URL, "http", "https", 1), safehttp.TLSToPlain},
		"no client certificate":             {client(now), now.URL, safehttp.NoClientCertificate},
		"no client certificate, by TLS 1.2": {client(old), old.URL, safehttp.NoClientCertificate},
		"an unknown authority":              {client(plain), secure.URL, safehttp.UnknownAuthority},
		"none":                              {client(secure), secure.URL, 0},
		"nobody listens":                    {client(plain), "http://127.0.0.1:1", 0},
	} {
		if got := get(t, c.client, c.url); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for body, want := range map[string]safehttp.Mistake{
		"<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head>":                    safehttp.PlainToTLS,
		"Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />\n Instead use the HTTPS scheme": safehttp.PlainToTLS,
		"<html><head><title>400 No required SSL certificate was sent</title></head>":                             safehttp.NoClientCertificate,
		`{"title": "Invalid API request", "description": "Bad"}`:                                                 0,
	} {
		if got := safehttp.MistakeIn(http.StatusBadRequest, []byte(body)); got != want {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	}
	if safehttp.MistakeOf(nil) != 0 || safehttp.MistakeIn(http.StatusOK, []byte("Client sent an HTTP request to an HTTPS server")) != 0 {
		t.Error("a mistake where there is none")
	}
}
