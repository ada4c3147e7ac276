package clienttest

import (
	"context"
	"sync"

	"github.com/zaqar-go/zaqar/observe"
)

// Witness is an observer that keeps every event.
type Witness struct {
	mu     sync.Mutex
	events []observe.Event
}

// Observe keeps the event.
func (w *Witness) Observe(_ context.Context, e observe.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

// Events returns all events, oldest first.
func (w *Witness) Events() []observe.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]observe.Event(nil), w.events...)
}

// Saw returns the events of one type, oldest first.
func Saw[E observe.Event](w *Witness) []E {
	var events []E
	for _, e := range w.Events() {
		if e, ok := e.(E); ok {
			events = append(events, e)
		}
	}
	return events
}
