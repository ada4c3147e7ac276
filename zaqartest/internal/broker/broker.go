package broker

import (
	"bytes"
	"errors"

	"github.com/zaqar-go/zaqar/zaqartest/store"
)

// What a broker answers when it cannot do what it was asked for.
var (
	ErrNoQueue   = errors.New("the queue does not exist")
	ErrNoMessage = errors.New("the message does not exist")
	ErrNoClaim   = errors.New("the claim does not exist or has expired")
	// errClaimed: to delete the message, its claim must be named.
	ErrClaimed = errors.New("the message is claimed")
	// errNotClaimed: a claim was named, but nobody holds the message.
	ErrNotClaimed = errors.New("the message is not claimed")
	// errOtherClaim: the claim lives, but another one holds the message.
	ErrOtherClaim = errors.New("the message is held by another claim")
)

// broker holds queues, messages, claims and subscriptions: what Zaqar does, without HTTP. Each
// operation is one transaction, which has one time.
type Broker struct {
	store   store.Store
	clock   *Clock
	pooling bool // queues need a pool
}

// reading is a transaction that looks; writing is one that changes things.
type ReadTx struct {
	tx  store.Reader
	now Instant
}

// writing is a transaction that changes things.
type WriteTx struct {
	ReadTx
	tx      store.Writer
	pooling bool
}

// Now is the time of the transaction.
func (r *ReadTx) Now() Instant { return r.now }

// newBroker returns a broker that keeps everything in a store.
func New(store store.Store, clock *Clock, pooling bool) *Broker {
	return &Broker{store: store, clock: clock, pooling: pooling}
}

func (b *Broker) View(fn func(*ReadTx) error) error {
	return b.store.View(func(r store.Reader) error {
		return fn(&ReadTx{r, InstantOf(b.clock.Now())})
	})
}

// update takes the time inside the transaction, so that what comes later in a
// queue is never older. It begins with a sweep: memory does not fill up with
// what has expired, and each thing is swept once.
func (b *Broker) Update(fn func(*WriteTx) error) error {
	return b.store.Update(func(tx store.Writer) error {
		w := &WriteTx{ReadTx{tx, InstantOf(b.clock.Now())}, tx, b.pooling}
		w.sweep()
		return fn(w)
	})
}

// sweep removes messages, claims and subscriptions that have ended.
func (w *WriteTx) sweep() {
	var ended [][]byte
	for key := range w.tx.Scan([]byte{expirySpace}, expiryKey(w.now+1, nil)) {
		ended = append(ended, bytes.Clone(key))
	}
	for _, key := range ended {
		w.tx.Delete(key)
		subject := key[9:]
		if subject[0] == messageSpace {
			w.forgetForeignID(subject)
		}
		w.tx.Delete(subject)
	}
}

// dropAdoption forgets the foreign id of a message that was moved here.
func (w *WriteTx) forgetForeignID(key []byte) {
	value, ok := w.tx.Get(key)
	if !ok {
		return
	}
	if m, ok := decodeMessage(key, value); ok {
		var uid UUID
		copy(uid[:], key[1:])
		w.tx.Delete(spaceKey(adoptedSpace, uid, m.ID[:]...))
	}
}

// healthProject holds the queue of the health check. No request can name it.
const HealthProject = "health\x01"
