package zaqartest

import (
	"bytes"
	"errors"
)

// What a broker answers when it cannot do what it was asked for.
var (
	errNoQueue   = errors.New("the queue does not exist")
	errNoMessage = errors.New("the message does not exist")
	errNoClaim   = errors.New("the claim does not exist or has expired")
	// errClaimed: to delete the message, its claim must be named.
	errClaimed = errors.New("the message is claimed")
	// errNotClaimed: a claim was named, but nobody holds the message.
	errNotClaimed = errors.New("the message is not claimed")
	// errOtherClaim: the claim lives, but another one holds the message.
	errOtherClaim = errors.New("the message is held by another claim")
)

// broker holds queues, messages, claims and subscriptions: what Zaqar does, without HTTP. Each
// operation is one transaction, which has one time.
type broker struct {
	store   Store
	clock   *clock
	pooling bool // queues need a pool
}

// reading is a transaction that looks; writing is one that changes things.
type reading struct {
	tx  Reader
	now instant
}

// writing is a transaction that changes things.
type writing struct {
	reading
	tx      Writer
	pooling bool
}

// Now is the time of the transaction.
func (r *reading) Now() instant { return r.now }

// newBroker returns a broker that keeps everything in a store.
func newBroker(store Store, clock *clock, pooling bool) *broker {
	return &broker{store: store, clock: clock, pooling: pooling}
}

func (b *broker) view(fn func(*reading) error) error {
	return b.store.View(func(r Reader) error {
		return fn(&reading{r, instantOf(b.clock.now())})
	})
}

// update takes the time inside the transaction, so that what comes later in a
// queue is never older. It begins with a sweep: memory does not fill up with
// what has expired, and each thing is swept once.
func (b *broker) update(fn func(*writing) error) error {
	return b.store.Update(func(tx Writer) error {
		w := &writing{reading{tx, instantOf(b.clock.now())}, tx, b.pooling}
		w.sweep()
		return fn(w)
	})
}

// sweep removes messages, claims and subscriptions that have ended.
func (w *writing) sweep() {
	var ended [][]byte
	for key := range w.tx.Scan([]byte{expirySpace}, expiryKey(w.now+1, nil)) {
		ended = append(ended, bytes.Clone(key))
	}
	for _, key := range ended {
		w.tx.Delete(key)
		subject := key[9:]
		if subject[0] == messageSpace {
			w.dropAdoption(subject)
		}
		w.tx.Delete(subject)
	}
}

// dropAdoption forgets the foreign id of a message that was moved here.
func (w *writing) dropAdoption(key []byte) {
	value, ok := w.tx.Get(key)
	if !ok {
		return
	}
	if m, ok := decodeMessage(key, value); ok {
		var uid uuid
		copy(uid[:], key[1:])
		w.tx.Delete(spaceKey(adoptedSpace, uid, m.id[:]...))
	}
}

// healthProject holds the queue of the health check. No request can name it.
const healthProject = "health\x01"
