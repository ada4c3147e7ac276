// Package backoff spaces repeated attempts, so that many clients that failed together
// do not come back together.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff is exponential back-off with full jitter: an upper bound that doubles from
// First to Most, and a wait that is anywhere between zero and the bound. The zero value
// never waits.
type Backoff struct {
	First, Most time.Duration
}

// Delay returns how long to wait after this many failed attempts (at least 1).
func (b Backoff) Delay(attempt int) time.Duration {
	if longest := b.Longest(attempt); longest > 0 {
		return 1 + rand.N(longest)
	}
	return 0
}

// Longest returns the upper bound of Delay.
func (b Backoff) Longest(attempt int) time.Duration {
	longest := min(b.First, b.Most)
	if longest <= 0 {
		return 0
	}
	for range attempt - 1 {
		if longest > b.Most/2 { // doubling would exceed Most, or overflow
			return b.Most
		}
		longest *= 2
	}
	return longest
}

// Jittered shortens a regular interval by up to a quarter, so that clients that started
// together do not stay in step.
func Jittered(interval time.Duration) time.Duration { return interval - rand.N(interval/4+1) }

// Wait waits for d. It returns false if ctx ends before.
func Wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
