package zaqar

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
)

const (
	// bellTTL is how long the server keeps a subscription of the connection that is
	// not renewed: short, because one whose connection is dead holds up a thread of
	// the server with each message.
	bellTTL = 2 * time.Minute
	// bellRenewal is when it is renewed, or up to a quarter before.
	bellRenewal = bellTTL * 5 / 6
	// bellRetry is the longest wait after a subscription that failed, and that after
	// one that was refused.
	bellRetry   = 30 * time.Second
	bellRefused = 10 * time.Minute
	// bellGoodbye limits the deletion of a subscription that is not needed any more.
	bellGoodbye = 5 * time.Second
)

// bell keeps the server's subscription of this connection to a queue, for as long as
// somebody reads the queue.
type bell struct {
	doorbells *doorbells
	queue     *Queue
	cancel    context.CancelFunc
	done      <-chan struct{}

	readers map[*reader]bool // guarded by doorbells.mu, as live is
	live    bool

	// Of its goroutine alone:
	id      string // of the subscription, "" when it is not known
	made    uint64 // the connection that it belongs to
	renews  bool   // whether the transport can renew it
	retries backoff.Backoff
}

// newBell begins when the one before it for the same queue has left.
func newBell(d *doorbells, q *Queue, before <-chan struct{}) *bell {
	done := make(chan struct{})
	b := &bell{
		doorbells: d, queue: q, done: done, readers: map[*reader]bool{}, renews: true,
		retries: backoff.Backoff{First: time.Second, Most: bellRetry},
	}
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel = cancel
	go func() {
		defer close(done)
		if before != nil {
			<-before
		}
		b.keep(ctx)
		b.leave(ctx)
		d.left(b)
	}()
	return b
}

// keep subscribes with each connection, and again before the subscription ends.
func (b *bell) keep(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		session, changed := b.doorbells.connection()
		if session == 0 {
			b.doorbells.set(b, false)
			await(ctx, changed, 0)
			continue
		}
		err := b.subscribe(ctx, session)
		wait := backoff.Jittered(bellRenewal)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			failures = 0
			b.doorbells.set(b, true)
			if b.id == "" {
				wait = bellRetry // an earlier one, which may end sooner
			}
		case hopeless(err):
			b.doorbells.set(b, false)
			b.tell(ctx, err)
			wait = bellRefused
		default:
			if failures++; failures == 1 {
				b.tell(ctx, err)
			}
			b.doorbells.set(b, false)
			wait = b.retries.Delay(failures)
		}
		await(ctx, changed, wait)
	}
}

// subscribe makes or renews the subscription of a connection, and deletes the one of a
// connection that is gone.
func (b *bell) subscribe(ctx context.Context, session uint64) error {
	if b.id != "" && b.made == session {
		if err := b.renew(ctx); err == nil || !errors.Is(err, ErrNotFound) {
			return err
		}
		b.id = ""
	}
	old := b.id
	id, err := b.create(ctx)
	if err != nil {
		return err
	}
	b.id, b.made = id, session
	if old != "" && old != id {
		_ = b.remove(ctx, old) // its time is short
	}
	return nil
}

// create subscribes the connection. A conflict means that it is subscribed: the answer
// to an earlier attempt was lost.
func (b *bell) create(ctx context.Context) (id string, err error) {
	ctx, cancel := b.limited(ctx)
	defer cancel()
	r, err := b.queue.call(ctx, wire.SubscriptionCreate, wire.Params{"ttl": wire.ToSeconds(bellTTL)})
	if e, ok := errors.AsType[*Error](err); ok && e.Code == http.StatusConflict {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return decode(r, wire.DecodeSubscribed)
}

// renew makes the subscription last. The WebSocket has no action for that: there it is
// made anew.
func (b *bell) renew(ctx context.Context) error {
	limited, cancel := b.limited(ctx)
	defer cancel()
	if b.renews {
		_, err := b.queue.call(limited, wire.SubscriptionUpdate, wire.Params{
			"subscription_id": b.id, "ttl": wire.ToSeconds(bellTTL),
		})
		if !errors.Is(err, ErrUnsupported) {
			return err
		}
		b.renews = false
	}
	if err := b.remove(ctx, b.id); err != nil {
		return err
	}
	id, err := b.create(ctx)
	b.id = id
	if err == nil {
		b.ring()
	}
	return err
}

// ring makes the readers look: nothing was pushed for a moment.
func (b *bell) ring() {
	b.doorbells.mu.Lock()
	defer b.doorbells.mu.Unlock()
	for r := range b.readers {
		r.rings(false)
	}
}

func (b *bell) remove(ctx context.Context, id string) error {
	ctx, cancel := b.limited(ctx)
	defer cancel()
	_, err := b.queue.call(ctx, wire.SubscriptionDelete, wire.Params{"subscription_id": id})
	return err
}

// leave deletes the subscription when nobody reads any more. Without a connection it
// ends by itself, soon.
func (b *bell) leave(ctx context.Context) {
	if session, _ := b.doorbells.connection(); b.id == "" || session == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bellGoodbye)
	defer cancel()
	_ = b.remove(ctx, b.id)
}

// limited gives a call the client's time limit.
func (b *bell) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if limit := b.queue.conn.timeout; limit > 0 {
		return context.WithTimeout(ctx, limit)
	}
	return context.WithCancel(ctx)
}

func (b *bell) tell(ctx context.Context, err error) {
	b.queue.conn.observer.report(ctx, observe.PushUnavailable{Queue: b.queue.name, Err: err})
}

// await waits for a change or the end of ctx, and no longer than wait, if that is not 0.
func await(ctx context.Context, changed <-chan struct{}, wait time.Duration) {
	var over <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-changed:
	case <-over:
	case <-ctx.Done():
	}
}
