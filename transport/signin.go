package transport

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/zaqar-go/zaqar/auth"
)

const (
	// signInTimeout limits the wait for the answer to an authentication.
	signInTimeout = 15 * time.Second
	// maxTokens is how many accepted tokens a session remembers.
	maxTokens = 1000
)

var (
	// errNoProject reports a token without a project, which frames must name.
	errNoProject = errors.New("transport: the WebSocket needs the token's project: pass it to auth.Token")
	// errSignIn reports an authentication that the server did not answer.
	errSignIn = errors.New("transport: the authentication was not answered; if the server runs without authentication, connect without a token")
)

// fingerprint identifies a token without keeping it.
type fingerprint [sha256.Size]byte

// authState is what a session knows about its authentication.
type authState struct {
	// known are the tokens that the server has accepted on this connection. An older
	// one is not sent again: the connection would then expire with the older token.
	known map[fingerprint]bool
	times int    // how often a token was accepted
	login *login // the authentication under way; nil if there is none
}

// login is one authentication, shared by all callers that wait for it.
type login struct {
	token   fingerprint
	done    chan struct{} // closed when the rest is set
	refused *Response
	err     error
}

// needsSignIn reports whether a request with these headers needs an authenticated
// session: it has a token, and no signed URL.
func needsSignIn(h http.Header) bool {
	return h.Get(auth.HeaderToken) != "" && h.Get(frameSignature) == ""
}

// signIn makes sure that the session is authenticated with the token in h, if there
// is one. It returns a refusal as it came. lost is the number of the authentication
// that the server seems to have lost, or -1.
//
// The authentication belongs to no caller: it continues when a caller gives up.
func (s *session) signIn(ctx context.Context, h http.Header, lost int) (*Response, error) {
	if !needsSignIn(h) {
		return nil, nil
	}
	token := fingerprint(sha256.Sum256([]byte(h.Get(auth.HeaderToken))))
	for {
		l, err := s.join(token, h, lost) //nolint:contextcheck // an authentication belongs to no caller
		if l == nil || err != nil {
			return nil, err
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			return nil, &Error{Err: ctx.Err()}
		}
		if l.token == token {
			return l.refused, l.err
		}
		// It was for another token: check again.
	}
}

// join returns the authentication to wait for, or nil if none is needed.
func (s *session) join(token fingerprint, h http.Header, lost int) (*login, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return nil, errUnsent
	case s.auth.known[token] && s.auth.times != lost:
		return nil, nil
	case s.auth.login != nil:
		return s.auth.login, nil
	case h.Get(auth.HeaderProject) == "":
		return nil, &Error{Final: true, Err: errNoProject}
	}
	id := nextID()
	headers := frameHeaders(h, id)
	headers[frameToken] = h.Get(auth.HeaderToken)
	f, err := outgoing{Action: "authenticate", Headers: headers}.encode(s.binary)
	if err != nil {
		return nil, &Error{Err: err}
	}
	l := &login{token: token, done: make(chan struct{})}
	s.auth.login = l
	s.group.Go(func() { s.authenticate(l, id, f) })
	return l, nil
}

func (s *session) authenticate(l *login, id string, f frame) {
	ctx, cancel := context.WithTimeout(s.ctx, signInTimeout)
	defer cancel()
	reply, err := s.ask(ctx, id, "authenticate", f, false)
	switch {
	case err == nil && reply.Status/100 == 2:
	case err == nil:
		l.refused = reply
	case errors.Is(err, context.DeadlineExceeded):
		// A server without authentication answers nothing on this connection any more.
		l.err = &Error{Err: fmt.Errorf("%w: %w", ErrNotConnected, errSignIn)}
	default:
		l.err = errUnsent // the requests that wait for it were not sent
	}
	s.mu.Lock()
	s.auth.login = nil
	if l.refused == nil && l.err == nil {
		if len(s.auth.known) >= maxTokens {
			clear(s.auth.known)
		}
		s.auth.known[l.token] = true
		s.auth.times++
	}
	s.mu.Unlock()
	if l.err != nil {
		s.end(errSignIn)
	}
	close(l.done)
}

// signInLost reports whether the server refused a request because it does not know the
// connection's authentication. Servers spell this in two ways.
func signInLost(reply *Response) bool {
	if reply.Status != http.StatusForbidden {
		return false
	}
	var parsed struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(reply.Body, &parsed)
	return parsed.Error == "Not authentified." || parsed.Error == "Not authenticated."
}

// signIns returns how many authentications were accepted.
func (s *session) signIns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.auth.times
}

var lastID atomic.Uint64

// nextID returns a new id for a request. The server sees it, so it reveals nothing.
func nextID() string { return strconv.FormatUint(lastID.Add(1), 36) }
