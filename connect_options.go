package zaqar

import (
	"context"
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
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
)

// ConnectOption is an option of [Connect].
type ConnectOption func(*settings)

// settings collects the options of Connect.
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
	limits     wire.Limits
	async      int
	observer   observe.Observer
	retry      Retry

	socket      bool // a WebSocket in addition to HTTP
	socketURL   string
	messagePack bool
}

// WithAuth sets the credentials: those of auth/keystone, auth.Token, auth.NoAuth, an
// auth.SignedURL, or a type of your own with one method (auth.Func). Connect needs
// it, or [WithProject].
func WithAuth(a auth.Authorizer) ConnectOption { return func(s *settings) { s.auth = a } }

// WithProject sets the project on a server without authentication. It is short for
// WithAuth(auth.NoAuth(project)).
func WithProject(project string) ConnectOption { return WithAuth(auth.NoAuth(project)) }

// WithVersion sets the API version. By default Connect asks the server. The WebSocket
// needs [V2].
func WithVersion(v Version) ConnectOption { return func(s *settings) { s.version = v } }

// WithClientID sets the UUID that identifies this client to the server, in any usual
// spelling. By default each Connect makes a new random one. Give the same one each
// time if a restarted program should recognise its own messages; see [Echo].
func WithClientID(uuid string) ConnectOption { return func(s *settings) { s.clientID = uuid } }

// WithUserAgent puts the name of your program before the library's own in the
// User-Agent header. It must be printable ASCII. By default the header names the
// library only.
func WithUserAgent(product string) ConnectOption {
	return func(s *settings) { s.userAgent = product }
}

// WithTimeout sets the time limit of a call whose context has no deadline. The
// default is [DefaultTimeout]. Zero means no limit; over the WebSocket it means one
// minute. The limit is for all attempts of a call together. With a later deadline, it is
// the limit of the first attempt, if a second one may follow; see [Retry].
func WithTimeout(d time.Duration) ConnectOption { return func(s *settings) { s.timeout = d } }

// WithHTTPClient uses the caller's HTTP client: its connections, proxy, TLS settings,
// cookies, timeout and RoundTripper. The client is copied, and the copy never follows
// a redirect that would carry the token to another host. It cannot be combined with
// the TLS options, and it ignores TLS settings of the credentials (such as the cacert
// of a clouds.yaml).
//
// By default the client has an HTTP client of its own, with the proxy of the
// environment (HTTPS_PROXY, NO_PROXY) and TLS 1.2 or newer. It keeps its connections for
// 90 seconds, and finds a dead HTTP/2 connection within 25 by pings. For a client of your
// own, set MaxIdleConnsPerHost and HTTP2 of its http.Transport.
func WithHTTPClient(client *http.Client) ConnectOption {
	return func(s *settings) { s.httpClient = client }
}

// WithTransport replaces HTTP and the WebSocket by another transport, or wraps them
// (see transport.NewHTTP and transport.NewWebSocket). The endpoint given to Connect
// then only selects the API version, if it ends in one, and is what [Conn.Endpoint]
// returns. The client closes the transport. It cannot be combined with
// [WithHTTPClient], [WithWebSocket] or the TLS options.
func WithTransport(t transport.Transport) ConnectOption {
	return func(s *settings) { s.transport = t }
}

// WithCACert verifies the server's certificate with the certificate authorities in a
// PEM file instead of the system's.
func WithCACert(file string) ConnectOption { return func(s *settings) { s.tls.caCert = file } }

// WithClientCert presents a client certificate to a server that asks for one. Both
// files are PEM.
func WithClientCert(certFile, keyFile string) ConnectOption {
	return func(s *settings) { s.tls.cert, s.tls.key = certFile, keyFile }
}

// WithTLSConfig uses a TLS configuration, which is copied. TLS 1.2 stays the oldest
// version allowed. [WithCACert], [WithClientCert] and [WithInsecure] are applied on
// top of it.
func WithTLSConfig(config *tls.Config) ConnectOption {
	return func(s *settings) { s.tls.base = config }
}

// WithInsecure turns off the verification of the server's certificate. Anyone on the
// network path can then read and change everything, including the token. Use it in
// tests only.
func WithInsecure() ConnectOption { return func(s *settings) { s.tls.insecure = true } }

// WithAsync sets how many calls of [Async] the client runs at once, at least 1. The
// default is [DefaultAsync].
func WithAsync(n int) ConnectOption { return func(s *settings) { s.async = n } }

// WithObserver reports to an observer what happens during calls: requests, retries,
// renewed tokens, connections and pushes. Given several times, each observer gets
// every event.
func WithObserver(o observe.Observer) ConnectOption {
	return func(s *settings) { s.observer = observe.All(s.observer, o) }
}

// WithLogger logs what happens during calls; see observe.Log for the levels. It is
// short for WithObserver(observe.Log(logger)).
func WithLogger(logger *slog.Logger) ConnectOption { return WithObserver(observe.Log(logger)) }

// check finds mistakes in the options before anything is sent.
func (s *settings) check(endpoint string) error {
	bad := func(argument, rule string) error {
		return &ArgumentError{Op: "connect", Argument: argument, Rule: rule}
	}
	switch {
	case s.auth == nil:
		return bad("credentials", "are missing: use WithAuth, or WithProject for a server without authentication")
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
		return bad("WithHTTPClient", "cannot be combined with WithCACert, WithClientCert, WithTLSConfig or WithInsecure: set TLS on that client")
	case s.transport != nil && (s.httpClient != nil || s.tls != (tlsSettings{})):
		return bad("WithTransport", "cannot be combined with WithHTTPClient or TLS options: set these on the transport")
	case endpoint != strings.TrimSpace(endpoint):
		return bad("endpoint", "must not begin or end with a space")
	}
	if err := checkLimits(s.limits); err != nil {
		return err
	}
	if s.transport == nil {
		if err := checkScheme("endpoint", endpoint, "http://", "https://"); err != nil {
			return err
		}
	}
	if err := s.retry.check(); err != nil {
		return err
	}
	return s.checkSocket(endpoint)
}

func headerText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// tlsSettings collects the TLS options of Connect.
type tlsSettings struct {
	base              *tls.Config
	caCert, cert, key string
	insecure          bool
}

// config returns nil if no option was given.
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
			return nil, fmt.Errorf("%s contains no PEM certificate", t.caCert)
		}
	}
	if (t.cert == "") != (t.key == "") {
		return nil, errors.New("a client certificate needs a certificate file and a key file")
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

// The defaults of [WithMaxAnswerBytes] and [WithMaxAnswerItems].
const (
	DefaultMaxAnswerBytes = transport.DefaultMaxResponse
	DefaultMaxAnswerItems = 250_000
)

// WithMaxAnswerBytes sets the largest answer that the client reads, in bytes after
// decompression, at least 1. The default is [DefaultMaxAnswerBytes], 64 MiB. A call with a
// larger answer fails; the error matches transport.ErrResponseTooLarge. The call may have
// taken effect. It applies to every API version and transport.
func WithMaxAnswerBytes(n int64) ConnectOption {
	return func(s *settings) { s.limits.Bytes = n }
}

// WithMaxAnswerItems sets how many items an answer may have that the client decodes, at
// least 1. Each JSON value counts, so a message takes about 9. Values inside of message
// bodies do not count, since the client does not decode these, and a post may always be
// answered with its ids. The default is [DefaultMaxAnswerItems], 250,000, which takes some
// 50 MB of memory. A call with a larger answer fails; the error matches [ErrMalformed] and
// transport.ErrResponseTooLarge. The call may have taken effect. It applies to every API
// version and transport, but not to raw calls, whose answers the client does not decode.
func WithMaxAnswerItems(n int) ConnectOption {
	return func(s *settings) { s.limits.Items = n }
}

// checkLimits finds mistakes in these options.
func checkLimits(l wire.Limits) error {
	bad := func(argument, rule string) error {
		return &ArgumentError{Op: "connect", Argument: argument, Rule: rule}
	}
	switch {
	case l.Bytes < 1:
		return bad("WithMaxAnswerBytes", "must be at least 1")
	case l.Items < 1:
		return bad("WithMaxAnswerItems", "must be at least 1")
	}
	return nil
}

// measure returns the error of an answer that is too large to be decoded, or of one whose
// context ended in the meantime. posted is the number of messages of a post.
func (c *Conn) measure(ctx context.Context, op wire.Op, posted int, r reply) error {
	err := c.limits.Measure(ctx, op, posted, r.Body)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return r.info.failure(true, err)
	}
	return r.malformed(err)
}

// decodeMessages reads a page of messages. It stops when ctx ends.
func decodeMessages(ctx context.Context, r reply) (wire.Messages, error) {
	page, err := wire.DecodeMessagesUnless(r.Body, func() error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return nil
	})
	switch {
	case err == nil:
		return page, nil
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return page, r.info.failure(true, err)
	}
	return page, r.malformed(err)
}
