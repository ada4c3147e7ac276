package transport

import (
	"context"
	"errors"
)

// Fallback returns a transport that uses first for what it can do, and second for
// the rest: requests that first has no words for ([ErrNoAction]), that second says
// more about ([Request.Lesser]), and those that first did not send because it is not
// connected ([ErrNotConnected]; see the option FailFast of the WebSocket). It is told
// what first tells, if first is a [Notifier].
//
// Close closes both.
func Fallback(first, second Transport) Transport { return &fallback{first: first, second: second} }

type fallback struct{ first, second Transport }

// Do implements [Transport].
func (f *fallback) Do(ctx context.Context, req *Request) (*Response, error) {
	if req.Lesser {
		return f.second.Do(ctx, req)
	}
	reply, err := f.first.Do(ctx, req)
	switch {
	case errors.Is(err, ErrNoAction):
	case errors.Is(err, ErrNotConnected) && !ownConnection(req):
	default:
		return reply, err
	}
	return f.second.Do(ctx, req)
}

// ownConnection reports whether a request is about the connection that carries it: a
// subscription without a subscriber.
func ownConnection(req *Request) bool {
	return req.Action == "subscription_create" && req.Params["subscriber"] == nil
}

// Notify implements [Notifier].
func (f *fallback) Notify(fn func(Notice)) (stop func()) {
	if notifier, ok := f.first.(Notifier); ok {
		return notifier.Notify(fn)
	}
	return func() {}
}

// Close implements [Transport].
func (f *fallback) Close() error { return errors.Join(f.first.Close(), f.second.Close()) }
