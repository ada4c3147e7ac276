package zaqar

import (
	"math/rand/v2"
	"time"
)

// backoff spaces attempts: the longest wait doubles from first to most, and the
// wait itself is anything up to that (full jitter), so that many who failed
// together do not come back together. The zero value never waits.
type backoff struct {
	first, most time.Duration
}

// delay returns how long to wait after so many failed attempts, 1 at least.
func (b backoff) delay(attempt int) time.Duration {
	if longest := b.longest(attempt); longest > 0 {
		return 1 + rand.N(longest)
	}
	return 0
}

// longest is the bound of delay.
func (b backoff) longest(attempt int) time.Duration {
	longest := min(b.first, b.most)
	if longest <= 0 {
		return 0
	}
	for range attempt - 1 {
		if longest > b.most/2 { // doubled it would be above most, or overflow
			return b.most
		}
		longest *= 2
	}
	return longest
}
