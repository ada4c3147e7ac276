package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/safehttp"
)

const (
	// dialTimeout limits an attempt to connect.
	dialTimeout = 30 * time.Second
	// maxFirstAttempts is how often the first handshake is tried if the server cuts it
	// off: servers under load do that, and no request was sent.
	maxFirstAttempts = 3
	// patience is how long a request waits for the WebSocket with FailFast: for the first
	// handshake, for an authentication, and for its turn to be written. After that
	// another transport serves it sooner.
	patience = 250 * time.Millisecond
)

// attempt is one attempt to connect, shared by all callers that wait for it.
type attempt struct {
	first   bool // there was none before
	began   time.Time
	done    chan struct{} // closed when the rest is set
	session *session
	refused *Response // the server's refusal of the token
	err     error
}

// session returns the live session. It waits for one as the options say.
func (w *WebSocket) session(ctx context.Context) (*session, *Response, error) {
	var last error
	for attempts := 1; ; attempts++ {
		live, a, first, err := w.liveOrAttempt() //nolint:contextcheck // a connection belongs to no caller
		if live != nil || err != nil {
			return live, nil, err
		}
		if w.options.FailFast && !a.awaited(ctx) {
			return nil, nil, &Error{Err: ErrNotConnected}
		}
		select {
		case <-a.done:
		case <-ctx.Done():
			return nil, nil, &Error{Err: errors.Join(ctx.Err(), last)}
		}
		switch {
		case a.session != nil:
			return a.session, nil, nil
		case a.refused != nil:
			return nil, a.refused, nil
		case w.options.FailFast || first && (attempts == maxFirstAttempts || !errors.Is(a.err, io.EOF)):
			return nil, nil, &Error{Err: fmt.Errorf("%w: %w", ErrNotConnected, a.err)}
		}
		last = a.err
	}
}

// awaited waits for the first attempt as long as patience allows, and not at all for
// later ones. It reports whether the attempt, or the caller's context, has ended.
func (a *attempt) awaited(ctx context.Context) bool {
	select {
	case <-a.done:
		return true
	default:
	}
	if !a.first {
		return false
	}
	timer := time.NewTimer(patience - time.Since(a.began))
	defer timer.Stop()
	select {
	case <-a.done:
	case <-ctx.Done():
	case <-timer.C:
		return false
	}
	return true
}

// liveOrAttempt returns the live session, or else the attempt to wait for. first is
// true if there has never been a session.
func (w *WebSocket) liveOrAttempt() (live *session, a *attempt, first bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return nil, nil, false, &Error{Err: ErrClosed}
	case w.live != nil && w.live.cause() == nil:
		return w.live, nil, false, nil
	}
	w.dropLocked(w.live)
	return nil, w.attemptLocked(), w.sessions == 0, nil
}

// attemptLocked returns the attempt to connect that is under way. It starts one if
// there is none.
func (w *WebSocket) attemptLocked() *attempt {
	if w.attempt != nil {
		return w.attempt
	}
	a := &attempt{first: w.sessions == 0 && w.failures == 0, began: time.Now(), done: make(chan struct{})}
	w.attempt = a
	var wait time.Duration
	if !a.first {
		wait = max(reconnects.Delay(w.failures+1), w.retryAfter)
	}
	w.group.Go(func() { w.run(a, wait) })
	return a
}

func (w *WebSocket) run(a *attempt, wait time.Duration) {
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-w.ctx.Done():
		}
	}
	a.session, a.refused, a.err = w.open()
	w.mu.Lock()
	w.attempt, w.retryAfter = nil, retryAfter(a.err)
	switch {
	case w.closed:
		if a.session != nil {
			a.session.end(ErrClosed)
		}
		a.session, a.err = nil, ErrClosed
	case a.session != nil:
		w.live = a.session
		w.sessions = a.session.number
		w.listeners.notify(Notice{Kind: Connected, Session: a.session.number, Attempts: w.failures + 1})
	default:
		w.failures++
		w.reconnectLocked()
	}
	w.mu.Unlock()
	close(a.done)
	if a.session != nil {
		w.group.Go(func() { w.watchEnd(a.session) })
	}
}

// reconnectLocked connects again, without a request, if there are listeners and there
// has been a connection.
func (w *WebSocket) reconnectLocked() {
	if !w.closed && w.sessions > 0 && w.listeners.any() {
		w.attemptLocked()
	}
}

// watchEnd waits until a session ends.
func (w *WebSocket) watchEnd(s *session) {
	<-s.done
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dropLocked(s)
}

// dropLocked removes a session that has ended and notifies the listeners. It does so
// once per session.
func (w *WebSocket) dropLocked(s *session) {
	if s == nil || w.live != s {
		return
	}
	w.live = nil
	if time.Since(s.began) >= stableAfter {
		w.failures = 0
	} else {
		w.failures++
	}
	w.listeners.notify(Notice{Kind: Disconnected, Session: s.number, Err: s.cause()})
	w.reconnectLocked()
}

// open connects and authenticates.
func (w *WebSocket) open() (*session, *Response, error) {
	ctx, cancel := context.WithTimeout(w.ctx, dialTimeout)
	defer cancel()
	conn, err := w.dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	w.mu.Lock()
	number := w.sessions + 1
	w.mu.Unlock()
	s := &session{number: number, conn: conn, binary: w.options.MessagePack, group: &w.group}
	s.pushed = func(in incoming) {
		w.listeners.notify(Notice{Kind: Pushed, Session: number, Queue: in.queue, Body: in.body})
	}
	s.start(w.ctx)
	refused, err := w.signInFirst(ctx, s)
	if refused != nil || err != nil {
		s.end(ErrNotConnected)
		return nil, refused, err
	}
	return s, nil, nil
}

// dial connects. Its errors never hold the URL.
func (w *WebSocket) dial(ctx context.Context) (*websocket.Conn, error) {
	conn, reply, err := handshake(ctx, w.endpoint, w.client)
	if err == nil {
		conn.SetReadLimit(cmp.Or(w.options.MaxResponse, DefaultMaxResponse))
		return conn, nil
	}
	if reply == nil {
		return nil, withoutURL(err)
	}
	if reply.Body != nil {
		_ = reply.Body.Close()
	}
	if asked, bad := parseSocket(w.endpoint); bad == nil {
		if redirect := safehttp.Refused(asked, reply.StatusCode, reply.Header); redirect != nil {
			return nil, redirect
		}
	}
	if reply.StatusCode != http.StatusSwitchingProtocols {
		return nil, &handshakeError{status: reply.StatusCode, retryAfter: backoff.RetryAfter(reply.Header, time.Now())}
	}
	return nil, err
}

// handshakeError is an answer that refuses the handshake.
type handshakeError struct {
	status     int
	retryAfter time.Duration
}

// Error names the status.
func (e *handshakeError) Error() string {
	return fmt.Sprintf("the server answered the handshake with %d %s; check that this is the WebSocket's endpoint", e.status, http.StatusText(e.status))
}

// RetryAfter returns how long the server asked to wait.
func (e *handshakeError) RetryAfter() time.Duration { return e.retryAfter }

// retryAfter returns how long the server behind an error asked to wait: that of the
// handshake, or the one that issues tokens.
func retryAfter(err error) time.Duration {
	asks, ok := errors.AsType[interface {
		error
		RetryAfter() time.Duration
	}](err)
	if !ok {
		return 0
	}
	return min(asks.RetryAfter(), backoff.MaxRetryAfter)
}

// maxSignIns is how often a refused token is replaced before a connection is given up.
const maxSignIns = 4

// signInFirst authenticates a new session if the transport has credentials of its own.
func (w *WebSocket) signInFirst(ctx context.Context, s *session) (*Response, error) {
	if w.options.Auth == nil {
		return nil, nil
	}
	var renewal renewal
	refused, err := renewal.signIn(ctx, w, s)
	for again := 0; refused != nil && again < maxSignIns && renewal.invalidate(w); again++ {
		refused, err = renewal.signIn(ctx, w, s)
	}
	if refused == nil && err == nil && !renewal.expires.IsZero() {
		w.group.Go(func() { renewal.repeat(w, s) }) //nolint:contextcheck // it lives as long as the session
	}
	return refused, err
}

// renewal keeps a session authenticated while no request does it.
type renewal struct {
	header  http.Header // the credentials that were sent last
	expires time.Time   // when they expire
}

// signIn authenticates with the current credentials.
func (r *renewal) signIn(ctx context.Context, w *WebSocket, s *session) (*Response, error) {
	h := http.Header{}
	h.Set(frameClientID, w.options.ClientID)
	before := expiry(w.options.Auth)
	if err := w.options.Auth.Authorize(ctx, h); err != nil {
		return nil, err
	}
	// The token may have been renewed during Authorize. The earlier end is the safe one.
	r.header, r.expires = h, expiry(w.options.Auth)
	if !before.IsZero() && before.After(time.Now()) && before.Before(r.expires) {
		r.expires = before
	}
	return s.signIn(ctx, h, -1)
}

func expiry(a auth.Authorizer) time.Time {
	if expirer, ok := a.(auth.Expirer); ok {
		return expirer.Expires()
	}
	return time.Time{}
}

// invalidate reports whether asking for credentials again may help.
func (r *renewal) invalidate(w *WebSocket) bool {
	invalidator, ok := w.options.Auth.(auth.Invalidator)
	return ok && invalidator.Invalidate(r.header)
}

// repeat authenticates again before the token expires, while there are listeners. The
// Authorizer renews its token at a time not known here, perhaps only when asked for it.
// So repeat asks whenever half of the remaining lifetime has passed, down to every
// second. While the token is the same, nothing is sent.
func (r *renewal) repeat(w *WebSocket, s *session) {
	for {
		timer := time.NewTimer(max(time.Second, time.Until(r.expires)/2))
		select {
		case <-s.done:
			timer.Stop()
			return
		case <-timer.C:
		}
		if !w.listeners.any() {
			continue
		}
		ctx, cancel := context.WithTimeout(s.ctx, dialTimeout)
		if refused, err := r.signIn(ctx, w, s); err == nil && refused != nil && r.invalidate(w) {
			r.expires = time.Now()
		}
		cancel()
	}
}
