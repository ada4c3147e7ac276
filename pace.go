package zaqar

import (
	"context"
	"math/rand/v2"
	"time"
)

// pace is the time between two looks into a queue: short after one that found
// something, and doubled by each that did not, up to a bound.
type pace struct {
	least, most time.Duration
	wait        time.Duration
}

func (p *pace) quick() { p.wait = 0 }

// next returns how long to wait. Up to a quarter is left out at random, so that
// many who began together do not ask together for ever.
func (p *pace) next() time.Duration {
	p.wait = min(max(p.least, 2*p.wait), p.most)
	return p.wait - rand.N(p.wait/4+1)
}

// pause waits for a time or a ring, and reports false when ctx has ended.
func pause(ctx context.Context, d time.Duration, bell <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-bell:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}
