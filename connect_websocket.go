package zaqar

import (
	"context"
	"errors"
	"strings"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/transport"
)

// socketType is the name under which catalogues hold the WebSocket.
const socketType = "messaging-websocket"

// WithWebSocket uses Zaqar's WebSocket beside HTTP: one connection that carries what
// it can, quicker than HTTP and with pushes, while the rest goes over HTTP. The rest
// is what the WebSocket has no words for (changing metadata, purging by halves,
// delays, filters and counts of queues, sharing, health, raw calls), what it answers
// less about (metadata without the defaults, a message without its claim), and
// everything for as long as the WebSocket cannot be reached.
//
// url is its endpoint, ws, wss, http or https with any path; an empty one is looked
// up in the catalogue. It takes the credentials, the TLS options and the HTTP client
// that Connect was given, and is connected by the first call that needs it. It speaks
// V2 only: with another version everything goes over HTTP. On js/wasm there is no
// WebSocket: Connect returns an error that matches [ErrUnsupported].
//
// To have the WebSocket alone, give its URL to [Connect] as the endpoint.
func WithWebSocket(url string) ConnectOption {
	return func(s *settings) { s.socket, s.socketURL = true, url }
}

// WithMessagePack makes the WebSocket's frames MessagePack instead of JSON. They are
// smaller, and take no integers of more than 64 bits: a call that would send one is
// an error, and nothing is sent.
func WithMessagePack() ConnectOption { return func(s *settings) { s.messagePack = true } }

// isSocket reports whether an endpoint can only be a WebSocket's.
func isSocket(endpoint string) bool {
	scheme, _, _ := strings.Cut(endpoint, "://")
	return strings.EqualFold(scheme, "ws") || strings.EqualFold(scheme, "wss")
}

// checkSocket finds what cannot be right about the WebSocket.
func (s *settings) checkSocket(endpoint string) error {
	alone := isSocket(endpoint)
	bad := func(argument, rule string) error {
		return &ArgumentError{Op: "connect", Argument: argument, Rule: rule}
	}
	switch {
	case s.socket && alone:
		return bad("WithWebSocket", "adds a WebSocket to HTTP, but the endpoint is a WebSocket's itself")
	case s.socket && s.transport != nil:
		return bad("WithTransport", "cannot be combined with WithWebSocket: see transport.Fallback")
	case s.messagePack && (!s.socket && !alone || s.transport != nil):
		return bad("WithMessagePack", "is about the WebSocket: give WithWebSocket, or a ws or wss endpoint")
	case (s.socket || alone && s.transport == nil) && s.version != "" && s.version != V2:
		return bad("WithVersion", "must be v2 for the WebSocket, not "+s.version.String())
	case s.socketURL != strings.TrimSpace(s.socketURL):
		return bad("WithWebSocket", "has spaces around it")
	}
	return nil
}

// alone makes the transport of a client that has the WebSocket only.
func (s *settings) alone(conn *Conn, endpoint string) error {
	socket, err := s.webSocket(conn, endpoint, "endpoint")
	if err != nil {
		return err
	}
	conn.transport, conn.endpoint, conn.version = socket, endpoint, V2
	return nil
}

// beside puts the WebSocket before the HTTP of a client.
func (s *settings) beside(ctx context.Context, conn *Conn) error {
	url := s.socketURL
	if url == "" {
		finder, ok := s.auth.(auth.EndpointFinder)
		if !ok {
			return &ArgumentError{Op: "connect", Argument: "WithWebSocket", Rule: "is empty, and the credentials have no catalogue to find its URL in"}
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
		return nil, &ArgumentError{Op: "connect", Argument: "the TLS material", Rule: "cannot be used", Err: err}
	}
	socket, err := transport.NewWebSocket(url, transport.WebSocketOptions{
		Client: client, MessagePack: s.messagePack, Auth: conn.auth, ClientID: conn.clientID,
		Timeout: s.timeout, FailFast: s.socket,
	})
	if errors.Is(err, ErrUnsupported) {
		return nil, &Error{Op: "connect", Err: err, repeatable: true}
	}
	if err != nil {
		return nil, &ArgumentError{Op: "connect", Argument: argument, Rule: "must be the WebSocket's URL", Err: err}
	}
	return socket, nil
}
