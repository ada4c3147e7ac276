package zaqar

import (
	"slices"
	"time"
)

// recent are the ids of the messages of a queue that were handed out, as many as
// its limit says. Those go first whose messages have ended and cannot be listed
// again, then the oldest.
type recent struct {
	limit int
	ends  map[string]time.Time // the zero time when it is not known
	order []string             // oldest first
}

func newRecent(limit int, ids []string) recent {
	r := recent{limit: limit, ends: map[string]time.Time{}}
	for _, id := range ids {
		r.add(id, time.Time{})
	}
	return r
}

func (r *recent) has(id string) bool {
	_, ok := r.ends[id]
	return ok
}

func (r *recent) add(id string, ends time.Time) {
	if r.has(id) {
		return
	}
	if len(r.order) >= r.limit {
		r.shrink()
	}
	r.ends[id] = ends
	r.order = append(r.order, id)
}

// shrink makes room for a quarter, so that it need not be done each time.
func (r *recent) shrink() {
	now := time.Now()
	r.order = slices.DeleteFunc(r.order, func(id string) bool {
		ends := r.ends[id]
		over := !ends.IsZero() && ends.Before(now)
		if over {
			delete(r.ends, id)
		}
		return over
	})
	if most := r.limit * 3 / 4; len(r.order) > most {
		for _, id := range r.order[:len(r.order)-most] {
			delete(r.ends, id)
		}
		r.order = slices.Delete(r.order, 0, len(r.order)-most)
	}
}

// latest returns the n ids that were added last, oldest first.
func (r *recent) latest(n int) []string {
	return slices.Clone(r.order[max(0, len(r.order)-n):])
}
