package zaqartest

import (
	"slices"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// alarms do things at times of the server's clock, whether these come by
// themselves or by [Server.Advance].
type alarms struct {
	clock *broker.Clock

	mu      sync.Mutex
	pending []*alarm
	closed  bool
}

type alarm struct {
	at    time.Time
	do    func() // must not block
	timer *time.Timer
}

// set has something done at a time, in a goroutine of its own or in that of
// Advance, unless cancel is called before. After close nothing is done.
func (a *alarms) set(at time.Time, do func()) (cancel func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return func() {}
	}
	entry := &alarm{at: at, do: do}
	a.pending = append(a.pending, entry)
	entry.timer = time.AfterFunc(at.Sub(a.clock.Now()), func() { a.ring(entry) })
	return func() { a.remove(entry) }
}

// remove takes an alarm out, and tells whether it was still in.
func (a *alarms) remove(entry *alarm) bool {
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
func (a *alarms) ring(entry *alarm) {
	if a.remove(entry) {
		entry.do()
	}
}

// advanced is called when the clock has been moved.
func (a *alarms) advanced() {
	a.mu.Lock()
	now := a.clock.Now()
	var due []*alarm
	for _, entry := range a.pending {
		if entry.at.After(now) {
			entry.timer.Reset(entry.at.Sub(now))
		} else {
			due = append(due, entry)
		}
	}
	a.mu.Unlock()
	slices.SortStableFunc(due, func(x, y *alarm) int { return x.at.Compare(y.at) })
	for _, entry := range due {
		a.ring(entry)
	}
}

// close forgets all alarms.
func (a *alarms) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	for _, entry := range a.pending {
		entry.timer.Stop()
	}
	a.pending = nil
}
