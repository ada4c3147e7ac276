package zaqar

import (
	"context"
	"errors"
	"strings"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/transport"
)

// socketType is the name under which catalogues list the WebSocket.
const socketType = "messaging-websocket"

// WithWebSocket adds Zaqar's WebSocket to HTTP. The WebSocket has a lower latency,
// and the server pushes new messages over it, so a [Subscriber] sees them at once. It
// uses one connection for all calls.
//
// HTTP still carries the rest: what the WebSocket has no action for (changing
// metadata, purging only messages or only subscriptions, delays, filters and counts
// of queues, sharing, health, raw calls), what it answers in less detail (metadata
// without the defaults, a message without its claim), and everything while the
// WebSocket cannot be reached. On js/wasm there is no WebSocket: Connect returns an
// error that matches [ErrUnsupported].
//
// url is a ws, wss, http or https URL with any path. An empty url is looked up in the
// service catalogue. The WebSocket uses the credentials, the TLS options and the HTTP
// client that were given to Connect. The first call that needs it connects it. It
// speaks V2 only: with another version everything goes over HTTP.
//
// To use the WebSocket without HTTP, give its URL to [Connect] as the endpoint.
func WithWebSocket(url string) ConnectOption {
	return func(s *settings) { s.socket, s.socketURL = true, url }
}

// WithMessagePack encodes the WebSocket's frames as MessagePack instead of JSON,
// which is smaller. MessagePack has no integers of more than 64 bits: a call with one
// is an error, and nothing is sent. It needs the WebSocket.
func WithMessagePack() ConnectOption { return func(s *settings) { s.messagePack = true } }

// isSocket reports whether an endpoint can only be a WebSocket.
func isSocket(endpoint string) bool {
	scheme, _, _ := strings.Cut(endpoint, "://")
	return strings.EqualFold(scheme, "ws") || strings.EqualFold(scheme, "wss")
}

// checkSocket finds mistakes in the options of the WebSocket.
func (s *settings) checkSocket(endpoint string) error {
	alone := isSocket(endpoint)
	bad := func(argument, rule string) error {
		return &ArgumentError{Op: "connect", Argument: argument, Rule: rule}
	}
	switch {
	case s.socket && alone:
		return bad("WithWebSocket", "adds a WebSocket to HTTP, but the endpoint is a WebSocket already: leave one of them out")
	case s.socket && s.transport != nil:
		return bad("WithTransport", "cannot be combined with WithWebSocket: use transport.Fallback")
	case s.messagePack && (!s.socket && !alone || s.transport != nil):
		return bad("WithMessagePack", "needs the WebSocket: use WithWebSocket, or a ws or wss endpoint")
	case (s.socket || alone && s.transport == nil) && s.version != "" && s.version != V2:
		return bad("WithVersion", "must be v2 for the WebSocket, not "+s.version.String())
	case s.socketURL != strings.TrimSpace(s.socketURL):
		return bad("WithWebSocket", "must not begin or end with a space")
	}
	return checkScheme("WithWebSocket", s.socketURL, "ws://", "wss://")
}

// onlyWebSocket makes the transport of a client that has only the WebSocket.
func (s *settings) onlyWebSocket(conn *Conn, endpoint string) error {
	socket, err := s.webSocket(conn, endpoint, "endpoint")
	if err != nil {
		return err
	}
	conn.transport, conn.endpoint, conn.version = socket, endpoint, V2
	return nil
}

// addWebSocket puts the WebSocket in front of a client's HTTP transport.
func (s *settings) addWebSocket(ctx context.Context, conn *Conn) error {
	url := s.socketURL
	if url == "" {
		finder, ok := s.auth.(auth.EndpointFinder)
		if !ok {
			return &ArgumentError{Op: "connect", Argument: "WithWebSocket", Rule: "is empty, and the credentials have no catalogue to look it up in: give the WebSocket's URL"}
		}
		var err error
		if url, err = finder.Endpoint(ctx, socketType); err != nil {
			return &Error{Op: "connect", Err: err, repeatable: true}
		}
	}
	socket, err := s.webSocket(conn, url, "WithWebSocket")
	if err != nil {
		return err
	}
	conn.transport = transport.Fallback(socket, conn.transport)
	return nil
}

func (s *settings) webSocket(conn *Conn, url, argument string) (*transport.WebSocket, error) {
	client, err := s.client()
	if err != nil {
		return nil, &ArgumentError{Op: "connect", Argument: "TLS options", Rule: "cannot be used", Err: err}
	}
	socket, err := transport.NewWebSocket(url, transport.WebSocketOptions{
		Client: client, MessagePack: s.messagePack, Auth: conn.auth, ClientID: conn.clientID,
		Timeout: s.timeout, FailFast: s.socket, MaxResponse: s.limits.Bytes,
	})
	if errors.Is(err, ErrUnsupported) {
		return nil, &Error{Op: "connect", Err: err, repeatable: true}
	}
	if err != nil {
		return nil, &ArgumentError{Op: "connect", Argument: argument, Rule: "must be the WebSocket's URL", Err: err}
	}
	return socket, nil
}
