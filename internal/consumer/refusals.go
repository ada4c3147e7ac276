package consumer

import "time"

// refusals tells a refusal that lasts from one that passes. A service that is being
// restarted, or whose credentials are being renewed, refuses for a moment what it accepts
// later. So time decides, and not a count: many requests that are in flight together may
// all get the same refusal.
type refusals struct {
	rounds      int
	first, last time.Time
}

// minRounds is how many rounds of refusals are needed in any case.
const minRounds = 3

// add notes the refusal of a request. Requests that were sent before the last refusal
// arrived belong to one round with it.
func (r *refusals) add(sent, now time.Time) {
	switch {
	case r.rounds == 0:
		r.rounds, r.first = 1, now
	case !sent.Before(r.last):
		r.rounds++
	default:
		return
	}
	r.last = now
}

// forget starts again: the service did something else than refuse.
func (r *refusals) forget() { *r = refusals{} }

// final reports whether the refusals have lasted. If after is negative, they never have.
func (r *refusals) final(after time.Duration) bool {
	return after >= 0 && r.rounds >= minRounds && r.last.Sub(r.first) >= after
}
