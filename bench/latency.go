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
	var next atomic.Int64
	err := whileMore(width, func() (int, bool) {
		i := int(next.Add(1))
		return i - 1, i <= n
	}, call)
	if err != nil {
		return 0, err
	}
	return n, nil
}

// whileMore makes calls, width of them at the same time, as long as there are more. It
// reports how long they took, and returns the first error.
func whileMore(width int, more func() (i int, ok bool), call func(i int) error) error {
	var (
		took   latencies
		failed = make(chan error, width)
		wait   sync.WaitGroup
	)
	for range width {
		wait.Go(func() {
			for i, ok := more(); ok; i, ok = more() {
				start := time.Now()
				if err := call(i); err != nil {
					failed <- err
					return
				}
				took.add(time.Since(start))
			}
		})
	}
	wait.Wait()
	close(failed)
	took.report()
	return <-failed
}
