package publisher

import "time"

// inFlight says how many batches may be in flight, and finds the best number. It climbs:
// it measures how many messages a second are stored, tries another number, and goes back
// unless that was better. At first it tries twice as many, later it tries one more or one
// less now and then. After a failure it halves the number. It measures only while more
// batches are ready than may be in flight: otherwise the number decides nothing.
type inFlight struct {
	limit int
	most  int

	// The measurement under way:
	settling int // answers that still belong to the former limit
	begun    time.Time
	batches  int
	messages int

	trying bool // limit is compared with known
	known  measured
	down   bool // the next trial is a smaller limit
	step   int  // by how much the next larger one is larger
	rest   int  // measurements before the next trial
	pace   int  // what rest will be after a trial in vain

	halvedAt time.Time
}

// measured is a limit, and the messages a second that were stored with it.
type measured struct {
	limit int
	rate  float64
}

const (
	// firstInFlight is how many batches may be in flight at first. Many servers store the
	// most with two to eight, and a short publication ends before a climb from one does.
	firstInFlight = 4
	// leastBatches is how many batches a measurement has, for each that may be in flight
	// and in all.
	batchesEach, leastBatches = 4, 8
	// worthMore is how much more throughput a larger limit must bring. A smaller one is
	// kept if it brings no less.
	worthMore = 1.05
	// mostRest is how many measurements there are between trials, at most.
	mostRest = 16
)

func newInFlight(concurrency int, adapt bool) inFlight {
	if !adapt {
		return inFlight{limit: concurrency, most: concurrency}
	}
	first := min(firstInFlight, concurrency)
	return inFlight{limit: first, most: concurrency, step: first, pace: 1}
}

// void begins the measurement anew.
func (f *inFlight) void() { f.begun, f.batches, f.messages = time.Time{}, 0, 0 }

// set changes the limit. What is in flight then was sent with the former one.
func (f *inFlight) set(limit int) {
	f.settling, f.limit = f.limit-1, limit
	f.void()
}

// stored counts a batch that was stored.
func (f *inFlight) stored(messages int) {
	switch {
	case f.settling > 0:
		f.settling--
	case f.begun.IsZero():
		f.begun = time.Now()
	default:
		f.batches++
		f.messages += messages
		if f.batches >= max(leastBatches, batchesEach*f.limit) {
			f.decide(measured{f.limit, float64(f.messages) / time.Since(f.begun).Seconds()})
			f.void()
		}
	}
}

// decide acts on a measurement.
func (f *inFlight) decide(now measured) {
	switch {
	case !f.trying:
	case now.better(f.known):
		f.rest, f.pace = 0, 1
		if !f.down {
			f.step *= 2
		}
	default:
		f.trying = false
		f.set(f.known.limit)
		f.turn()
		return
	}
	f.known, f.trying = f.known.with(now), false
	if f.rest > 0 {
		f.rest--
		return
	}
	next := min(f.limit+f.step, f.most)
	if f.down {
		next = max(f.limit-1, 1)
	}
	if next == f.limit {
		f.turn()
		return
	}
	f.set(next)
	f.trying = true
}

// turn has the next trial go the other way, after a while.
func (f *inFlight) turn() {
	f.down, f.step = !f.down, 1
	f.rest, f.pace = f.pace, min(2*f.pace, mostRest)
}

// with returns the mean of two measurements of the same limit, so that one that was disturbed
// does not decide alone. A measurement of another limit takes the place of m.
func (m measured) with(now measured) measured {
	if m.limit == now.limit {
		now.rate = (m.rate + now.rate) / 2
	}
	return now
}

// better reports whether a limit is worth keeping.
func (m measured) better(than measured) bool {
	if m.limit > than.limit {
		return m.rate >= worthMore*than.rate
	}
	return m.rate >= than.rate
}

// failed halves the limit, once for all batches that were in flight together.
func (f *inFlight) failed(started time.Time) {
	if started.Before(f.halvedAt) {
		return
	}
	f.halvedAt = time.Now()
	f.set(max(f.limit/2, 1))
	f.trying, f.down, f.step, f.rest, f.pace = false, false, 1, 1, 1
}
