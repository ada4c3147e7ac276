// Package observe tells what happens beneath the calls of a client: requests,
// retries, renewals of tokens, the fate of connections, and what the loops of
// publishers and consumers do.
//
// The seam is one method, [Observer]. An [Event] is a plain struct of one of this
// package's types; a type switch takes those of interest. [Log] writes events to a
// slog.Logger. No event holds a token, a password, a signature or a message's body.
//
// New types of events and new fields come with later versions: ignore what you do
// not know.
package observe

import (
	"context"
	"log/slog"
)

// Observer is told of events. It is called by many goroutines at once, and in the
// middle of the work: it should return soon.
type Observer interface {
	Observe(ctx context.Context, e Event)
}

// Starter is an optional companion of [Observer]: who traces opens a span here.
type Starter interface {
	// Start is called before a request is sent, with what is known of it by then.
	// The context that it returns goes down to the transport, and to Observe with
	// the [Request] when that has ended.
	Start(ctx context.Context, r Request) context.Context
}

// Event is one of the event types of this package.
type Event interface {
	// Name says what happened, in a few words that never change: "request".
	Name() string
	// Level is how loud [Log] tells it.
	Level() slog.Level
	// Attrs are the event's fields that are set.
	Attrs() []slog.Attr
}

// Func makes an Observer of a function.
type Func func(ctx context.Context, e Event)

// Observe calls f.
func (f Func) Observe(ctx context.Context, e Event) { f(ctx, e) }

// Log makes an Observer that writes each event to a logger, as a message of its
// name with its fields. What goes well is at the level Debug, what a person who
// operates the program should see at Info, and what needs a look at Warn.
func Log(logger *slog.Logger) Observer {
	return Func(func(ctx context.Context, e Event) {
		if logger.Enabled(ctx, e.Level()) {
			logger.LogAttrs(ctx, e.Level(), "zaqar: "+e.Name(), e.Attrs()...)
		}
	})
}

// All makes one Observer of several, which are told in their order; those that are
// nil are left out, and without any it is nil.
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

// attrs leaves out what is not set.
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

// failure is the attribute of an error, unset when there is none.
func failure(err error) slog.Attr {
	if err == nil {
		return slog.Attr{Key: "error"}
	}
	return slog.String("error", err.Error())
}
