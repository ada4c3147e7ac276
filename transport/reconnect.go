package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/safehttp"
)

const (
	// dialTimeout ends an attempt to connect.
	dialTimeout = 30 * time.Second
	// cutHandshakes is how often the first handshake may be cut short: servers under
	// load do that, and nothing was sent.
	cutHandshakes = 3
)

// attempt is one attempt to connect, for all who wait for it.
type attempt struct {
	dialing chan struct{} // closed when the pause before it is over
	done    chan struct{} // closed when the rest is set
	session *session
	refused *Response // the answer to the token
	err     error
}

// session returns the live session. It waits for one as the options say.
func (w *WebSocket) session(ctx context.Context) (*session, *Response, error) {
	var last error
	for attempts := 1; ; attempts++ {
		w.mu.Lock()
		switch {
		case w.closed:
			w.mu.Unlock()
			return nil, nil, &Error{Err: ErrClosed}
		case w.live != nil && w.live.cause() == nil:
			defer w.mu.Unlock()
			return w.live, nil, nil
		}
		w.drop(w.live)
		a, first := w.try(), w.sessions == 0 //nolint:contextcheck // a connection belongs to no caller
		w.mu.Unlock()
		if w.options.FailFast {
			select {
			case <-a.dialing:
			default:
				return nil, nil, &Error{Err: ErrNotConnected}
			}
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
		case w.options.FailFast || first && (attempts == cutHandshakes || !errors.Is(a.err, io.EOF)):
			return nil, nil, &Error{Err: fmt.Errorf("%w: %w", ErrNotConnected, a.err)}
		}
		last = a.err
	}
}

// try begins an attempt to connect unless one is under way. w.mu is held.
func (w *WebSocket) try() *attempt {
	if w.attempt != nil {
		return w.attempt
	}
	a := &attempt{dialing: make(chan struct{}), done: make(chan struct{})}
	w.attempt = a
	var wait time.Duration
	if w.sessions > 0 || w.failures > 0 {
		wait = reconnects.Delay(w.failures + 1)
	} else {
		close(a.dialing)
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
		close(a.dialing)
	}
	a.session, a.refused, a.err = w.open()
	w.mu.Lock()
	w.attempt = nil
	switch {
	case w.closed:
		if a.session != nil {
			a.session.end(ErrClosed)
		}
		a.session, a.err = nil, ErrClosed
	case a.session != nil:
		w.live = a.session
		w.sessions = a.session.number
		w.told.tell(Notice{Kind: Connected, Session: a.session.number, Attempts: w.failures + 1})
	default:
		w.failures++
		w.again()
	}
	w.mu.Unlock()
	close(a.done)
	if a.session != nil {
		w.group.Go(func() { w.follow(a.session) })
	}
}

// again connects again without being asked, when there are listeners who had a
// connection. w.mu is held.
func (w *WebSocket) again() {
	if !w.closed && w.sessions > 0 && w.told.any() {
		w.try()
	}
}

// follow waits for a session to end.
func (w *WebSocket) follow(s *session) {
	<-s.done
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(s)
}

// drop takes leave of a session that has ended, once. w.mu is held.
func (w *WebSocket) drop(s *session) {
	if s == nil || w.live != s {
		return
	}
	w.live = nil
	if time.Since(s.began) >= settled {
		w.failures = 0
	} else {
		w.failures++
	}
	w.told.tell(Notice{Kind: Disconnected, Session: s.number, Err: s.cause()})
	w.again()
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
		w.told.tell(Notice{Kind: Pushed, Session: number, Queue: in.queue, Body: in.body})
	}
	s.start(w.ctx)
	refused, err := w.greet(ctx, s)
	if refused != nil || err != nil {
		s.end(ErrNotConnected)
		return nil, refused, err
	}
	return s, nil, nil
}

// dial connects. Its errors hold no URL.
func (w *WebSocket) dial(ctx context.Context) (*websocket.Conn, error) {
	conn, reply, err := handshake(ctx, w.endpoint, w.client)
	if err == nil {
		conn.SetReadLimit(DefaultMaxResponse)
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
		return nil, fmt.Errorf("the answer to the handshake is %d %s: is this the WebSocket's endpoint?", reply.StatusCode, http.StatusText(reply.StatusCode))
	}
	return nil, err
}

// greet authenticates a new session where the transport has credentials of its own.
func (w *WebSocket) greet(ctx context.Context, s *session) (*Response, error) {
	if w.options.Auth == nil {
		return nil, nil
	}
	var renewal renewal
	refused, err := renewal.signIn(ctx, w, s)
	if refused != nil && renewal.invalidate(w) {
		refused, err = renewal.signIn(ctx, w, s)
	}
	if refused == nil && err == nil && !renewal.expires.IsZero() {
		w.group.Go(func() { renewal.keep(w, s) }) //nolint:contextcheck // it lives as long as the session
	}
	return refused, err
}

// renewal keeps a session authenticated that nobody uses for requests.
type renewal struct {
	header  http.Header // what was sent last
	expires time.Time   // when it ends
}

// signIn authenticates with the credentials that there are now.
func (r *renewal) signIn(ctx context.Context, w *WebSocket, s *session) (*Response, error) {
	h := http.Header{}
	h.Set(frameClientID, w.options.ClientID)
	before := expiry(w.options.Auth)
	if err := w.options.Auth.Authorize(ctx, h); err != nil {
		return nil, err
	}
	// They may have been renewed in this moment: the earlier end is the safe one.
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

// keep authenticates again before the token ends, while somebody listens. Whoever
// keeps the token renews it at a time that is not known here, and perhaps only once it
// was asked for; so it is asked for at half of what is left of its life, again and
// again, down to every second. That costs nothing while it is the same token.
func (r *renewal) keep(w *WebSocket, s *session) {
	for {
		timer := time.NewTimer(max(time.Second, time.Until(r.expires)/2))
		select {
		case <-s.done:
			timer.Stop()
			return
		case <-timer.C:
		}
		if !w.told.any() {
			continue
		}
		ctx, cancel := context.WithTimeout(s.ctx, dialTimeout)
		if refused, err := r.signIn(ctx, w, s); err == nil && refused != nil && r.invalidate(w) {
			r.expires = time.Now()
		}
		cancel()
	}
}
