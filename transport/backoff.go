package transport

import (
	"math/rand/v2"
	"time"
)

const (
	firstPause = 500 * time.Millisecond
	maxPause   = 30 * time.Second
	// settled is how long a connection must have lasted to be no failure.
	settled = 10 * time.Second
)

// pause is how long to wait before the next connection: anything between nothing and
// a bound that doubles with each failure, so that the clients of a server that was
// restarted do not come back all at once.
func pause(failures int) time.Duration {
	return rand.N(min(firstPause<<min(failures, 10), maxPause))
}
