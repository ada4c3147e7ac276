package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/safehttp"
)

// DefaultTimeout limits a request over the WebSocket whose context has no deadline.
const DefaultTimeout = time.Minute

var (
	// ErrClosed is the cause when the transport has been closed.
	ErrClosed = errors.New("transport: closed")
	// ErrNotConnected is the cause when there is no connection. Nothing was sent.
	ErrNotConnected = errors.New("transport: no connection")
)

// WebSocketOptions are the options of [NewWebSocket]. The zero value is usable.
type WebSocketOptions struct {
	// Client makes the connections, with its proxy, TLS settings and RoundTripper. Its
	// timeout limits the handshake. It is copied, and redirects to another host are
	// never followed. If nil, the transport creates a client of its own.
	Client *http.Client
	// MessagePack sends binary frames instead of JSON; servers answer in the same
	// format. MessagePack has no integers of more than 64 bits and no numbers beyond a
	// float64: a request with such a number is an error, and is not sent.
	MessagePack bool
	// Auth lets the transport authenticate each new connection by itself. If Auth is an
	// [auth.Expirer], the transport also renews the authentication before the token
	// expires, as long as there are listeners. Without Auth, a connection is
	// authenticated only with the tokens that requests carry.
	Auth auth.Authorizer
	// ClientID is the Client-ID of requests that the transport sends by itself.
	ClientID string
	// Timeout limits a request whose context has no deadline. Defaults to
	// [DefaultTimeout], one minute.
	Timeout time.Duration
	// MaxResponse is the largest frame that is read, in bytes. Defaults to
	// [DefaultMaxResponse]. A larger one ends the connection.
	MaxResponse int64
	// FailFast makes a request fail with [ErrNotConnected] instead of waiting for the
	// connection. It waits a quarter of a second for the first one, and not at all for
	// later ones, which are made in the background. Nor does it wait longer than that for
	// an authentication, or for a connection that takes no more requests. [Fallback] can
	// then use another transport.
	FailFast bool
}

// WebSocket sends requests over Zaqar's WebSocket. It keeps one connection, which it
// opens when a request needs it and reopens when it is gone. Create one with
// [NewWebSocket]. It is safe for concurrent use.
//
// Requests are pipelined. A caller that gives up does not disturb the others. A request
// with a token first authenticates the connection, unless that token was accepted
// before; concurrent callers share one authentication.
//
// A connection ends when the server closes it, does not answer pings, or leaves three
// requests in a row unanswered. Requests in flight then fail with MaybeSent; requests
// that were not written yet wait for the next connection, until their contexts end. The
// transport reconnects when a request needs it, after a back-off if the last connection
// was short-lived. While there are listeners ([WebSocket.Notify]), it reconnects by
// itself, as often as it takes; the back-off grows to 30 seconds. If there was never a
// connection, a request fails with the first attempt.
//
// A request that the WebSocket cannot express is an error that matches [ErrNoAction]: one
// without an action, and one with parameters that servers would silently ignore.
type WebSocket struct {
	endpoint  string
	client    *http.Client
	options   WebSocketOptions
	ctx       context.Context // ends with Close
	cancel    context.CancelFunc
	group     sync.WaitGroup
	listeners listeners
	ended     chan struct{} // closed when Close is done

	mu         sync.Mutex
	closed     bool
	sessions   uint64        // how many there have been
	failures   int           // attempts that failed in a row
	retryAfter time.Duration // what the last one was asked to wait
	live       *session      // nil if there is none
	attempt    *attempt      // the one under way; nil if there is none
}

// NewWebSocket returns a transport to the WebSocket at endpoint: a URL with the scheme
// ws, wss, http or https (catalogues contain all of them) and any path. It does no I/O;
// the first request connects. On js/wasm it returns an error that matches
// zaqar.ErrUnsupported.
func NewWebSocket(endpoint string, options WebSocketOptions) (*WebSocket, error) {
	if err := platformError(); err != nil {
		return nil, err
	}
	if _, err := parseSocket(endpoint); err != nil {
		return nil, err
	}
	if options.Timeout <= 0 {
		options.Timeout = DefaultTimeout
	}
	w := &WebSocket{endpoint: endpoint, client: safehttp.Client(options.Client, nil), options: options, ended: make(chan struct{})}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	return w, nil
}

// parseSocket returns the HTTP URL of the endpoint's handshake.
func parseSocket(endpoint string) (*url.URL, error) {
	scheme, rest, _ := strings.Cut(endpoint, "://")
	switch strings.ToLower(scheme) {
	case "ws":
		endpoint = "http://" + rest
	case "wss":
		endpoint = "https://" + rest
	case "http", "https":
	default:
		return nil, errors.New("transport: the endpoint of a WebSocket must begin with ws://, wss://, http:// or https://")
	}
	return parseEndpoint(endpoint)
}

// Endpoint returns the WebSocket's URL, as it was given to [NewWebSocket].
func (w *WebSocket) Endpoint() string { return w.endpoint }

// Do implements [Transport]. It connects and authenticates if needed. When ctx ends,
// only this request is given up; the connection stays.
func (w *WebSocket) Do(ctx context.Context, req *Request) (*Response, error) {
	body, err := parameters(req)
	if err != nil {
		return nil, err
	}
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, w.options.Timeout)
		defer cancel()
	}
	if err := ctx.Err(); err != nil {
		return nil, &Error{Err: err}
	}
	id := nextID()
	f, err := outgoing{Action: req.Action, Headers: frameHeaders(req.Header, id), Body: body}.encode(w.options.MessagePack)
	if err != nil {
		return nil, &Error{Final: true, Err: err}
	}
	lost := -1
	for {
		s, refused, err := w.session(ctx)
		if refused != nil || err != nil {
			return refused, err
		}
		refused, err = w.signIn(ctx, s, req.Header, lost)
		if refused != nil || err != nil && !errors.Is(err, errUnsent) {
			return refused, err
		}
		signIns := s.signIns()
		var reply *Response
		if err == nil {
			reply, err = s.ask(ctx, id, req.Action, f, w.options.FailFast)
		}
		switch {
		case errors.Is(err, errUnsent):
			continue // with the next connection
		case err == nil && lost < 0 && needsSignIn(req.Header) && signInLost(reply):
			lost = signIns
			continue // the server refused it without acting: sign in again and repeat it
		}
		return reply, err
	}
}

// signIn makes sure that the session is authenticated for a request. With FailFast it
// waits for that as long as patience allows.
func (w *WebSocket) signIn(ctx context.Context, s *session, h http.Header, lost int) (*Response, error) {
	if !w.options.FailFast {
		return s.signIn(ctx, h, lost)
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	refused, err := s.signIn(limited, h, lost)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = &Error{Err: fmt.Errorf("%w: %w", ErrNotConnected, err)}
	}
	return refused, err
}

// Notify implements [Notifier]. While there are listeners, the transport reconnects and
// renews its authentication by itself. Up to 1,024 notices wait for a slow listener, of
// which 256 may be pushes.
func (w *WebSocket) Notify(fn func(Notice)) (stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var first *Notice
	if w.live != nil {
		first = &Notice{Kind: Connected, Session: w.live.number}
	}
	stop = w.listeners.add(fn, first)
	if w.live == nil {
		w.reconnectLocked()
	}
	return stop
}

// Close closes the connection, and waits until its goroutines have ended and the
// listeners have got all their notices. Calls in flight fail with [ErrClosed]. Closing
// twice is safe.
func (w *WebSocket) Close() error {
	w.mu.Lock()
	live, closedBefore := w.live, w.closed
	w.closed, w.live = true, nil
	w.mu.Unlock()
	if closedBefore {
		<-w.ended
		return nil
	}
	if live != nil {
		live.close()
		w.listeners.notify(Notice{Kind: Disconnected, Session: live.number, Err: ErrClosed})
	}
	w.cancel()
	w.group.Wait()
	w.listeners.close()
	w.client.CloseIdleConnections()
	close(w.ended)
	return nil
}
