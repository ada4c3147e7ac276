package zaqartest

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// serveHTTP handles every request.
func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.beginRequest() {
		http.Error(w, "the server is closed", http.StatusServiceUnavailable)
		return
	}
	defer s.requests.Done()
	c := s.newCall(w, r)
	defer func() { s.transit.release(c.held) }()
	entry := s.log.add(c.seen())
	answer, fault, cut := s.answer(c)
	if answer.status == http.StatusSwitchingProtocols {
		s.serveWebSocket(w, c, entry, fault)
		return
	}
	if !cut {
		s.admitAnswer(c, &answer)
	}
	s.log.finish(entry, c.project, answer.status, fault)
	if cut {
		// With this panic, net/http cuts the connection.
		panic(http.ErrAbortHandler)
	}
	answer = answer.with("Date", s.clock.Now().UTC().Format(http.TimeFormat))
	if err := sendInTime(w, answer); err != nil {
		s.logger.Debug("an answer could not be sent", "kind", c.kind, "error", err)
	}
}

// answer makes the reply to a call, or decides to cut the connection. fault reports
// whether an injected fault applied.
func (s *Server) answer(c *call) (out reply, fault, cut bool) {
	if name, foreign := s.foreignHost(c.req); foreign {
		return s.refuse(c, http.StatusForbidden, "Foreign host", foreignHostText(name)), false, false
	}
	f, fault := s.faults.match(c.kind)
	if fault && !f.wait(c.ctx, s.ctx) {
		return reply{}, true, true
	}
	replaces := fault && (f.Cut || f.Status != 0)
	if !replaces || f.After {
		out = s.act(c)
	}
	if fault && f.Cut {
		return reply{}, true, true
	}
	if replaces {
		out = f.reply()
	}
	if fault {
		out = f.decorate(out)
	}
	return out.with("X-Openstack-Request-Id", "req-"+broker.NewUUID().String()), fault, false
}

// act carries out a call. A panic fails this call only.
func (s *Server) act(c *call) (out reply) {
	defer func() {
		if cause := recover(); cause != nil {
			s.logger.Error("a handler panicked", "kind", c.kind, "cause", cause, "stack", string(debug.Stack()))
			out = asReply(&refusal{
				status: http.StatusInternalServerError, title: "Internal server error",
				description: "The server failed.",
			}, c.accept())
		}
	}()
	switch {
	case errors.Is(c.readErr, errTransitFull):
		return s.refuse(c, http.StatusServiceUnavailable, fullTitle, busyText)
	case errors.Is(c.readErr, os.ErrDeadlineExceeded):
		return s.refuse(c, http.StatusRequestTimeout, "Request timeout", fmt.Sprintf("The body did not arrive within %v.", bodyTimeout))
	case s.isKeystone(c.req.URL.Path):
		return s.keystone.serve(c)
	case c.kind == webSocketKind:
		// The handshake writes the answer.
		return reply{status: http.StatusSwitchingProtocols}
	}
	out, err := s.dispatch(c)
	switch {
	case errors.Is(err, errUnauthenticated):
		return s.demandToken(c)
	case err != nil:
		out = asReply(err, c.accept())
		if out.status == http.StatusServiceUnavailable && !errors.Is(err, broker.ErrNoPool) && !errors.Is(err, broker.ErrFull) {
			s.logger.Error("the store failed", "kind", c.kind, "error", err)
		}
	}
	if c.location != "" {
		out = out.with("Content-Location", c.location)
	}
	return out
}

func (s *Server) dispatch(c *call) (reply, error) {
	err := c.check()
	switch {
	// OPTIONS is refused only for the lack of a token.
	case c.req.Method == http.MethodOptions && !errors.Is(err, errUnauthenticated):
		if err != nil {
			return reply{status: http.StatusOK}, nil
		}
		return empty(http.StatusOK).with("Allow", c.target.allow()), nil
	case err != nil:
		return reply{}, err
	}
	return c.route.serve(c)
}

// refuse answers in the form of the service that a request is for.
func (s *Server) refuse(c *call, status int, title, description string) reply {
	if s.isKeystone(c.req.URL.Path) {
		return (&keystoneRefusal{status, title, description}).reply()
	}
	return asReply(&refusal{status: status, title: title, description: description}, c.accept())
}
