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
	key := r.keys.numberKey(messageSpace, q.uid, number)
	value, ok := r.tx.Get(key)
	if !ok {
		return Message{}, false
	}
	m, ok := decodeMessage(key, value)
	m.ClaimID = r.holder(q.uid, number)
	return m, ok
}

// holder returns the id of the live claim that holds a message, or zero.
func (r *ReadTx) holder(uid UUID, number uint64) (claim UUID) {
	value, _ := r.tx.Get(r.keys.numberKey(heldSpace, uid, number))
	copy(claim[:], value)
	return claim
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
	return r.load(q, r.heldBy(q.uid, c))
}

// heldBy returns the messages that a claim still holds.
func (r *ReadTx) heldBy(uid UUID, c Claim) []place {
	out := make([]place, 0, len(c.numbers))
	for _, number := range c.numbers {
		if r.holder(uid, number) == c.ID {
			out = append(out, place{number, c.ID})
		}
	}
	return out
}
