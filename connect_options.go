package zaqar

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
)

// ConnectOption is an option of [Connect].
type ConnectOption func(*settings)

// settings are what the options of Connect fill in.
type settings struct {
	auth       auth.Authorizer
	version    Version
	clientID   string
	userAgent  string
	timeout    time.Duration
	httpClient *http.Client
	transport  transport.Transport
	tls        tlsSettings
	checksums  bool
	async      int
	observer   observe.Observer

	socket      bool // beside HTTP
	socketURL   string
	messagePack bool
}

// WithAuth says who is calling: auth/keystone, auth.Token, auth.NoAuth, or a
// type of your own with one method.
func WithAuth(a auth.Authorizer) ConnectOption { return func(s *settings) { s.auth = a } }

// WithProject names the project on a server that runs without authentication.
// It is short for WithAuth(auth.NoAuth(project)).
func WithProject(project string) ConnectOption { return WithAuth(auth.NoAuth(project)) }

// WithVersion chooses the API version instead of asking the server.
func WithVersion(v Version) ConnectOption { return func(s *settings) { s.version = v } }

// WithClientID names this client to the server, by a UUID in any usual spelling.
// The default is a new random one for each Connect. Give the same one each time
// when a restarted program shall still know its own messages; see [Echo].
func WithClientID(uuid string) ConnectOption { return func(s *settings) { s.clientID = uuid } }

// WithUserAgent puts the name of your program before the library's own in the
// User-Agent header.
func WithUserAgent(product string) ConnectOption {
	return func(s *settings) { s.userAgent = product }
}

// WithTimeout limits each call whose context has no deadline. The default is
// [DefaultTimeout]; zero means no limit, but over the WebSocket, where it means a
// minute too.
func WithTimeout(d time.Duration) ConnectOption { return func(s *settings) { s.timeout = d } }

// WithHTTPClient uses the caller's HTTP client: its connections, proxy, TLS
// settings, cookies, timeout and RoundTripper. It is copied, and redirects that
// would carry the token elsewhere are never followed. It cannot be combined with
// the TLS options, and TLS material that the credentials bring (a clouds.yaml's
// cacert) is left to the caller too.
//
// The default is a client of its own with the proxy of the environment
// (HTTPS_PROXY, NO_PROXY) and TLS 1.2 at least.
func WithHTTPClient(client *http.Client) ConnectOption {
	return func(s *settings) { s.httpClient = client }
}

// WithTransport uses another transport than HTTP and the WebSocket, or one that wraps
// them (see transport.NewHTTP, transport.NewWebSocket). The endpoint given to Connect is then only remembered, but
// for an API version at its end.
// The client closes it.
func WithTransport(t transport.Transport) ConnectOption {
	return func(s *settings) { s.transport = t }
}

// WithCACert trusts the certificate authorities in a PEM file, instead of the
// system's, to have signed the server's certificate.
func WithCACert(file string) ConnectOption { return func(s *settings) { s.tls.caCert = file } }

// WithClientCert presents a certificate (PEM files) to a server that asks for one.
func WithClientCert(certFile, keyFile string) ConnectOption {
	return func(s *settings) { s.tls.cert, s.tls.key = certFile, keyFile }
}

// WithTLSConfig uses a TLS configuration, which is copied. Versions before TLS
// 1.2 stay off.
func WithTLSConfig(config *tls.Config) ConnectOption {
	return func(s *settings) { s.tls.base = config }
}

// WithInsecure turns the verification of the server's certificate off. Anybody
// on the way can then read and change everything, the token included: for tests
// only.
func WithInsecure() ConnectOption { return func(s *settings) { s.tls.insecure = true } }

// WithAsync sets how many calls of [Async] the client has in flight at once, 1 at
// least. The default is [DefaultAsync]. It is the seed's client.async.
func WithAsync(n int) ConnectOption { return func(s *settings) { s.async = n } }

// WithObserver tells an observer what happens beneath the calls: requests, retries,
// renewed tokens, connections and pushes. It can be given several times, and all are
// told.
func WithObserver(o observe.Observer) ConnectOption {
	return func(s *settings) { s.observer = observe.All(s.observer, o) }
}

// WithLogger writes what happens beneath the calls to a logger; see observe.Log for
// the levels. It is short for WithObserver(observe.Log(logger)).
func WithLogger(logger *slog.Logger) ConnectOption { return WithObserver(observe.Log(logger)) }

// check finds what cannot be right before any I/O.
func (s *settings) check(endpoint string) error {
	bad := func(argument, rule string) error {
		return &ArgumentError{Op: "connect", Argument: argument, Rule: rule}
	}
	switch {
	case s.auth == nil:
		return bad("credentials", "are missing: give WithAuth, or WithProject for a server without authentication")
	case s.version != "" && !s.version.known():
		return bad("WithVersion", fmt.Sprintf("must be v1, v1.1 or v2, not %q", string(s.version)))
	case s.async < 1:
		return bad("WithAsync", fmt.Sprintf("must be at least 1, not %d", s.async))
	case s.timeout < 0:
		return bad("WithTimeout", "must not be negative")
	case !headerText(s.clientID):
		return bad("WithClientID", "must be a UUID")
	case !headerText(s.userAgent):
		return bad("WithUserAgent", "must be printable ASCII")
	case s.httpClient != nil && s.tls != (tlsSettings{}):
		return bad("WithHTTPClient", "brings its own TLS settings and cannot be combined with WithCACert, WithClientCert, WithTLSConfig or WithInsecure")
	case s.transport != nil && (s.httpClient != nil || s.tls != (tlsSettings{})):
		return bad("WithTransport", "cannot be combined with WithHTTPClient or TLS options: give them to the transport")
	case endpoint != strings.TrimSpace(endpoint):
		return bad("endpoint", "has spaces around it")
	}
	return s.checkSocket(endpoint)
}

func headerText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// tlsSettings are the TLS options of Connect.
type tlsSettings struct {
	base              *tls.Config
	caCert, cert, key string
	insecure          bool
}

// config returns nil when no option asks for anything.
func (t tlsSettings) config() (*tls.Config, error) {
	if t == (tlsSettings{}) {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.base != nil {
		config = t.base.Clone()
		config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	}
	if t.caCert != "" {
		pem, err := os.ReadFile(t.caCert)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM form", t.caCert)
		}
	}
	if (t.cert == "") != (t.key == "") {
		return nil, errors.New("a client certificate needs both its file and its key's")
	}
	if t.cert != "" {
		pair, err := tls.LoadX509KeyPair(t.cert, t.key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if t.insecure {
		config.InsecureSkipVerify = true
	}
	return config, nil
}
