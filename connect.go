package zaqar

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/safehttp"
	"github.com/zaqar-go/zaqar/transport"
)

// DefaultTimeout limits a call whose context has no deadline.
const DefaultTimeout = time.Minute

// serviceTypes are the names under which catalogues hold Zaqar, the usual one
// first: "message" is the official type, "queuing" is from Marconi's days.
var serviceTypes = []string{"messaging", "message", "queuing"}

// Connect makes a client of the Zaqar at endpoint, an http or https URL such as
// "https://cloud.example.com:8888". A version at its end ("…/v2") chooses that
// API version. An empty endpoint is looked up in the catalogue, which needs
// credentials that have one, such as those of auth/keystone; an auth.SignedURL that
// came with its endpoint has it, too.
//
// Credentials are needed: [WithAuth], or [WithProject] for a server without
// authentication.
//
// Connect does I/O only for what it was not told: it signs in to find an empty
// endpoint in the catalogue, and without [WithVersion] it asks the server for
// its versions and takes the newest that both sides speak (with an auth.SignedURL it
// takes V2, the only version that has them, unasked). A server that
// answers but does not tell its versions (a proxy that hides "/", say) is taken
// to speak V2. A server that cannot be reached is an error. With an endpoint
// and a version Connect sends nothing and succeeds even when nobody listens;
// [Client.Ping] tells.
//
// Close the client when done.
func Connect(ctx context.Context, endpoint string, options ...ConnectOption) (*Client, error) {
	s := settings{timeout: DefaultTimeout, async: DefaultAsync}
	for _, option := range options {
		if option != nil {
			option(&s)
		}
	}
	if err := s.check(endpoint); err != nil {
		return nil, err
	}
	conn, err := s.connect(ctx, endpoint)
	if err != nil {
		return nil, err
	}
	return &Client{conn: conn}, nil
}

func (s *settings) connect(ctx context.Context, endpoint string) (*Conn, error) {
	conn := &Conn{
		transport: s.transport, auth: s.auth, timeout: s.timeout, version: s.version, checksums: s.checksums,
		async: &pool{limit: s.async}, observer: &observer{to: s.observer}, closed: make(chan struct{}),
		clientID: s.clientID, userAgent: strings.TrimSpace(s.userAgent + " zaqar-go/" + Release),
	}
	if conn.clientID == "" {
		conn.clientID = newUUID()
	}
	if conn.transport == nil && isSocket(endpoint) {
		if err := s.alone(conn, endpoint); err != nil {
			return nil, err
		}
		conn.observer.follow(conn.transport) //nolint:contextcheck // notices come long after Connect, and belong to no call
		return conn, nil
	}
	if conn.transport == nil {
		var err error
		if endpoint, err = s.findEndpoint(ctx, endpoint); err != nil {
			return nil, err
		}
	}
	endpoint, version := splitVersion(endpoint)
	if conn.version == "" {
		conn.version = version
	}
	conn.endpoint = endpoint
	if conn.transport == nil {
		web, err := s.http(endpoint)
		if err != nil {
			return nil, err
		}
		conn.transport, conn.endpoint = web, web.Endpoint()
	}
	if _, restricted := s.auth.(auth.Restrictor); restricted && conn.version == "" {
		conn.version = V2 // the paths that are allowed have it
	}
	if conn.version == "" {
		if err := conn.discover(ctx); err != nil {
			_ = conn.transport.Close()
			return nil, err
		}
	}
	if s.socket {
		if err := s.beside(ctx, conn); err != nil {
			_ = conn.transport.Close()
			return nil, err
		}
	}
	conn.observer.follow(conn.transport) //nolint:contextcheck // notices come long after Connect, and belong to no call
	return conn, nil
}

// http makes the transport where the caller has none.
func (s *settings) http(endpoint string) (*transport.HTTP, error) {
	client, err := s.client()
	if err != nil {
		return nil, &ArgumentError{Op: "connect", Argument: "the TLS material", Rule: "cannot be used", Err: err}
	}
	web, err := transport.NewHTTP(endpoint, client)
	if err != nil {
		return nil, &ArgumentError{Op: "connect", Argument: "endpoint", Rule: "must be the service's URL", Err: err}
	}
	return web, nil
}

func (s *settings) findEndpoint(ctx context.Context, endpoint string) (string, error) {
	if endpoint != "" {
		return endpoint, nil
	}
	finder, ok := s.auth.(auth.EndpointFinder)
	if !ok {
		return "", &ArgumentError{Op: "connect", Argument: "endpoint", Rule: "is empty, and the credentials have no catalogue to find it in"}
	}
	found, err := finder.Endpoint(ctx, serviceTypes...)
	if err != nil {
		return "", &Error{Op: "connect", Err: err, repeatable: true}
	}
	return found, nil
}

// client returns the HTTP client to use, nil for the transport's own.
func (s *settings) client() (*http.Client, error) {
	if s.httpClient != nil {
		return s.httpClient, nil
	}
	config, err := s.tls.config()
	if err != nil {
		return nil, err
	}
	if bringer, ok := s.auth.(auth.TLSConfigurer); ok && config == nil {
		if config, err = bringer.TLSClientConfig(); err != nil {
			return nil, err
		}
	}
	if config == nil {
		return nil, nil
	}
	return safehttp.Client(nil, config), nil
}

// splitVersion takes the API version from the end of an endpoint, so that it
// does not stand there twice ("/v2/v2").
func splitVersion(endpoint string) (string, Version) {
	trimmed := strings.TrimRight(endpoint, "/")
	for _, v := range versions {
		if rest, ok := strings.CutSuffix(trimmed, "/"+string(v)); ok {
			return rest, v
		}
	}
	return trimmed, ""
}

// newUUID makes a random UUID (version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
