package broker

import (
	"cmp"
	"iter"
	"slices"
)

// place is where a message is in its queue, and which live claim holds it.
type place struct {
	number uint64
	claim  UUID // or zero
}

// places returns the first places after number in some of the spaces r, d and h.
func (r *ReadTx) places(uid UUID, after uint64, limit int, spaces ...byte) []place {
	out := make([]place, 0, limit)
	for _, space := range spaces {
		found := 0
		for key, value := range r.tx.Scan(numberKey(space, uid, after+1), prefixEnd(spaceKey(space, uid))) {
			p := place{number: keyNumber(key)}
			copy(p.claim[:], value)
			out = append(out, p)
			if found++; found == limit {
				break
			}
		}
	}
	if len(spaces) > 1 {
		slices.SortFunc(out, func(a, b place) int { return cmp.Compare(a.number, b.number) })
	}
	return out[:min(limit, len(out))]
}

// maxSteps is how many messages a scan passes over before it is cheaper to begin another
// one.
const maxSteps = 8

// load returns the messages at some places, which are sorted.
func (r *ReadTx) load(q Queue, places []place) []Message {
	out := make([]Message, 0, len(places))
	end := prefixEnd(spaceKey(messageSpace, q.uid))
	for len(places) > 0 {
		steps, ended := 0, true
		for key, value := range r.tx.Scan(messageKey(q.uid, places[0].number), end) {
			number := keyNumber(key)
			for len(places) > 0 && places[0].number < number {
				places = places[1:]
			}
			if len(places) == 0 {
				break
			}
			if places[0].number > number {
				if steps++; steps > maxSteps {
					ended = false
					break
				}
				continue
			}
			if m, ok := decodeMessage(key, value); ok {
				m.ClaimID = places[0].claim
				out = append(out, m)
			}
			if places = places[1:]; len(places) == 0 {
				break
			}
		}
		if ended {
			break
		}
	}
	return out
}

// walk iterates over the live messages of a queue in some of the spaces r, d and h,
// oldest first, starting after number. It reads that many at a time.
func (r *ReadTx) walk(q Queue, number uint64, size int, spaces ...byte) iter.Seq[Message] {
	return func(yield func(Message) bool) {
		size := max(1, size)
		for {
			found := r.places(q.uid, number, size, spaces...)
			for _, m := range r.load(q, found) {
				if !yield(m) {
					return
				}
			}
			if len(found) < size {
				return
			}
			number = found[len(found)-1].number
		}
	}
}

// walkSize is how many messages are read at a time if nobody knows how many are wanted.
const walkSize = 100

// Messages iterates over the live messages of a queue, oldest first, starting after
// number.
func (r *ReadTx) Messages(q Queue, number uint64) iter.Seq[Message] {
	return r.walk(q, number, walkSize, readySpace, delayedSpace, heldSpace)
}

// MessageFilter selects the messages of a page.
type MessageFilter struct {
	Own                      UUID // the caller's client id
	HideOwn                  bool
	HideClaimed, HideDelayed bool
	Limit                    int
}

// Page returns up to f.Limit messages after number. Messages that the filter hides
// do not count towards the limit.
func (r *ReadTx) Page(q Queue, number uint64, f MessageFilter) []Message {
	spaces := []byte{readySpace}
	if !f.HideClaimed {
		spaces = append(spaces, heldSpace)
	}
	if !f.HideDelayed {
		spaces = append(spaces, delayedSpace)
	}
	size := f.Limit
	if f.HideOwn {
		size = max(size, walkSize)
	}
	var out []Message
	for m := range r.walk(q, number, size, spaces...) {
		if f.HideOwn && m.Client == f.Own {
			continue
		}
		if out = append(out, m); len(out) == f.Limit {
			break
		}
	}
	return out
}

// Counts summarizes the live messages of a queue. Oldest and Newest are set if Total
// is not 0, and are valid until the transaction ends.
type Counts struct {
	Total, Claimed int
	Oldest, Newest Message
}

// Count returns how many live messages a queue has, without walking over them.
func (r *ReadTx) Count(q Queue) Counts {
	t := r.tally(q.uid)
	c := Counts{Total: int(t.total), Claimed: int(t.claimed)}
	if c.Total == 0 {
		return c
	}
	if first, ok := r.next(q.uid, 1); ok {
		c.Oldest, _ = r.byNumber(q, first)
	}
	var last bool
	if c.Newest, last = r.byNumber(q, t.appended); !last {
		c.Newest, _ = r.byNumber(q, r.newest(q.uid, t.appended))
	}
	return c
}

// next returns the number of the first message from a number on.
func (r *ReadTx) next(uid UUID, number uint64) (found uint64, ok bool) {
	for key := range r.tx.Scan(messageKey(uid, number), prefixEnd(spaceKey(messageSpace, uid))) {
		return keyNumber(key), true
	}
	return 0, false
}

// newest returns the number of the newest message. Numbers are given in order, so either
// there is a message from a number on, or the newest one is before it.
func (r *ReadTx) newest(uid UUID, last uint64) uint64 {
	low, high := uint64(0), last // the newest is from low to high
	for step := uint64(1); low < high; step *= 2 {
		// Usually it is near the end, so the first steps begin there.
		middle := max(high-min(step-1, high), low+(high-low+1)/2)
		if found, ok := r.next(uid, middle); ok {
			low = found
		} else {
			high = middle - 1
		}
	}
	return low
}
