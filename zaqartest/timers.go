package zaqartest

import (
	"slices"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// alarms do things at times of the server's clock, whether these come by
// themselves or by [Server.Advance].
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

// set has something done at a time, in a goroutine of its own or in that of
// Advance, unless cancel is called before. After close nothing is done.
func (a *timers) schedule(at time.Time, do func()) (cancel func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return func() {}
	}
	entry := &timer{at: at, fn: do}
	a.pending = append(a.pending, entry)
	entry.timer = time.AfterFunc(at.Sub(a.clock.Now()), func() { a.fire(entry) })
	return func() { a.remove(entry) }
}

// remove takes an alarm out, and tells whether it was still in.
func (a *timers) remove(entry *timer) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.Index(a.pending, entry)
	if i < 0 {
		return false
	}
	entry.timer.Stop()
	a.pending = slices.Delete(a.pending, i, i+1)
	return true
}

// ring does what an alarm is for, unless that was done.
func (a *timers) fire(entry *timer) {
	if a.remove(entry) {
		entry.fn()
	}
}

// advanced is called when the clock has been moved.
func (a *timers) clockAdvanced() {
	a.mu.Lock()
	now := a.clock.Now()
	var due []*timer
	for _, entry := range a.pending {
		if entry.at.After(now) {
			entry.timer.Reset(entry.at.Sub(now))
		} else {
			due = append(due, entry)
		}
	}
	a.mu.Unlock()
	slices.SortStableFunc(due, func(x, y *timer) int { return x.at.Compare(y.at) })
	for _, entry := range due {
		a.fire(entry)
	}
}

// close forgets all alarms.
func (a *timers) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	for _, entry := range a.pending {
		entry.timer.Stop()
	}
	a.pending = nil
}
