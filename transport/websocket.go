package transport

import (
	"context"
	"errors"
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
	// ErrClosed is the cause when the transport was closed.
	ErrClosed = errors.New("transport: closed")
	// ErrNotConnected is the cause when there is no connection, and so nothing was
	// sent.
	ErrNotConnected = errors.New("transport: no connection")
)

// WebSocketOptions are the options of [NewWebSocket]. The zero value will do.
type WebSocketOptions struct {
	// Client makes the connections: its proxy, TLS settings, RoundTripper and, for
	// the handshake, timeout are used. It is copied, and redirects to another host
	// are never followed. Nil stands for a client of its own.
	Client *http.Client
	// MessagePack sends binary frames instead of JSON. Servers answer in kind. It
	// has no integers of more than 64 bits, and no numbers beyond a float64: a
	// request that holds one is an error, and is not sent.
	MessagePack bool
	// Auth lets the transport authenticate by itself: with every new connection,
	// and while there are listeners in time before the token of the connection ends,
	// if Auth is an [auth.Expirer]. Without it only requests authenticate, with the
	// token that they carry.
	Auth auth.Authorizer
	// ClientID is the Client-ID of what the transport sends by itself.
	ClientID string
	// Timeout limits a request whose context has no deadline; zero stands for
	// [DefaultTimeout].
	Timeout time.Duration
	// FailFast makes a request fail with [ErrNotConnected] while the transport waits
	// before its next attempt to connect, instead of waiting along. [Fallback] can
	// then use another transport.
	FailFast bool
}

// WebSocket carries requests over Zaqar's WebSocket, on one connection that it makes
// when it is needed and makes again when it is gone. Make one with [NewWebSocket].
//
// Requests are pipelined, and nobody who leaves early disturbs the others. A request
// that carries a token authenticates the connection first, when it has not been with
// that token; all who need it wait for one authentication.
//
// A connection ends when the server closes it, does not answer pings, or leaves
// three requests in a row unanswered. Requests that were in flight fail then, with
// MaybeSent; requests that were not written wait for the next connection within
// their contexts. It is made at once when a request needs it, but for a pause when
// the one before did not last; while there are listeners ([WebSocket.Notify]) also
// without being needed, as often as it takes, with pauses that grow to 30 seconds.
// Only when there was never a connection yet does a request fail with the first
// attempt.
//
// What the WebSocket cannot say is an error that matches [ErrNoAction]: what has no
// action, and what servers would drop without a word.
type WebSocket struct {
	endpoint string
	client   *http.Client
	options  WebSocketOptions
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	group    sync.WaitGroup
	told     listeners
	ended    chan struct{} // closed when Close is done

	mu       sync.Mutex
	closed   bool
	sessions uint64   // how many there were
	failures int      // attempts in a row that came to nothing
	live     *session // nil when there is none
	attempt  *attempt // the one under way
}

// NewWebSocket returns a transport to the WebSocket at endpoint, a URL with the
// scheme ws, wss, http or https (catalogues hold all of them) and any path. It does
// no I/O. On js/wasm it returns an error that matches zaqar.ErrUnsupported: there is
// HTTP only.
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

// parseSocket reads the endpoint as the one of HTTP that it is for the handshake.
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

// Endpoint returns the WebSocket's URL, as it was given.
func (w *WebSocket) Endpoint() string { return w.endpoint }

// Do implements [Transport]. A context that ends gives up the request and leaves the
// connection as it is.
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
		return nil, &Error{Err: err}
	}
	lost := -1
	for {
		s, refused, err := w.session(ctx)
		if refused != nil || err != nil {
			return refused, err
		}
		refused, err = s.signIn(ctx, req.Header, lost)
		if refused != nil || err != nil && !errors.Is(err, errUnsent) {
			return refused, err
		}
		signIns := s.signIns()
		var reply *Response
		if err == nil {
			reply, err = s.ask(ctx, id, req.Action, f)
		}
		switch {
		case errors.Is(err, errUnsent):
			continue // on the next connection
		case err == nil && lost < 0 && signs(req.Header) && forgot(reply):
			lost = signIns
			continue // refused before it was looked at
		}
		return reply, err
	}
}

// Notify implements [Notifier].
func (w *WebSocket) Notify(fn func(Notice)) (stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var first *Notice
	if w.live != nil {
		first = &Notice{Kind: Connected, Session: w.live.number}
	}
	stop = w.told.add(fn, first)
	if w.live == nil {
		w.again()
	}
	return stop
}

// Close closes the connection and waits for what belongs to it to end, and for
// listeners to be told. Calls in flight fail.
func (w *WebSocket) Close() error {
	w.mu.Lock()
	live, others := w.live, w.closed
	w.closed, w.live = true, nil
	w.mu.Unlock()
	if others {
		<-w.ended
		return nil
	}
	if live != nil {
		live.close()
		w.told.tell(Notice{Kind: Disconnected, Session: live.number, Err: ErrClosed})
	}
	w.cancel()
	w.group.Wait()
	w.told.close()
	w.client.CloseIdleConnections()
	close(w.ended)
	return nil
}
