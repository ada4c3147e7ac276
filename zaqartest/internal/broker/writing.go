package broker

import "encoding/binary"

// DeleteAllMessages removes every message of a queue, claimed or not.
func (w *WriteTx) DeleteAllMessages(q Queue) {
	for {
		some := w.load(q, w.places(q.uid, 0, walkSize, readySpace, delayedSpace, heldSpace))
		for _, m := range some {
			w.RemoveMessage(q, m)
		}
		if len(some) == 0 {
			return
		}
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
	t := w.tally(q.uid)
	t.appended++
	t.total++
	m.Number = t.appended
	if m.foreign = m.ID != (UUID{}); m.foreign {
		w.tx.Put(spaceKey(foreignIDSpace, q.uid, m.ID[:]...), binary.BigEndian.AppendUint64(nil, m.Number))
	} else {
		m.ID = q.MessageID(m.Number)
	}
	key := w.keys.numberKey(messageSpace, q.uid, m.Number)
	w.tx.Put(key, m.encode())
	w.tx.Put(w.keys.expiryKey(m.Expires, key), nil)
	if m.Delayed(w.now) {
		key[0] = delayedSpace
		w.tx.Put(w.keys.expiryKey(m.VisibleAt, key), nil)
	} else {
		key[0] = readySpace
	}
	w.tx.Put(key, nil)
	return m
}

// replaceMessage stores a changed message. was is the message as it is stored now.
func (w *WriteTx) replaceMessage(q Queue, was, m Message) {
	key := w.keys.numberKey(messageSpace, q.uid, m.Number)
	w.tx.Put(key, m.encode())
	if was.Expires != m.Expires {
		w.tx.Delete(w.keys.expiryKey(was.Expires, key))
		w.tx.Put(w.keys.expiryKey(m.Expires, key), nil)
	}
}

// RemoveMessage removes a message, claimed or not.
func (w *WriteTx) RemoveMessage(q Queue, m Message) { w.removeMessage(q.uid, m) }

func (w *WriteTx) removeMessage(uid UUID, m Message) {
	t := w.tally(uid)
	t.total--
	key := w.keys.numberKey(messageSpace, uid, m.Number)
	w.tx.Delete(w.keys.expiryKey(m.Expires, key))
	w.tx.Delete(key)
	if m.foreign {
		w.tx.Delete(spaceKey(foreignIDSpace, uid, m.ID[:]...))
	}
	switch {
	case m.Claimed():
		t.claimed--
		key[0] = heldSpace
	case m.VisibleAt != never && w.isDelayed(uid, m.Number):
		key[0] = delayedSpace
		w.tx.Delete(w.keys.expiryKey(m.VisibleAt, key))
	default:
		key[0] = readySpace
	}
	w.tx.Delete(key)
}

// isDelayed reports whether a message is stored as delayed. It may be a little longer
// than it is: all that is due in one transaction has the same time.
func (w *WriteTx) isDelayed(uid UUID, number uint64) bool {
	_, delayed := w.tx.Get(numberKey(delayedSpace, uid, number))
	return delayed
}

// free makes the messages that a claim still holds ready again.
func (w *WriteTx) free(uid UUID, c Claim) {
	held := w.heldBy(uid, c)
	if len(held) == 0 {
		return
	}
	w.tally(uid).claimed -= uint64(len(held))
	for _, p := range held {
		w.tx.Delete(w.keys.numberKey(heldSpace, uid, p.number))
		w.tx.Put(w.keys.numberKey(readySpace, uid, p.number), nil)
	}
}

func (w *WriteTx) putClaim(q Queue, c Claim) {
	key := spaceKey(claimSpace, q.uid, c.ID[:]...)
	w.tx.Put(key, c.encode())
	w.tx.Put(w.keys.expiryKey(c.Expires, key), nil)
}

func (w *WriteTx) removeClaim(q Queue, c Claim) {
	key := spaceKey(claimSpace, q.uid, c.ID[:]...)
	w.tx.Delete(w.keys.expiryKey(c.Expires, key))
	w.tx.Delete(key)
}
