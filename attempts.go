package zaqar

import (
	"container/list"
	"time"
)

// mostGone bounds what is remembered of messages that were deleted, just long enough
// for the answers to claims that were under way at that moment.
const mostGone = 1024

// mostRemembered bounds the memory of a consumer, in messages. About 200 bytes each.
const mostRemembered = 10_000

// attempts remembers what happened to messages that did not go away: Zaqar does not
// tell how often a message was claimed. Those that failed longest ago are forgotten
// first.
type attempts struct {
	records map[string]*list.Element // of *record
	order   list.List                // the latest at the front
	gone    map[string]bool
	ring    [mostGone]string // the ids of gone
	next    int
}

// record is what is remembered of one message.
type record struct {
	id          string
	failures    int
	first, last time.Time // of the failures
	// finished is set when the message was handled, or became a dead letter, and
	// could not be deleted: when it comes again that is all there is to do.
	finished bool
}

// of returns what is known of a message.
func (a *attempts) of(id string) record {
	if place, ok := a.records[id]; ok {
		return *place.Value.(*record)
	}
	return record{id: id}
}

// note remembers a message, as the latest.
func (a *attempts) note(r record) {
	if place, ok := a.records[r.id]; ok {
		*place.Value.(*record) = r
		a.order.MoveToFront(place)
		return
	}
	if a.records == nil {
		a.records = map[string]*list.Element{}
	}
	a.records[r.id] = a.order.PushFront(&r)
	for len(a.records) > mostRemembered {
		oldest, _ := a.order.Remove(a.order.Back()).(*record)
		delete(a.records, oldest.id)
	}
}

// failed counts one more failure.
func (a *attempts) failed(id string, now time.Time) record {
	r := a.of(id)
	r.failures++
	if r.first.IsZero() {
		r.first = now
	}
	r.last = now
	a.note(r)
	return r
}

// finished reports whether nothing is left to do with a message but to delete it.
func (a *attempts) finished(id string) bool { return a.gone[id] || a.of(id).finished }

// finish notes that nothing is left to do but to delete the message.
func (a *attempts) finish(id string) {
	r := a.of(id)
	r.finished = true
	a.note(r)
}

// forget drops a message that was deleted. A claim that is under way may still bring
// it: servers look and delete in two steps.
func (a *attempts) forget(id string) {
	if a.gone == nil {
		a.gone = map[string]bool{}
	}
	delete(a.gone, a.ring[a.next])
	a.gone[id], a.ring[a.next] = true, id
	a.next = (a.next + 1) % mostGone
	if place, ok := a.records[id]; ok {
		a.order.Remove(place)
		delete(a.records, id)
	}
}
