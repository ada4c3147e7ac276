package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// sending is the evidence of whether a request was sent.
type sending struct {
	// traced is true if net/http itself sends the request, and so tells what it writes. A
	// RoundTripper of somebody else may send with a context of its own, which has no
	// trace, and may have sent before it failed to connect.
	traced bool
	hooks  httptrace.ClientTrace
	wrote  atomic.Bool // a header was written
	body   atomic.Int32
}

// The states of a body.
const (
	unread int32 = iota
	taken        // somebody has begun to read it
	sealed       // nobody has, and nobody can any more
)

// errSealed is for a RoundTripper that reads the body of a request that it has failed.
var errSealed = errors.New("transport: the request was given up")

// trace returns a context with which net/http tells what it writes.
func (s *sending) trace(ctx context.Context) context.Context {
	// Once the first header is written, the server may get the whole request: it may sit in
	// a buffer that is flushed later.
	s.hooks.WroteHeaderField = func(string, []string) { s.wrote.Store(true) }
	return httptrace.WithClientTrace(ctx, &s.hooks)
}

// attach gives the request its body, and so its Content-Length.
func (s *sending) attach(hr *http.Request, body []byte) {
	hr.ContentLength = int64(len(body))
	hr.GetBody = func() (io.ReadCloser, error) {
		switch {
		case len(body) == 0:
			return http.NoBody, nil
		case s.traced:
			// net/http sends the headers and a body of this type together.
			return io.NopCloser(bytes.NewReader(body)), nil
		}
		return &watched{bytes.NewReader(body), &s.body}, nil
	}
	hr.Body, _ = hr.GetBody()
}

// never reports whether it is proven that nothing was sent and that nothing will be. It
// is called after the request has failed.
func (s *sending) never(req *Request) bool {
	if s.traced || s.wrote.Load() {
		return !s.wrote.Load()
	}
	// Without its body the server cannot have the whole request.
	return len(req.Body) > 0 && s.body.CompareAndSwap(unread, sealed)
}

// watched is a body that notes that it is read.
type watched struct {
	content *bytes.Reader
	state   *atomic.Int32
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	if !w.state.CompareAndSwap(unread, taken) && w.state.Load() == sealed {
		return 0, errSealed
	}
	return w.content.Read(p)
}

// Close implements io.Closer.
func (w *watched) Close() error { return nil }
