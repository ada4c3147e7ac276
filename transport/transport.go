// Package transport is the seam between the client and the network: it takes
// one named request and brings back one reply.
//
// A [Request] says the same thing twice, once in the words of each transport:
// as an HTTP method, path, query and body, and as a WebSocket action with its
// parameters. A transport reads the half it speaks: [HTTP] and [WebSocket] exist,
// and [Fallback] makes one of both.
//
// To add a transport, write a type with Do and Close and run the conformance
// suite on it.
package transport

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// Transport sends requests. Implementations must be safe for concurrent use.
type Transport interface {
	// Do sends one request and blocks until its reply has been read whole, the
	// exchange failed, or ctx has ended. It returns an error only when there
	// was no reply; a reply with status 404 is a Response. It must not retry
	// what may have reached the server, must not change req, and must return
	// soon after ctx ends. The error should be a [*Error], which tells whether
	// anything was sent.
	Do(ctx context.Context, req *Request) (*Response, error)
	// Close releases connections. Calls in flight may fail. Closing twice is
	// harmless.
	Close() error
}

// Request is one named operation in the words of every transport.
type Request struct {
	// Op is the operation's name, such as "message_post"; "" for a raw call.
	Op string

	// The HTTP half. Path starts at the service's root and has its version, as
	// in the hrefs that Zaqar returns: "/v2/queues/wot". It is already escaped.
	// Body is sent with its Content-Length, never chunked: Zaqar does not read
	// chunked bodies. A nil Body sends none.
	Method string
	Path   string
	Query  url.Values
	Body   []byte

	// The WebSocket half. Action is "" for what the WebSocket cannot do.
	Action string
	Params map[string]any
	// Lesser is whether the WebSocket's answer says less than HTTP's.
	Lesser bool

	// Header goes with every transport: credentials, Client-ID, Content-Type.
	Header http.Header
}

// Response is a reply, whatever its status.
type Response struct {
	// Status is an HTTP status code; the WebSocket uses the same numbers.
	Status int
	Header http.Header
	// Body is the whole body; empty when there was none.
	Body []byte
	// Dialect is the transport in whose words the body is.
	Dialect Dialect
}

// Dialect names a way to put answers into words: the WebSocket's bodies are not
// those of HTTP.
type Dialect string

// The dialects.
const (
	HTTPBodies Dialect = ""
	Frames     Dialect = "websocket"
)

// ErrNoAction is returned by a transport that cannot express a request.
var ErrNoAction = errors.New("transport: this transport has no such operation")

// Error is an exchange without a reply.
type Error struct {
	// MaybeSent is whether the server may have received the request, and so may
	// have acted on it. It is false only when that is certain not to be.
	MaybeSent bool
	// Err is the cause: a network error, a context's error, …
	Err error
}

// Error returns the cause's text.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
