package cli

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/observe"
)

// observed returns the options that --debug and --timing need.
func (g *globalOptions) observed(streams *Streams) []zaqar.ConnectOption {
	var observers []observe.Observer
	if g.debug {
		handler := slog.NewTextHandler(streams.Err, &slog.HandlerOptions{Level: slog.LevelDebug})
		observers = append(observers, observe.Log(slog.New(handler)))
	}
	if g.timing {
		g.times = &timings{started: time.Now()}
		observers = append(observers, g.times)
	}
	if len(observers) == 0 {
		return nil
	}
	return []zaqar.ConnectOption{zaqar.WithObserver(observe.All(observers...))}
}

// finish prints what is printed at the end of a command.
func (g *globalOptions) finish(streams *Streams) {
	if g.times != nil {
		g.times.print(streams.Err)
	}
}

// timings records how long requests took.
type timings struct {
	started time.Time

	mu       sync.Mutex
	requests []observe.Request
}

// Observe implements [observe.Observer].
func (t *timings) Observe(_ context.Context, e observe.Event) {
	if r, ok := e.(observe.Request); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.requests = append(t.requests, r)
	}
}

func (t *timings) print(w *Output) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.requests {
		fmt.Fprintf(w, "%8.3f s  %s %s (%d)\n", r.Took.Seconds(), r.Op, r.Queue, r.Status)
	}
	fmt.Fprintf(w, "%8.3f s  in all, with sign-in\n", time.Since(t.started).Seconds())
}
