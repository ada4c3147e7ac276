// Package transport is the interface between the client and the network: it sends one
// named request and returns one reply.
//
// A [Request] describes the same operation twice: as an HTTP method, path, query and
// body, and as a WebSocket action with its parameters. Each transport reads its own
// half. [HTTP] and [WebSocket] are two transports, and [Fallback] combines two into one.
//
// To add a transport, write a type with Do and Close and run the conformance suite on
// it.
package transport

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// Transport sends requests. Implementations must be safe for concurrent use.
type Transport interface {
	// Do sends one request and blocks until the whole reply has been read, the
	// exchange has failed, or ctx has ended. It returns an error only if there was no
	// reply; a reply with status 404 is a Response. Do must not retry a request that
	// may have reached the server, must not change req, and must return soon after ctx
	// ends. The error should be an [*Error], which says whether anything was sent, or
	// match [ErrNoAction].
	Do(ctx context.Context, req *Request) (*Response, error)
	// Close releases the connections. Calls in flight may fail. Closing twice is safe.
	Close() error
}

// Request is one named operation, in a form for each transport.
type Request struct {
	// Op is the operation's name, such as "message_post"; "" for a raw call.
	Op string

	// The HTTP half. Path starts at the service's root and includes the API version,
	// as the hrefs that Zaqar returns do: "/v2/queues/wot". It is already escaped.
	// Body is sent with a Content-Length, never chunked: Zaqar does not read chunked
	// bodies. A nil Body sends none.
	Method string
	Path   string
	Query  url.Values
	Body   []byte

	// The WebSocket half. Action is "" if the WebSocket has no such action.
	Action string
	Params map[string]any
	// Lesser is true if the WebSocket's answer holds less than HTTP's.
	Lesser bool

	// Repeatable is true if the server may carry out the request twice without harm. The
	// client then sends it again after a failure, even if it may have been carried out.
	// It sends a GET and a HEAD again without being told.
	Repeatable bool
	// Header is for all transports: credentials, Client-ID, Content-Type.
	Header http.Header
}

// Response is a reply with any status.
type Response struct {
	// Status is an HTTP status code; the WebSocket uses the same numbers.
	Status int
	Header http.Header
	// Body is the whole body; empty if there was none.
	Body []byte
	// Dialect is the form of the body.
	Dialect Dialect
}

// Dialect is the form of a reply's body, which differs between HTTP and the WebSocket.
type Dialect string

// The dialects.
const (
	HTTPBodies Dialect = ""
	Frames     Dialect = "websocket"
)

// ErrNoAction is matched by the error of a transport that cannot express a request.
// Nothing was sent.
var ErrNoAction = errors.New("transport: this transport has no such operation")

// Error reports an exchange that ended without a reply.
type Error struct {
	// MaybeSent is true if the server may have received the request, and so may have
	// acted on it. It is false only if nothing was sent for certain.
	MaybeSent bool
	// Final is true if sending the same request again cannot help, because the request
	// itself is wrong.
	Final bool
	// Err is the cause, such as a network error or a context's error.
	Err error
}

// Error returns the cause's text.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
