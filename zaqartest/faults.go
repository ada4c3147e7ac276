package zaqartest

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fault is something that goes wrong on purpose. Inject it with
// [Server.Inject]. A Fault that sets neither Status nor Cut lets the request be
// served as usual, after Delay.
type Fault struct {
	// Kind is the operation that it befalls, such as "message_post"; "" means
	// any request. The package comment lists the kinds. A message that is pushed
	// through a WebSocket has the kind "push": with Cut it is lost, and with Delay
	// it comes later, while others overtake it; the rest means nothing to it.
	Kind string
	// Times is how many requests it befalls. 0 means 1; below 0, every one until
	// [Server.ClearFaults].
	Times int
	// Skip is how many requests of the kind pass before the first.
	Skip int
	// Delay is waited first. It ends early when the client goes away or the
	// server closes: then nothing is done and the connection is cut.
	Delay time.Duration
	// Status, unless 0, is answered in place of what the server would answer,
	// with Body. The Content-Type is application/json where Header has none. On
	// a WebSocket, a Body that is not JSON is told as a string.
	Status int
	Body   string
	// Header is added to the answer.
	Header http.Header
	// Cut closes the connection instead of answering, a WebSocket without a
	// closing frame.
	Cut bool
	// After lets the server act on the request, before its answer is replaced
	// or the connection cut. Otherwise it does not act.
	After bool
}

// Inject adds a fault. Of several that could befall a request, the one injected
// first does. Injected faults come before all checks, also that of the token.
func (s *Server) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	f.Header = f.Header.Clone()
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.pending = append(s.faults.pending, &f)
}

// ClearFaults takes back all faults that have not happened yet.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.pending = nil
}

type faults struct {
	mu      sync.Mutex
	pending []*Fault
}

// take returns the fault that befalls a request.
func (f *faults) match(kind string) (Fault, bool) {
	return f.firstWhere(func(of string) bool { return of == "" || of == kind })
}

// takeNamed returns the fault that befalls something that is no request: one for
// any request does not.
func (f *faults) matchKind(kind string) (Fault, bool) {
	return f.firstWhere(func(of string) bool { return of == kind })
}

// first returns the first fault whose kind befits.
func (f *faults) firstWhere(befits func(kind string) bool) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fault := range f.pending {
		if !befits(fault.Kind) {
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

// wait waits for Delay, and tells whether it did to the end.
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

// reply is the answer that the fault puts in place of the right one.
func (f Fault) reply() reply {
	return reply{status: f.Status, body: []byte(f.Body)}.with("Content-Type", "application/json")
}

// decorate adds the fault's headers.
func (f Fault) decorate(out reply) reply {
	for name, values := range f.Header {
		out = out.with(name, "")
		out.header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	return out
}
