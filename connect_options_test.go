package zaqar_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestCertificatesAreVerifiedUnlessAskedOtherwise(t *testing.T) {
	t.Parallel()
	zaqarServer, err := zaqartest.NewServer()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = zaqarServer.Close() }()
	srv := httptest.NewUnstartedServer(zaqarServer.Handler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // some handshakes fail on purpose
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
	srv.TLS = &tls.Config{MaxVersion: tls.VersionTLS11} //nolint:gosec // the client must refuse this server
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	for _, options := range [][]zaqar.ConnectOption{
		{zaqar.WithInsecure()},
		{zaqar.WithTLSConfig(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10})}, //nolint:gosec // the client must ignore MinVersion
	} {
		if _, err := zaqar.Connect(t.Context(), srv.URL, append(options, zaqar.WithProject("p"), zaqar.NoRetry())...); err == nil || !strings.Contains(err.Error(), "protocol version") {
			t.Errorf("the error is %v", err)
		}
	}
}

func TestTheProxyOfTheCallersClientIsUsed(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t, zaqartest.WithAllowedHosts("zaqar.example"))
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
	})), zaqar.NoRetry())
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
