package consumer

import (
	"container/list"
	"time"
)

// maxDeleted limits how many deleted messages are remembered: enough for the answers to
// claims that were in flight when they were deleted.
const maxDeleted = 1024

// maxEntries limits how many other messages are remembered. Each takes about 200 bytes.
const maxEntries = 10_000

// history remembers messages that failed, or could not be deleted: Zaqar does not say how
// often a message was claimed. It forgets first what happened longest ago.
type history struct {
	entries map[string]*list.Element // of *entry
	order   list.List                // the latest at the front
	deleted map[string]bool
	ring    [maxDeleted]string // the ids of deleted
	next    int
}

// entry is what is remembered of one message.
type entry struct {
	id          string
	failures    int
	first, last time.Time // of the failures
	// finished is set if the message was handled, or became a dead letter, and could not
	// be deleted. If it comes again, it only has to be deleted.
	finished bool
	// letters is how many dead letters were posted whose outcome is unknown.
	letters int
}

// of returns the entry of a message.
func (h *history) of(id string) entry {
	if element, ok := h.entries[id]; ok {
		return *element.Value.(*entry)
	}
	return entry{id: id}
}

// note remembers an entry as the latest.
func (h *history) note(e entry) {
	if element, ok := h.entries[e.id]; ok {
		*element.Value.(*entry) = e
		h.order.MoveToFront(element)
		return
	}
	if h.entries == nil {
		h.entries = map[string]*list.Element{}
	}
	h.entries[e.id] = h.order.PushFront(&e)
	for len(h.entries) > maxEntries {
		oldest, _ := h.order.Remove(h.order.Back()).(*entry)
		delete(h.entries, oldest.id)
	}
}

// failed counts one more failure, and returns the new entry.
func (h *history) failed(id string, now time.Time) entry {
	e := h.of(id)
	e.failures++
	if e.first.IsZero() {
		e.first = now
	}
	e.last = now
	h.note(e)
	return e
}

// posted counts one more dead letter whose outcome is unknown, and returns their number.
func (h *history) posted(id string) int {
	e := h.of(id)
	e.letters++
	h.note(e)
	return e.letters
}

// finished reports whether a message only has to be deleted.
func (h *history) finished(id string) bool { return h.deleted[id] || h.of(id).finished }

// markFinished notes that a message only has to be deleted.
func (h *history) markFinished(id string) {
	e := h.of(id)
	e.finished = true
	h.note(e)
}

// forget drops a message that was deleted. A claim in flight may still bring it, since
// servers select and delete in two steps, so its id is kept for a while.
func (h *history) forget(id string) {
	if h.deleted == nil {
		h.deleted = map[string]bool{}
	}
	delete(h.deleted, h.ring[h.next])
	h.deleted[id], h.ring[h.next] = true, id
	h.next = (h.next + 1) % maxDeleted
	if element, ok := h.entries[id]; ok {
		h.order.Remove(element)
		delete(h.entries, id)
	}
}
