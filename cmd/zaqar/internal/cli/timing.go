package cli

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/observe"
)

// observed returns the options that --debug and --timing need, and commands that wait for
// messages.
func (g *globalOptions) observed(streams *Streams) []zaqar.ConnectOption {
	var observers []observe.Observer
	if g.debug {
		observers = append(observers, events{to: streams.Err})
	}
	if g.timing {
		g.times = &timings{started: time.Now()}
		observers = append(observers, g.times)
	}
	if g.waits {
		observers = append(observers, &outages{to: streams.Err, queues: map[string]*outage{}})
	}
	if len(observers) == 0 {
		return nil
	}
	return []zaqar.ConnectOption{zaqar.WithObserver(observe.All(observers...))}
}

// events prints what is not a request: retries, renewed tokens, connections. Requests over
// HTTP are printed by [tracer].
type events struct{ to *Output }

// Observe implements [observe.Observer].
func (e events) Observe(_ context.Context, event observe.Event) {
	var b strings.Builder
	fmt.Fprintf(&b, "* %s", event.Name())
	for _, attr := range event.Attrs() {
		fmt.Fprintf(&b, " %s", attr)
	}
	fmt.Fprintln(e.to, b.String())
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
		line := fmt.Sprintf("%8.3f s  %s %s", r.Took.Seconds(), r.Op, r.Queue)
		fmt.Fprintf(w, "%s (%d)\n", strings.TrimRight(line, " "), r.Status)
	}
	fmt.Fprintf(w, "%8.3f s  in all, with sign-in\n", time.Since(t.started).Seconds())
}
