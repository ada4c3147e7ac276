package transport

import (
	"context"
	"errors"
)

// Fallback returns a transport that sends requests with first where it can, and with
// second otherwise: requests that first cannot express ([ErrNoAction]), requests to
// which first's answer holds less ([Request.Lesser]), and requests that first did not
// send because it is not connected ([ErrNotConnected]; see FailFast of
// [WebSocketOptions]).
//
// If first is a [Notifier], the result passes on its notices. Close closes both.
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

// ownConnection reports whether a request is about the connection that carries it, as
// a subscription without a subscriber is. second cannot send that.
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
