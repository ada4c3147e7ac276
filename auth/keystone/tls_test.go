package keystone_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/internal/safehttp"
)

// certificates is a new CA with one client certificate, and the PEM files of
// both and of a server's CA.
type certificates struct {
	clients                                 *x509.CertPool
	serverCA, clientCert, clientKey, paired string
}

func newCertificates(t *testing.T, server *httptest.Server) certificates {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "demo"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	own, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c := certificates{clients: x509.NewCertPool()}
	c.clients.AddCert(own)
	folder := t.TempDir()
	file := func(name string, blocks ...*pem.Block) string {
		var text []byte
		for _, b := range blocks {
			text = append(text, pem.EncodeToMemory(b)...)
		}
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cert, private := &pem.Block{Type: "CERTIFICATE", Bytes: der}, &pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}
	c.serverCA = file("ca.pem", &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	c.clientCert, c.clientKey, c.paired = file("cert.pem", cert), file("key.pem", private), file("both.pem", cert, private)
	return c
}

// quiet keeps handshake failures, which some tests want, out of the output.
func quiet(server *httptest.Server) *httptest.Server {
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	return server
}

func TestServerCertificatesAreVerifiedUnlessAskedOtherwise(t *testing.T) {
	server := quiet(httptest.NewUnstartedServer(&fakeKeystone{}))
	server.StartTLS()
	defer server.Close()
	files := newCertificates(t, server)
	folder := cleanEnvironment(t, nil)
	write(t, folder, map[string]string{"clouds.yaml": strings.NewReplacer("URL", server.URL, "CA", files.serverCA).Replace(`
clouds:
  plain: {auth: {auth_url: "URL", username: demo, password: x}}
  ca: {auth: {auth_url: "URL", username: demo, password: x}, cacert: CA}
  verify: {auth: {auth_url: "URL", username: demo, password: x}, verify: true}
  insecure: {auth: {auth_url: "URL", username: demo, password: x}, verify: false}
  unclear: {auth: {auth_url: "URL", username: demo, password: x}, verify: maybe}
`)})
	signIn := func(a *keystone.Auth) error { return a.Authorize(context.Background(), http.Header{}) }
	withEnv := func(name, value string) *keystone.Auth {
		cleanEnvironment(t, map[string]string{"OS_AUTH_URL": server.URL, "OS_USERNAME": "demo", "OS_PASSWORD": "x", name: value})
		return keystone.FromEnv()
	}
	for name, a := range map[string]*keystone.Auth{
		"CACert":        keystone.Password(server.URL, "demo", "x", keystone.CACert(files.serverCA)),
		"Insecure":      keystone.Password(server.URL, "demo", "x", keystone.Insecure()),
		"HTTPClient":    keystone.Password(server.URL, "demo", "x", keystone.HTTPClient(server.Client())),
		"a bare client": keystone.Password(server.URL, "demo", "x", keystone.HTTPClient(&http.Client{}), keystone.CACert(files.serverCA)),
		"cacert":        keystone.FromCloud("ca"),
		"verify: false": keystone.FromCloud("insecure"),
	} {
		if err := signIn(a); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, a := range map[string]*keystone.Auth{
		"plain":       keystone.Password(server.URL, "demo", "x"),
		"plain cloud": keystone.FromCloud("plain"),
		"verify":      keystone.FromCloud("verify"),
	} {
		err := signIn(a)
		if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok || !strings.Contains(err.Error(), "CACert") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := keystone.FromCloud("unclear").Validate(); err == nil {
		t.Error("verify: maybe is taken for something")
	}
	if err := signIn(withEnv("OS_CACERT", files.serverCA)); err != nil {
		t.Error(err)
	}
	if err := signIn(withEnv("OS_INSECURE", "true")); err != nil {
		t.Error(err)
	}
	if err := signIn(withEnv("OS_INSECURE", "false")); err == nil {
		t.Error("OS_INSECURE=false does not verify")
	}
}

func TestClientCertificateIsShown(t *testing.T) {
	server := quiet(httptest.NewUnstartedServer(&fakeKeystone{}))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert}
	// The pool is filled before the first connection.
	server.TLS.ClientCAs = x509.NewCertPool()
	server.StartTLS()
	defer server.Close()
	files := newCertificates(t, server)
	server.TLS.ClientCAs = files.clients
	password := func(opts ...keystone.Option) *keystone.Auth {
		return keystone.Password(server.URL, "demo", "x", append(opts, keystone.CACert(files.serverCA))...)
	}
	for _, a := range []*keystone.Auth{
		password(keystone.ClientCertificate(files.clientCert, files.clientKey)),
		password(keystone.ClientCertificate(files.paired, "")),
	} {
		if err := a.Authorize(context.Background(), http.Header{}); err != nil {
			t.Error(err)
		}
		c, err := a.TLSClientConfig()
		if err != nil || c.RootCAs == nil || len(c.Certificates) != 1 || c.MinVersion != tls.VersionTLS12 || c.InsecureSkipVerify {
			t.Errorf("TLSClientConfig = %+v, %v", c, err)
		}
	}
	if err := password().Authorize(context.Background(), http.Header{}); err == nil {
		t.Error("signed in without a client certificate")
	}
}

func TestWithoutTLSSettingsThereIsNoConfiguration(t *testing.T) {
	if c, err := keystone.Password(fakeURL, "demo", "x").TLSClientConfig(); c != nil || err != nil {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestPasswordIsNotSentToAnotherHost(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the other host was asked")
	}))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/v3/auth/tokens?q="+url.QueryEscape(password), status))
		defer server.Close()
		for _, opts := range [][]keystone.Option{nil, {keystone.HTTPClient(server.Client())}} {
			err := keystone.Password(server.URL, "demo", password, opts...).Authorize(context.Background(), http.Header{})
			redirect, ok := errors.AsType[*safehttp.RedirectError](err)
			if !ok || redirect.To != elsewhere.URL || redirect.Status != status || !strings.Contains(err.Error(), "use it as the auth URL") {
				t.Errorf("status %d: %v", status, err)
			}
		}
	}
}

func TestRedirectWithinTheHostIsFollowed(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/v3/", http.RedirectHandler("/identity/v3/auth/tokens", http.StatusPermanentRedirect))
	mux.Handle("/identity/v3/auth/tokens", &fakeKeystone{})
	server := httptest.NewServer(mux)
	defer server.Close()
	if got := token(t, keystone.Password(server.URL, "demo", password)); got != "token-1" {
		t.Errorf("token %q", got)
	}
}

func TestProxyOfTheCallerIsUsed(t *testing.T) {
	k := &fakeKeystone{}
	proxy := httptest.NewServer(k)
	defer proxy.Close()
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(address)}}
	defer client.CloseIdleConnections()
	token(t, keystone.Password("http://keystone.invalid/v3", "demo", password, keystone.HTTPClient(client)))
	if k.count() != 1 {
		t.Errorf("the proxy was asked %d times", k.count())
	}
}

func TestNoConnectionStaysBehind(t *testing.T) {
	closed := make(chan struct{}, 1)
	server := httptest.NewUnstartedServer(&fakeKeystone{})
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.Start()
	defer server.Close()
	token(t, keystone.Password(server.URL, "demo", password))
	<-closed
}
