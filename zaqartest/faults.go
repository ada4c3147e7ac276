package zaqartest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fault is a failure to inject with [Server.Inject]. A Fault that sets neither
// Status nor Cut only delays the request.
type Fault struct {
	// Kind is the operation that fails, such as "message_post"; "" means any
	// request. The package comment lists the kinds. The kind "push" is a message on
	// its way to a WebSocket: Cut loses it, and Delay delays it, so that others
	// overtake it. The other fields have no effect on a push.
	Kind string
	// Times is how many requests fail. 0 means 1. If negative, every request fails
	// until [Server.ClearFaults].
	Times int
	// Skip is how many requests of the kind pass before the first one fails.
	Skip int
	// Delay is how long the request waits first. If the client leaves or the server
	// closes meanwhile, nothing is done and the connection is cut.
	Delay time.Duration
	// Status, unless 0, replaces the server's answer, with Body. The Content-Type is
	// application/json unless Header has one. An empty Body stands for what Zaqar
	// sends, if Status is 400 or more: {"title":"404 Not Found"}, for instance. On a
	// WebSocket, a Body that is not JSON is sent as a string.
	Status int
	Body   string
	// Header is added to the answer.
	Header http.Header
	// Cut closes the connection instead of answering. A WebSocket is closed without
	// a closing frame.
	Cut bool
	// After lets the server carry out the request before the answer is replaced or
	// the connection is cut. Without it, the request has no effect.
	After bool
}

// Inject adds a fault. If several faults match a request, the one that was injected
// first applies. Faults apply before all checks, even that of the token.
func (s *Server) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	f.Header = f.Header.Clone()
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.pending = append(s.faults.pending, &f)
}

// ClearFaults removes all faults that have not happened yet.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.pending = nil
}

type faults struct {
	mu      sync.Mutex
	pending []*Fault
}

// match returns the fault that applies to a request.
func (f *faults) match(kind string) (Fault, bool) {
	return f.firstWhere(func(of string) bool { return of == "" || of == kind })
}

// matchKind returns the fault that applies to something other than a request. Faults
// for any request do not.
func (f *faults) matchKind(kind string) (Fault, bool) {
	return f.firstWhere(func(of string) bool { return of == kind })
}

// firstWhere returns the first fault with a matching kind.
func (f *faults) firstWhere(matches func(kind string) bool) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fault := range f.pending {
		if !matches(fault.Kind) {
			continue
		}
		if fault.Skip > 0 {
			fault.Skip--
			continue
		}
		if fault.Times > 0 {
			if fault.Times--; fault.Times == 0 {
				f.pending = slices.Delete(f.pending, i, i+1)
			}
		}
		return *fault, true
	}
	return Fault{}, false
}

// wait waits for Delay. It returns false if the client or the server ended the wait.
func (f Fault) wait(request, server context.Context) bool {
	if f.Delay <= 0 {
		return true
	}
	timer := time.NewTimer(f.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-request.Done():
	case <-server.Done():
	}
	return false
}

// reply is the answer that replaces the right one.
func (f Fault) reply() reply {
	body := []byte(f.Body)
	if len(body) == 0 && f.Status >= http.StatusBadRequest {
		body = fmt.Appendf(nil, `{"title":%q}`, fmt.Sprintf("%d %s", f.Status, http.StatusText(f.Status)))
	}
	return reply{status: f.Status, body: body}.with("Content-Type", "application/json")
}

// decorate adds the fault's headers to an answer.
func (f Fault) decorate(out reply) reply {
	for name, values := range f.Header {
		out = out.with(name, "")
		out.header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	return out
}
