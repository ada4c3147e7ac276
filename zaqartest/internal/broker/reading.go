package broker

import (
	"encoding/binary"
	"iter"
)

// Queue returns a queue by name.
func (r *ReadTx) Queue(project, name string) (Queue, error) {
	value, ok := r.tx.Get(queueKey(project, name))
	if !ok {
		return Queue{}, ErrNoQueue
	}
	return decodeQueue(project, name, value)
}

// Queues iterates over a project's queues by name, starting after marker.
func (r *ReadTx) Queues(project, marker string) iter.Seq2[Queue, error] {
	return func(yield func(Queue, error) bool) {
		prefix := queuesPrefix(project)
		from := prefix
		if marker != "" {
			from = append(queueKey(project, marker), 0)
		}
		for key, value := range r.tx.Scan(from, prefixEnd(prefix)) {
			if !yield(decodeQueue(project, string(key[len(prefix):]), value)) {
				return
			}
		}
	}
}

// CountQueues returns how many queues a project has.
func (r *ReadTx) CountQueues(project string) int {
	count := 0
	prefix := queuesPrefix(project)
	for range r.tx.Scan(prefix, prefixEnd(prefix)) {
		count++
	}
	return count
}

// Messages iterates over the live messages of a queue, oldest first, starting after
// number.
func (r *ReadTx) Messages(q Queue, number uint64) iter.Seq[Message] {
	return func(yield func(Message) bool) {
		end := prefixEnd(spaceKey(messageSpace, q.uid))
		for key, value := range r.tx.Scan(messageKey(q.uid, number+1), end) {
			m, ok := decodeMessage(key, value)
			if !ok || m.expired(r.now) {
				continue
			}
			if !yield(m) {
				return
			}
		}
	}
}

// Counts summarizes the live messages of a queue. Oldest and Newest are set if Total
// is not 0, and are valid until the transaction ends.
type Counts struct {
	Total, Claimed int
	Oldest, Newest Message
}

// Count counts the live messages of a queue.
func (r *ReadTx) Count(q Queue) Counts {
	var c Counts
	for m := range r.Messages(q, 0) {
		if c.Total == 0 {
			c.Oldest = m
		}
		c.Newest = m
		c.Total++
		if m.Claimed(r.now) {
			c.Claimed++
		}
	}
	return c
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
	var out []Message
	for m := range r.Messages(q, number) {
		if f.HideOwn && m.Client == f.Own || f.HideClaimed && m.Claimed(r.now) || f.HideDelayed && m.Delayed(r.now) {
			continue
		}
		if out = append(out, m); len(out) == f.Limit {
			break
		}
	}
	return out
}

// Message returns a live message by its id. Any text may be given as the id.
func (r *ReadTx) Message(q Queue, id string) (Message, error) {
	wanted, ok := ParseUUID(id)
	if !ok {
		return Message{}, ErrNoMessage
	}
	if number, ok := q.messageNumber(wanted); ok {
		if m, ok := r.byNumber(q, number); ok && m.ID == wanted {
			return m, nil
		}
	}
	if value, ok := r.tx.Get(spaceKey(foreignIDSpace, q.uid, wanted[:]...)); ok && len(value) == 8 {
		if m, ok := r.byNumber(q, binary.BigEndian.Uint64(value)); ok && m.ID == wanted {
			return m, nil
		}
	}
	return Message{}, ErrNoMessage
}

// byNumber returns a live message by its number.
func (r *ReadTx) byNumber(q Queue, number uint64) (Message, bool) {
	key := messageKey(q.uid, number)
	value, ok := r.tx.Get(key)
	if !ok {
		return Message{}, false
	}
	m, ok := decodeMessage(key, value)
	return m, ok && !m.expired(r.now)
}

// MarkerNumber returns the number of the message that a marker names, even if the
// message is gone. It is 0, the beginning, for an unknown marker, as on a real
// server.
func (r *ReadTx) MarkerNumber(q Queue, marker string) uint64 {
	id, ok := ParseUUID(marker)
	if !ok {
		return 0
	}
	if number, ok := q.messageNumber(id); ok {
		return number
	}
	if m, err := r.Message(q, marker); err == nil {
		return m.Number
	}
	return 0
}

// Claim returns a live claim by its id. Any text may be given as the id.
func (r *ReadTx) Claim(q Queue, id string) (Claim, error) {
	wanted, ok := ParseUUID(id)
	if !ok {
		return Claim{}, ErrNoClaim
	}
	value, ok := r.tx.Get(spaceKey(claimSpace, q.uid, wanted[:]...))
	if !ok {
		return Claim{}, ErrNoClaim
	}
	c, ok := decodeClaim(wanted, value)
	if !ok || c.Expires <= r.now {
		return Claim{}, ErrNoClaim
	}
	return c, nil
}

// ClaimMessages returns the messages that a claim still holds.
func (r *ReadTx) ClaimMessages(q Queue, c Claim) []Message {
	var out []Message
	for _, number := range c.numbers {
		if m, ok := r.byNumber(q, number); ok && m.ClaimID == c.ID && m.Claimed(r.now) {
			out = append(out, m)
		}
	}
	return out
}
