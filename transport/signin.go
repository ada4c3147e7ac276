package transport

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/zaqar-go/zaqar/auth"
)

const (
	// signInTimeout ends an authentication that is not answered.
	signInTimeout = 15 * time.Second
	// maxTokens is how many tokens a session remembers to have seen accepted.
	maxTokens = 1000
)

var (
	// errNoProject is a token without the project that frames must name.
	errNoProject = errors.New("transport: the WebSocket needs the project of the token; auth.Token takes it")
	// errSignIn is an authentication without an answer.
	errSignIn = errors.New("transport: the authentication was not answered (does the server run without?)")
)

// fingerprint stands for a token where the token itself need not be kept.
type fingerprint [sha256.Size]byte

// signature is who a session has authenticated as.
type signature struct {
	// known are the tokens that the server has accepted on this connection. One
	// that was accepted before the present one is not sent again: that would bring
	// its end back.
	known map[fingerprint]bool
	times int    // how often one was accepted
	login *login // the authentication that is under way
}

// login is one authentication, for all who wait for it.
type login struct {
	token   fingerprint
	done    chan struct{} // closed when the rest is set
	refused *Response
	err     error
}

// signs reports whether requests with these headers need an authenticated session:
// they have a token, and no signed URL that stands for it.
func signs(h http.Header) bool {
	return h.Get(auth.HeaderToken) != "" && h.Get(frameSignature) == ""
}

// signIn makes sure that the session is authenticated with the token in h, if there
// is one. A refusal is returned as it came. lost is the number of the authentication
// that the server seems to have forgotten, or -1.
//
// It belongs to no caller: whoever waits can leave, and it goes on.
func (s *session) signIn(ctx context.Context, h http.Header, lost int) (*Response, error) {
	if !signs(h) {
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
		// It was somebody else's: look again.
	}
}

// join returns the authentication to wait for, nil when none is needed.
func (s *session) join(token fingerprint, h http.Header, lost int) (*login, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return nil, errUnsent
	case s.sign.known[token] && s.sign.times != lost:
		return nil, nil
	case s.sign.login != nil:
		return s.sign.login, nil
	case h.Get(auth.HeaderProject) == "":
		return nil, &Error{Err: errNoProject}
	}
	id := nextID()
	headers := frameHeaders(h, id)
	headers[frameToken] = h.Get(auth.HeaderToken)
	f, err := outgoing{Action: "authenticate", Headers: headers}.encode(s.binary)
	if err != nil {
		return nil, &Error{Err: err}
	}
	l := &login{token: token, done: make(chan struct{})}
	s.sign.login = l
	s.group.Go(func() { s.authenticate(l, id, f) })
	return l, nil
}

func (s *session) authenticate(l *login, id string, f frame) {
	ctx, cancel := context.WithTimeout(s.ctx, signInTimeout)
	defer cancel()
	reply, err := s.ask(ctx, id, "authenticate", f)
	switch {
	case err == nil && reply.Status/100 == 2:
	case err == nil:
		l.refused = reply
	case errors.Is(err, context.DeadlineExceeded):
		// The connection is dead now, if it is what the error says.
		l.err = &Error{Err: errSignIn}
	default:
		l.err = errUnsent // what needed it was not sent
	}
	s.mu.Lock()
	s.sign.login = nil
	if l.refused == nil && l.err == nil {
		if len(s.sign.known) >= maxTokens {
			clear(s.sign.known)
		}
		s.sign.known[l.token] = true
		s.sign.times++
	}
	s.mu.Unlock()
	if l.err != nil {
		s.end(errSignIn)
	}
	close(l.done)
}

// forgot reports whether a request was refused because the server does not know who
// asks. Servers spell it in two ways.
func forgot(reply *Response) bool {
	if reply.Status != http.StatusForbidden {
		return false
	}
	var said struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(reply.Body, &said)
	return said.Error == "Not authentified." || said.Error == "Not authenticated."
}

// signIns returns how often an authentication was accepted.
func (s *session) signIns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sign.times
}

var lastID atomic.Uint64

// nextID names a request. Whoever answers sees it, so it tells nothing.
func nextID() string { return strconv.FormatUint(lastID.Add(1), 36) }
