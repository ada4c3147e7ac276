package zaqar

import (
	"sync"
	"time"
)

const (
	// retryCost is what a retry takes out of the budget. A call that succeeds puts 1 back,
	// and so does each second.
	retryCost = 10
	refill    = time.Second
)

// budget is the token bucket of a client's retries. While everything fails, it runs dry,
// and requests are no longer repeated.
type budget struct {
	mu   sync.Mutex
	most float64 // in units of which a retry costs retryCost
	left float64
	at   time.Time // when left was computed; zero at first
}

func newBudget(retries int) budget {
	full := float64(retries) * retryCost
	return budget{most: full, left: full}
}

// take takes a retry out of the budget. It returns false if none is left.
func (b *budget) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.growLocked()
	if b.left < retryCost {
		return false
	}
	b.left -= retryCost
	return true
}

// empty reports whether no retry is left.
func (b *budget) empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.growLocked()
	return b.left < retryCost
}

// succeeded notes a call that succeeded.
func (b *budget) succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = min(b.left+1, b.most)
}

func (b *budget) growLocked() {
	now := time.Now()
	if !b.at.IsZero() {
		b.left = min(b.left+float64(now.Sub(b.at))/float64(refill), b.most)
	}
	b.at = now
}
