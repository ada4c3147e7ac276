package broker

import (
	"bytes"

	"github.com/zaqar-go/zaqar/zaqartest/store"
)

// sweepSize is how many things end in one transaction. What it removes is kept until the
// transaction has succeeded, and others wait meanwhile.
const sweepSize = 1000

// due reports whether something has ended, and the store still has it.
func due(r store.Reader, now Instant) bool {
	for range r.Scan([]byte{expirySpace}, expiryKey(now+1, nil)) {
		return true
	}
	return false
}

// sweep carries out what has become due, in the order of time: it removes messages,
// claims and subscriptions that have expired, and shows messages whose delay is over. It
// returns true if more is due.
func (w *WriteTx) sweep() (more bool) {
	var ended [][]byte
	for key := range w.tx.Scan([]byte{expirySpace}, w.keys.expiryKey(w.now+1, nil)) {
		if more = len(ended) == sweepSize; more {
			break
		}
		ended = append(ended, bytes.Clone(key))
	}
	for _, key := range ended {
		w.tx.Delete(key)
		w.end(key[9:])
	}
	return more
}

// end carries out the end of something. key is that of a message, a claim, a
// subscription or a delay.
func (w *WriteTx) end(key []byte) {
	var uid UUID
	copy(uid[:], key[1:])
	value, exists := w.tx.Get(key)
	switch {
	case !exists:
	case key[0] == messageSpace:
		if m, ok := decodeMessage(key, value); ok {
			m.ClaimID = w.holder(uid, m.Number)
			w.removeMessage(uid, m)
		}
	case key[0] == delayedSpace:
		w.tx.Delete(key)
		w.tx.Put(w.keys.numberKey(readySpace, uid, keyNumber(key)), nil)
	case key[0] == claimSpace:
		var id UUID
		copy(id[:], key[1+len(uid):])
		if c, ok := decodeClaim(id, value); ok {
			w.free(uid, c)
		}
		w.tx.Delete(key)
	default:
		w.tx.Delete(key)
	}
}
