// Package broker is the embedded server's message queue: Zaqar's rules for queues,
// messages, claims, subscriptions, pools and flavors. It knows nothing of HTTP or
// WebSockets. Requests come as parsed values or as JSON documents, and errors leave as
// values that each transport puts into words of its own.
//
// A [Broker] works in transactions of a store. [Broker.View] and [Broker.Update] run
// one with a [ReadTx] or a [WriteTx]; the Broker's other methods are transactions that
// several transports need.
package broker

import "github.com/zaqar-go/zaqar/zaqartest/store"

// Broker holds queues with their messages and claims, subscriptions, pools and
// flavors. Each of its methods is one transaction, and a transaction happens at one
// time.
type Broker struct {
	store   store.Store
	clock   *Clock
	pooling bool // a queue needs a pool
	meter   meter
}

// ReadTx is a transaction that only reads.
type ReadTx struct {
	tx      store.Reader
	now     Instant
	tallies map[UUID]*tally // those that may differ from the stored ones
	keys    keyBuffers
}

// WriteTx is a transaction that reads and writes.
type WriteTx struct {
	ReadTx
	tx      store.Writer
	pooling bool
	isClaim bool // it may exceed the bound of the store
}

// Now returns the time of the transaction.
func (r *ReadTx) Now() Instant { return r.now }

// New returns a broker that keeps everything in a store. With pooling, a queue needs
// a pool.
func New(store store.Store, clock *Clock, pooling bool) *Broker {
	return &Broker{store: store, clock: clock, pooling: pooling}
}

// View runs fn in a transaction that only reads. If something has expired meanwhile, it
// is removed first, so fn never sees it.
func (b *Broker) View(fn func(*ReadTx) error) error {
	ended := false
	err := b.store.View(func(r store.Reader) error {
		now := InstantOf(b.clock.Now())
		if ended = due(r, now); ended {
			return nil
		}
		return fn(&ReadTx{tx: r, now: now})
	})
	if err != nil || !ended {
		return err
	}
	var failed error
	err = b.Update(func(w *WriteTx) error {
		failed = fn(&w.ReadTx) // what was removed stays removed
		return nil
	})
	if err == nil {
		err = failed
	}
	return err
}

// Update runs fn in a transaction that may write. The time is taken inside the
// transaction, so a later message of a queue is never older than an earlier one.
// First, everything that has expired is removed, so the store does not grow without
// bound. If the store would then be larger than [Broker.Bound] allows, the transaction
// fails with [ErrFull].
func (b *Broker) Update(fn func(*WriteTx) error) error {
	for {
		swept := false
		err := b.update(func(w *WriteTx) error {
			if swept = w.sweep(); swept {
				return nil
			}
			return fn(w)
		})
		if err != nil || !swept {
			return err
		}
	}
}

// update runs fn in a transaction, and bounds the size of the store.
func (b *Broker) update(fn func(*WriteTx) error) error {
	if b.meter.most == 0 {
		return b.store.Update(func(tx store.Writer) error {
			_, err := b.run(tx, fn)
			return err
		})
	}
	var counted int64
	err := b.store.Update(func(tx store.Writer) error {
		counter := &countedWriter{Writer: tx}
		w, err := b.run(counter, fn)
		if err == nil {
			err = b.meter.admit(counter.growth, w.isClaim)
		}
		if err == nil {
			counted = counter.growth
		}
		return err
	})
	if err != nil {
		b.meter.used.Add(-counted) // the store failed after it was counted
	}
	return err
}

// run runs fn in a transaction, and stores the tallies that it has changed.
func (b *Broker) run(tx store.Writer, fn func(*WriteTx) error) (*WriteTx, error) {
	w := &WriteTx{ReadTx: ReadTx{tx: tx, now: InstantOf(b.clock.Now())}, tx: tx, pooling: b.pooling}
	err := fn(w)
	if err == nil {
		w.storeTallies()
	}
	return w, err
}

// HealthProject holds the queue of the health check. No request can name this
// project.
const HealthProject = "health\x01"
