package zaqar

import (
	"context"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
)

// pace is the time between two looks into a queue: short after one that found
// something, and doubled by each that did not, up to a bound. While a bell announces
// messages the wait is long, and looks follow each ring.
type pace struct {
	least, most, announced time.Duration

	wait   time.Duration
	echoes []time.Duration // the waits of looks that follow a ring
}

// echoes are when to look again after a ring: servers push before they store.
var echoes = []time.Duration{250 * time.Millisecond, 2 * time.Second}

// rung is told of each ring.
func (p *pace) rung() { p.echoes = echoes }

// found is told of each look that found something: one more is enough then.
func (p *pace) found() {
	p.wait = 0
	p.echoes = p.echoes[:min(1, len(p.echoes))]
}

// next returns how long to wait. Up to a quarter is left out at random, so that
// many who began together do not ask together for ever.
func (p *pace) next(bell bool) time.Duration {
	if len(p.echoes) > 0 {
		wait := p.echoes[0]
		p.echoes = p.echoes[1:]
		return wait
	}
	if bell {
		p.wait = 0
		return backoff.Jittered(p.announced)
	}
	return p.slower()
}

// slower is next without a bell, or after a failure.
func (p *pace) slower() time.Duration {
	p.echoes = nil
	p.wait = min(max(p.least, 2*p.wait), p.most)
	return backoff.Jittered(p.wait)
}

// pause waits for a time or a ring, and tells which it was; ctx may have ended.
func pause(ctx context.Context, d time.Duration, bell <-chan struct{}) (rung bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-bell:
		return true
	case <-ctx.Done():
	}
	return false
}
