package zaqar

import (
	"context"
	"net/http"
	"sync"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
)

// watch tells a client's observer what happens. Without an observer it does nothing.
type watch struct {
	observer observe.Observer

	mu      sync.Mutex
	current auth.Secret // the token seen last
	refused bool        // and whether it was refused
	stop    func()      // ends the notices of the transport
}

// tell reports one event.
func (w *watch) tell(ctx context.Context, e observe.Event) {
	if w.observer != nil {
		w.observer.Observe(ctx, e)
	}
}

func (w *watch) retries(ctx context.Context, e observe.Retry) { w.tell(ctx, e) }

func (w *watch) starts(ctx context.Context, r observe.Request) context.Context {
	if starter, ok := w.observer.(observe.Starter); ok {
		return starter.Start(ctx, r)
	}
	return ctx
}

// token sees which token a request takes, and reports one that is new.
func (w *watch) token(ctx context.Context, h http.Header, from auth.Authorizer) {
	token := h.Get(auth.HeaderToken)
	if w.observer == nil || token == "" {
		return
	}
	w.mu.Lock()
	known := w.current.Reveal()
	renewed := observe.TokenRenewed{Project: h.Get(auth.HeaderProject), Refused: w.refused}
	if known != token {
		w.current, w.refused = auth.NewSecret(token), false
	}
	w.mu.Unlock()
	if known == token || known == "" {
		return
	}
	if expirer, ok := from.(auth.Expirer); ok {
		renewed.Expires = expirer.Expires()
	}
	w.tell(ctx, renewed)
}

// refuses notes that a token was answered 401.
func (w *watch) refuses(h http.Header) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused = w.refused || h.Get(auth.HeaderToken) == w.current.Reveal()
}

// follow reports what a transport tells unasked.
func (w *watch) follow(t transport.Transport) {
	notifier, ok := t.(transport.Notifier)
	if !ok || w.observer == nil {
		return
	}
	w.stop = notifier.Notify(func(n transport.Notice) {
		switch n.Kind {
		case transport.Connected:
			w.tell(context.Background(), observe.Connected{Session: n.Session, Attempts: n.Attempts})
		case transport.Disconnected:
			w.tell(context.Background(), observe.Disconnected{Session: n.Session, Err: n.Err})
		case transport.Pushed:
			w.tell(context.Background(), observe.Push{Session: n.Session, Queue: n.Queue, Size: len(n.Body)})
		}
	})
}

func (w *watch) close() {
	w.mu.Lock()
	stop := w.stop
	w.stop = nil
	w.mu.Unlock()
	if stop != nil {
		stop()
	}
}
