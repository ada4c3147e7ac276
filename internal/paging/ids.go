// Package paging tells what is new in the pages of a listing, with a memory that does not
// grow with the listing.
package paging

import (
	"slices"
	"strings"
	"time"
)

// IDs are the ids that were added last: as many as it has to remember, and up to a third
// more, so that ids need not be dropped one by one. Ids of messages that have expired are
// dropped first, since these cannot be listed again, and then the oldest.
type IDs struct {
	least   int
	expires map[string]time.Time // by id; the zero time when it is not known
	order   []string             // oldest first
	forgot  bool                 // some were dropped
}

// NewIDs returns the memory of the last ids, at least this many, with some ids in it.
func NewIDs(least int, ids ...string) IDs {
	s := IDs{least: least, expires: map[string]time.Time{}}
	for _, id := range ids {
		s.Add(id, time.Time{})
	}
	return s
}

// Has reports whether the id is remembered.
func (s *IDs) Has(id string) bool {
	_, ok := s.expires[id]
	return ok
}

// Len returns how many ids are remembered.
func (s *IDs) Len() int { return len(s.order) }

// Add remembers an id. Its message cannot be listed after expires; the zero time means
// that this is not known.
func (s *IDs) Add(id string, expires time.Time) {
	if !s.Has(id) {
		s.keep(strings.Clone(id), expires) // it may be a part of the page's text, which would be kept
	}
}

// keep is Add for an id that is new and that keeps no page's text.
func (s *IDs) keep(id string, expires time.Time) {
	if len(s.order) >= s.most() {
		s.shrink()
	}
	s.expires[id] = expires
	s.order = append(s.order, id)
}

// cloned returns copies of ids, all in one piece of memory.
func cloned(ids []string) []string {
	all, copies := strings.Join(ids, ""), make([]string, len(ids))
	for i, id := range ids {
		copies[i], all = all[:len(id)], all[len(id):]
	}
	return copies
}

// most is how many ids are kept at most.
func (s *IDs) most() int { return s.least + (s.least+2)/3 }

// shrink drops what need not be remembered.
func (s *IDs) shrink() {
	s.forgot = true
	now := time.Now()
	s.order = slices.DeleteFunc(s.order, func(id string) bool {
		expires := s.expires[id]
		expired := !expires.IsZero() && expires.Before(now)
		if expired {
			delete(s.expires, id)
		}
		return expired
	})
	if more := len(s.order) - s.least; more > 0 {
		for _, id := range s.order[:more] {
			delete(s.expires, id)
		}
		s.order = slices.Delete(s.order, 0, more)
	}
}

// Latest returns the n ids that were added last, oldest first.
func (s *IDs) Latest(n int) []string {
	return slices.Clone(s.order[max(0, len(s.order)-n):])
}

// back returns the id that was added before the n last ones.
func (s *IDs) back(n int) string { return s.order[len(s.order)-1-n] }

func (s *IDs) clear() {
	clear(s.expires)
	s.order, s.forgot = s.order[:0], false
}
