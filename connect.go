package zaqar

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/push"
	"github.com/zaqar-go/zaqar/internal/safehttp"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/transport"
)

// DefaultTimeout is the time limit of a call whose context has no deadline.
const DefaultTimeout = time.Minute

// serviceTypes are the names under which catalogues list Zaqar, the most common
// first. "message" is the official type; "queuing" dates from Marconi.
var serviceTypes = []string{"messaging", "message", "queuing"}

// Connect makes a client for the Zaqar service at endpoint, an http, https, ws or wss
// URL such as "https://cloud.example.com:8888". A version at its end ("…/v2") selects
// that API version. An empty endpoint is looked up in the service catalogue of the
// credentials, such as those of auth/keystone. An auth.SignedURL can include its
// endpoint.
//
// Credentials are required: [WithAuth], or [WithProject] for a server without
// authentication.
//
// Connect sends requests only to find out what it was not given. For an empty
// endpoint it signs in and reads the catalogue. Without [WithVersion] it asks the
// server for its versions and takes the newest that both sides support. If the server
// answers without a list of versions, for instance behind a proxy that hides "/",
// Connect takes V2. It does not ask with an auth.SignedURL or a ws or wss endpoint:
// only V2 has these.
//
// A server that cannot be reached is an error. But given an endpoint and a version,
// Connect sends nothing and succeeds even if nobody listens there; use [Client.Ping]
// to check. A wrong argument is an [*ArgumentError]. Call [Client.Close] when done.
func Connect(ctx context.Context, endpoint string, options ...ConnectOption) (*Client, error) {
	s := settings{
		timeout: DefaultTimeout, async: DefaultAsync,
		limits: wire.Limits{Bytes: DefaultMaxAnswerBytes, Items: DefaultMaxAnswerItems},
	}
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
	conn.push = push.New(pushServer{conn}, conn.transport)
	return &Client{conn: conn}, nil
}

func (s *settings) connect(ctx context.Context, endpoint string) (*Conn, error) {
	conn := &Conn{
		transport: s.transport, auth: s.auth, timeout: s.timeout, version: s.version, checksums: s.checksums, limits: s.limits,
		async: newPool(s.async), running: map[stopper]stopKind{}, observer: &observer{to: s.observer}, closed: make(chan struct{}),
		retry: newRetries(s.retry), life: newLife(),
		clientID: cmp.Or(s.clientID, newUUID()),
	}
	conn.headers = headersOf(conn.clientID, strings.TrimSpace(s.userAgent+" zaqar-go/"+Release))
	if conn.transport == nil && isSocket(endpoint) {
		if err := s.onlyWebSocket(conn, endpoint); err != nil {
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
		conn.version = V2 // it is part of the signed paths
	}
	if conn.version == "" {
		if err := conn.discover(ctx); err != nil {
			_ = conn.transport.Close()
			return nil, err
		}
	}
	if s.socket {
		if err := s.addWebSocket(ctx, conn); err != nil {
			_ = conn.transport.Close()
			return nil, err
		}
	}
	conn.observer.follow(conn.transport) //nolint:contextcheck // notices come long after Connect, and belong to no call
	return conn, nil
}

// http makes the HTTP transport.
func (s *settings) http(endpoint string) (*transport.HTTP, error) {
	client, err := s.client()
	if err != nil {
		return nil, &ArgumentError{Op: "connect", Argument: "TLS options", Rule: "cannot be used", Err: err}
	}
	web, err := transport.NewHTTP(endpoint, client)
	if err != nil {
		return nil, &ArgumentError{Op: "connect", Argument: "endpoint", Rule: "must be the service's URL", Err: err}
	}
	return web.WithMaxResponse(s.limits.Bytes), nil
}

func (s *settings) findEndpoint(ctx context.Context, endpoint string) (string, error) {
	if endpoint != "" {
		return endpoint, nil
	}
	finder, ok := s.auth.(auth.EndpointFinder)
	if !ok {
		return "", &ArgumentError{Op: "connect", Argument: "endpoint", Rule: "is empty, and the credentials have no catalogue to look it up in: give the service's URL"}
	}
	found, err := finder.Endpoint(ctx, serviceTypes...)
	if err != nil {
		return "", &Error{Op: "connect", Err: err, repeatable: true}
	}
	return found, nil
}

// client returns the HTTP client to use, or nil for the transport's own.
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

// splitVersion splits the API version off an endpoint. Otherwise paths would contain
// it twice ("/v2/v2").
func splitVersion(endpoint string) (string, Version) {
	trimmed := strings.TrimRight(endpoint, "/")
	for _, v := range versions {
		if rest, ok := strings.CutSuffix(trimmed, "/"+string(v)); ok {
			return rest, v
		}
	}
	return trimmed, ""
}

// newUUID returns a random UUID (version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
