// Package observe reports what a client does inside its calls: requests, retries,
// renewed tokens, connections, and the work of consumers, publishers and subscribers.
//
// The interface is one method, [Observer]. An [Event] is a struct of one of this
// package's types; select those you need with a type switch. [Log] writes events to a
// slog.Logger. No event contains a token, a password, a signature or a message's body.
//
// Later versions may add event types and fields: ignore those that you do not know.
package observe

import (
	"context"
	"log/slog"
)

// Observer receives events. It must be safe for concurrent use: many goroutines call it
// at once.
type Observer interface {
	// Observe is called synchronously for each event, so it delays the work and should
	// return soon.
	Observe(ctx context.Context, e Event)
}

// Starter is an optional interface of an [Observer]. Use it to start a tracing span.
type Starter interface {
	// Start is called before a request is sent. r has the fields that are known by
	// then. The returned context is passed to the transport, and to Observe with the
	// [Request] event once the request has ended.
	Start(ctx context.Context, r Request) context.Context
}

// Event is one of the event types of this package.
type Event interface {
	// Name returns the event's name, such as "request". It never changes.
	Name() string
	// Level returns the level at which [Log] logs the event.
	Level() slog.Level
	// Attrs returns the fields that are set.
	Attrs() []slog.Attr
}

// Func turns a function into an Observer.
type Func func(ctx context.Context, e Event)

// Observe calls f.
func (f Func) Observe(ctx context.Context, e Event) { f(ctx, e) }

// Log returns an Observer that logs each event: the message is "zaqar: " and the event's
// name, the attributes are its fields. Normal work is logged at level Debug, what an
// operator should know at Info, what needs attention at Warn, and a handler's panic at
// Error.
func Log(logger *slog.Logger) Observer {
	return Func(func(ctx context.Context, e Event) {
		if logger.Enabled(ctx, e.Level()) {
			logger.LogAttrs(ctx, e.Level(), "zaqar: "+e.Name(), e.Attrs()...)
		}
	})
}

// All combines observers into one, which calls them in order. It skips nil observers,
// and returns nil if none is left.
func All(observers ...Observer) Observer {
	var all several
	for _, o := range observers {
		if o != nil {
			all = append(all, o)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return all
}

type several []Observer

func (s several) Observe(ctx context.Context, e Event) {
	for _, o := range s {
		o.Observe(ctx, e)
	}
}

func (s several) Start(ctx context.Context, r Request) context.Context {
	for _, o := range s {
		if starter, ok := o.(Starter); ok {
			ctx = starter.Start(ctx, r) //nolint:fatcontext // each adds its own span
		}
	}
	return ctx
}

// attrs returns the attributes that are set.
func attrs(all ...slog.Attr) []slog.Attr {
	set := all[:0]
	for _, a := range all {
		if v := a.Value; v.Kind() == slog.KindAny && v.Any() == nil || v.Equal(slog.StringValue("")) ||
			v.Equal(slog.Int64Value(0)) || v.Equal(slog.BoolValue(false)) || v.Equal(slog.DurationValue(0)) {
			continue
		}
		set = append(set, a)
	}
	return set
}

// failure returns the attribute of an error. It is unset if there is none.
func failure(err error) slog.Attr {
	if err == nil {
		return slog.Attr{Key: "error"}
	}
	return slog.String("error", err.Error())
}
