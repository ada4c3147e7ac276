package follow

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/dumpfile"
)

// All is the number of messages that stands for all of them.
const All = -1

// Tail prints the last messages of queues, and follows the queues.
type Tail struct {
	Client  *zaqar.Client
	Queues  []string
	Printer *Printer
	// Last is how many of the messages that are there are printed of each queue, or All.
	Last int
	// Follow continues with the messages that arrive, until ctx ends.
	Follow bool
	// Idle, unless 0, ends Follow when no message has come for this long.
	Idle time.Duration
	// Positions, unless nil, say where to continue, instead of Last. They are kept up to date.
	// They need Follow.
	Positions *Positions
}

// maxInterval is the longest wait between two polls of a queue. A person waits for the
// messages.
const maxInterval = 2 * time.Second

// errIdle ends a Tail in which no message has come for a while.
var errIdle = errors.New("no message has come")

// Run prints until everything is printed, ctx ends, or an error ends it. When ctx ends the
// error is its cause.
func (t *Tail) Run(ctx context.Context) error {
	config := zaqar.SubscriberConfig{MaxInterval: maxInterval}
	if t.Idle > 0 {
		// Otherwise a queue whose messages are pushed is not read in time.
		config.PushInterval = max(t.Idle, maxInterval)
	}
	if err := t.Positions.Try(); err != nil {
		return err
	}
	following := t.Client.Subscriber(config)
	known := map[string]bool{}
	if t.Follow {
		if err := t.subscribe(following); err != nil { //nolint:contextcheck // it does no I/O: Listen does, with its own context
			return err
		}
	}
	for _, queue := range t.Queues {
		if t.printed(queue) {
			continue
		}
		ids, err := t.last(ctx, queue)
		if err != nil {
			return err
		}
		for _, id := range ids {
			known[id] = true
		}
	}
	if !t.Follow {
		return nil
	}
	return t.follow(ctx, following, known)
}

// subscribe begins to follow. What is posted from now on is not missed.
func (t *Tail) subscribe(sub *zaqar.Subscriber) error {
	for _, queue := range t.Queues {
		start, saved := t.Positions.Of(queue)
		if !saved && t.Last != All {
			start = zaqar.FromNow()
		}
		if err := sub.SubscribeAt(queue, start); err != nil {
			return err
		}
	}
	return nil
}

// printed reports whether the subscriber prints what is in the queue already.
func (t *Tail) printed(queue string) bool {
	_, saved := t.Positions.Of(queue)
	return t.Follow && (saved || t.Last == All)
}

// remembered is how many of the last messages of a queue are recognised if the subscriber
// finds them too, which hands out what is up to three seconds older than the subscription.
const remembered = 10_000

// last prints the last messages of a queue. It returns the ids of the last messages that
// are there, printed or not.
func (t *Tail) last(ctx context.Context, name string) (ids []string, err error) {
	var held []*zaqar.Message // the last ones so far, oldest at the index next
	next := 0
	for m, err := range t.Client.Queue(name).Messages(ctx, dumpfile.Everything(t.Client.Conn().Version())...) {
		if err != nil {
			return nil, cause(ctx, err)
		}
		if ids = append(ids, m.ID()); len(ids) > 2*remembered {
			ids = append(ids[:0], ids[len(ids)-remembered:]...)
		}
		switch {
		case t.Last == All:
			if err := t.Printer.Print(m); err != nil {
				return nil, err
			}
		case len(held) < t.Last:
			held = append(held, m)
		case t.Last > 0:
			held[next] = m
			next = (next + 1) % t.Last
		}
	}
	for i := range held {
		if err := t.Printer.Print(held[(next+i)%len(held)]); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// follow prints what the subscriber hands out, except for messages that are known.
func (t *Tail) follow(ctx context.Context, sub *zaqar.Subscriber, known map[string]bool) error {
	listening, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if t.Positions != nil {
		// Also if no message comes now, the next run must not miss what comes until then.
		for _, queue := range t.Queues {
			t.Positions.Set(queue, sub.Position(queue))
		}
		var saving sync.WaitGroup
		saving.Go(func() { t.Positions.keepSaving(listening, stop) })
		defer saving.Wait()
		defer stop(nil)
	}
	idle := newIdleTimer(t.Idle, len(t.Queues), sub, func() { stop(errIdle) })
	defer idle.stop()
	for m, err := range sub.Listen(listening) {
		if err != nil && errors.Is(context.Cause(listening), errIdle) {
			return t.Positions.Save()
		}
		if err != nil {
			return t.saved(cause(listening, err))
		}
		if !known[m.ID()] {
			if err := t.Printer.Print(m); err != nil {
				return t.saved(err)
			}
			idle.reset()
		}
		if t.Positions != nil {
			t.Positions.Set(m.Queue().Name(), sub.Position(m.Queue().Name()))
		}
	}
	return errors.New("the subscriber ended without an error")
}

// saved saves the positions because of err, and returns it with the error of that, once.
func (t *Tail) saved(err error) error {
	if failed := t.Positions.Save(); failed != nil && !errors.Is(err, failed) {
		return errors.Join(err, failed)
	}
	return err
}

// cause returns the cause of ctx if that has ended.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("reading: %w", err)
}
