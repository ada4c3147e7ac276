package main

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// latencies are how long calls took. It is safe for concurrent use.
type latencies struct {
	mu   sync.Mutex
	took []time.Duration
}

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, d)
}

// report adds the percentiles to the report of this process.
func (l *latencies) report() {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.Sort(l.took)
	if n := len(l.took); n > 0 {
		reported.P50, reported.P99 = l.took[n/2].Seconds(), l.took[n*99/100].Seconds()
	}
}

// atOnce makes n calls, width of them at the same time, and reports how long they took. It
// returns n, or the first error.
func atOnce(n, width int, call func(i int) error) (int, error) {
	var (
		took   latencies
		next   atomic.Int64
		failed = make(chan error, width)
		wait   sync.WaitGroup
	)
	for range width {
		wait.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				start := time.Now()
				if err := call(int(i) - 1); err != nil {
					failed <- err
					return
				}
				took.add(time.Since(start))
			}
		})
	}
	wait.Wait()
	close(failed)
	if err := <-failed; err != nil {
		return 0, err
	}
	took.report()
	return n, nil
}
