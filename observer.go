package zaqar

import (
	"context"
	"net/http"
	"sync"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
)

// observer reports a client's events to the observe.Observer that Connect was given.
// Without one it does nothing.
type observer struct {
	to observe.Observer

	mu      sync.Mutex
	token   auth.Secret // the last token that was sent
	refused bool        // it was answered 401
	stop    func()      // ends the notices of the transport
}

// enabled reports whether anybody observes, so that events need not be made for nobody.
func (o *observer) enabled() bool { return o.to != nil }

func (o *observer) report(ctx context.Context, e observe.Event) {
	if o.enabled() {
		o.to.Observe(ctx, e)
	}
}

// requestStarts returns the context for a request: a tracing observer adds its span.
func (o *observer) requestStarts(ctx context.Context, r observe.Request) context.Context {
	if starter, ok := o.to.(observe.Starter); ok {
		return starter.Start(ctx, r)
	}
	return ctx
}

// tokenSent reports a renewal when a request carries another token than the one before.
func (o *observer) tokenSent(ctx context.Context, h http.Header, from auth.Authorizer) {
	token := h.Get(auth.HeaderToken)
	if !o.enabled() || token == "" {
		return
	}
	o.mu.Lock()
	known := o.token.Reveal()
	renewed := observe.TokenRenewed{Project: h.Get(auth.HeaderProject), Refused: o.refused}
	if known != token {
		o.token, o.refused = auth.NewSecret(token), false
	}
	o.mu.Unlock()
	if known == token || known == "" {
		return
	}
	if expirer, ok := from.(auth.Expirer); ok {
		renewed.Expires = expirer.Expires()
	}
	o.report(ctx, renewed)
}

// tokenRefused notes that the token of a request was answered 401.
func (o *observer) tokenRefused(h http.Header) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refused = o.refused || h.Get(auth.HeaderToken) == o.token.Reveal()
}

// follow reports what happens to a transport's connection: connected, disconnected,
// pushed.
func (o *observer) follow(t transport.Transport) {
	notifier, ok := t.(transport.Notifier)
	if !ok || !o.enabled() {
		return
	}
	o.stop = notifier.Notify(func(n transport.Notice) {
		switch n.Kind {
		case transport.Connected:
			o.report(context.Background(), observe.Connected{Session: n.Session, Attempts: n.Attempts})
		case transport.Disconnected:
			o.report(context.Background(), observe.Disconnected{Session: n.Session, Err: n.Err})
		case transport.Pushed:
			o.report(context.Background(), observe.Push{Session: n.Session, Queue: n.Queue, Size: len(n.Body)})
		}
	})
}

func (o *observer) close() {
	o.mu.Lock()
	stop := o.stop
	o.stop = nil
	o.mu.Unlock()
	if stop != nil {
		stop()
	}
}
