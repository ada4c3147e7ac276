package broker

import (
	"encoding/binary"
)

// DeleteAllMessages removes every message of a queue, claimed or not.
func (w *WriteTx) DeleteAllMessages(q Queue) {
	prefix := spaceKey(messageSpace, q.uid)
	var all []Message
	for key, value := range w.tx.Scan(prefix, prefixEnd(prefix)) {
		if m, ok := decodeMessage(key, value); ok {
			all = append(all, m)
		}
	}
	for _, m := range all {
		w.RemoveMessage(q, m)
	}
}

func (w *WriteTx) dropClaims(q Queue) {
	prefix := spaceKey(claimSpace, q.uid)
	var all []Claim
	for key, value := range w.tx.Scan(prefix, prefixEnd(prefix)) {
		var id UUID
		copy(id[:], key[len(prefix):])
		if c, ok := decodeClaim(id, value); ok {
			all = append(all, c)
		}
	}
	for _, c := range all {
		w.removeClaim(q, c)
	}
}

// Append adds a draft to the end of a queue.
func (w *WriteTx) Append(q Queue, d Draft, client UUID) Message {
	return w.appendMessage(q, d.message(w.now, client))
}

// appendMessage gives a message the queue's next number, and an id unless it has
// one.
func (w *WriteTx) appendMessage(q Queue, m Message) Message {
	key := spaceKey(numberSpace, q.uid)
	m.Number = 1
	if value, ok := w.tx.Get(key); ok && len(value) == 8 {
		m.Number = binary.BigEndian.Uint64(value)
	}
	w.tx.Put(key, binary.BigEndian.AppendUint64(nil, m.Number+1))
	if m.ID == (UUID{}) {
		m.ID = q.MessageID(m.Number)
	} else {
		w.tx.Put(spaceKey(foreignIDSpace, q.uid, m.ID[:]...), binary.BigEndian.AppendUint64(nil, m.Number))
	}
	w.putMessage(q, m)
	return m
}

func (w *WriteTx) putMessage(q Queue, m Message) {
	key := messageKey(q.uid, m.Number)
	w.tx.Put(key, m.encode())
	w.tx.Put(expiryKey(m.Expires, key), nil)
}

// replaceMessage stores a changed message. was is the message as it is stored now.
func (w *WriteTx) replaceMessage(q Queue, was, m Message) {
	if was.Expires != m.Expires {
		w.tx.Delete(expiryKey(was.Expires, messageKey(q.uid, was.Number)))
	}
	w.putMessage(q, m)
}

// RemoveMessage removes a message, claimed or not.
func (w *WriteTx) RemoveMessage(q Queue, m Message) {
	key := messageKey(q.uid, m.Number)
	w.forgetForeignID(key)
	w.tx.Delete(expiryKey(m.Expires, key))
	w.tx.Delete(key)
}

func (w *WriteTx) putClaim(q Queue, c Claim) {
	key := spaceKey(claimSpace, q.uid, c.ID[:]...)
	w.tx.Put(key, c.encode())
	w.tx.Put(expiryKey(c.Expires, key), nil)
}

func (w *WriteTx) removeClaim(q Queue, c Claim) {
	key := spaceKey(claimSpace, q.uid, c.ID[:]...)
	w.tx.Delete(expiryKey(c.Expires, key))
	w.tx.Delete(key)
}
