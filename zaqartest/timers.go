package zaqartest

import (
	"slices"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// timers run functions at times of the server's clock, which moves by itself and
// with [Server.Advance].
type timers struct {
	clock *broker.Clock

	mu      sync.Mutex
	pending []*timer
	closed  bool
}

type timer struct {
	at    time.Time
	fn    func() // must not block
	timer *time.Timer
}

// schedule runs fn at a time, in a goroutine of its own or in that of Advance,
// unless cancel is called first. After close it runs nothing.
func (t *timers) schedule(at time.Time, fn func()) (cancel func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return func() {}
	}
	entry := &timer{at: at, fn: fn}
	t.pending = append(t.pending, entry)
	entry.timer = time.AfterFunc(at.Sub(t.clock.Now()), func() { t.fire(entry) })
	return func() { t.remove(entry) }
}

// remove removes a timer. It returns false if the timer was no longer pending.
func (t *timers) remove(entry *timer) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(t.pending, entry)
	if i < 0 {
		return false
	}
	entry.timer.Stop()
	t.pending = slices.Delete(t.pending, i, i+1)
	return true
}

// fire runs a timer's function, unless it has run or was cancelled.
func (t *timers) fire(entry *timer) {
	if t.remove(entry) {
		entry.fn()
	}
}

// clockAdvanced runs the timers that are due after the clock was moved, in the order
// of their times.
func (t *timers) clockAdvanced() {
	for _, entry := range t.adjust() {
		t.fire(entry)
	}
}

// adjust sets the timers to the moved clock. It returns those that are due, which
// stay pending, in the order of their times.
func (t *timers) adjust() []*timer {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock.Now()
	var due []*timer
	for _, entry := range t.pending {
		if entry.at.After(now) {
			entry.timer.Reset(entry.at.Sub(now))
		} else {
			due = append(due, entry)
		}
	}
	slices.SortStableFunc(due, func(x, y *timer) int { return x.at.Compare(y.at) })
	return due
}

// close cancels all timers.
func (t *timers) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for _, entry := range t.pending {
		entry.timer.Stop()
	}
	t.pending = nil
}
