package subscriber

import (
	"slices"
	"time"
)

// seen are the ids of the messages of a queue that were handed out, up to a limit.
// When there are too many, ids of messages that have expired are dropped first, since
// these cannot be listed again, and then the oldest.
type seen struct {
	limit   int
	expires map[string]time.Time // by id; the zero time when it is not known
	order   []string             // oldest first
}

func newSeen(limit int, ids []string) seen {
	s := seen{limit: limit, expires: map[string]time.Time{}}
	for _, id := range ids {
		s.add(id, time.Time{})
	}
	return s
}

func (s *seen) has(id string) bool {
	_, ok := s.expires[id]
	return ok
}

func (s *seen) empty() bool { return len(s.order) == 0 }

func (s *seen) add(id string, expires time.Time) {
	if s.has(id) {
		return
	}
	if len(s.order) >= s.limit {
		s.shrink()
	}
	s.expires[id] = expires
	s.order = append(s.order, id)
}

// shrink makes room for a quarter of the limit, so that it is not needed each time.
func (s *seen) shrink() {
	now := time.Now()
	s.order = slices.DeleteFunc(s.order, func(id string) bool {
		expires := s.expires[id]
		expired := !expires.IsZero() && expires.Before(now)
		if expired {
			delete(s.expires, id)
		}
		return expired
	})
	if most := s.limit * 3 / 4; len(s.order) > most {
		for _, id := range s.order[:len(s.order)-most] {
			delete(s.expires, id)
		}
		s.order = slices.Delete(s.order, 0, len(s.order)-most)
	}
}

// latest returns the n ids that were added last, oldest first.
func (s *seen) latest(n int) []string {
	return slices.Clone(s.order[max(0, len(s.order)-n):])
}
