package broker

import (
	"errors"
	"sync/atomic"

	"github.com/zaqar-go/zaqar/zaqartest/store"
)

// ErrFull means that the store may not grow any more. Nothing was changed.
var ErrFull = errors.New("the server is full")

// entryOverhead is about what an entry of the store in memory takes beside its key and
// its value, in bytes, if its page is not quite full.
const entryOverhead = 40

// meter bounds the size of a store. A zero most means no bound; then nothing is counted.
type meter struct {
	most int64
	used atomic.Int64
}

// Bound sets how many bytes the store may hold, and counts what it holds already. It is
// called before the broker is used.
func (b *Broker) Bound(most int64) error {
	b.meter.most = most
	return b.store.View(func(r store.Reader) error {
		for key, value := range r.Scan(nil, []byte{0xff}) {
			b.meter.used.Add(entrySize(key, value))
		}
		return nil
	})
}

// Used returns how many bytes the store holds, or 0 without a bound.
func (b *Broker) Used() int64 { return b.meter.used.Load() }

func entrySize(key, value []byte) int64 { return int64(len(key)+len(value)) + entryOverhead }

// admit counts the growth of a transaction, which may be negative. It returns ErrFull if
// the store would grow beyond the bound. Claims are always admitted, so that consumers can
// empty a full server. There are never many of them: each holds a message when it is made,
// and they count when the next message is posted. The store runs one transaction at a time.
func (m *meter) admit(growth int64, isClaim bool) error {
	if growth > 0 && !isClaim && m.used.Load()+growth > m.most {
		return ErrFull
	}
	m.used.Add(growth)
	return nil
}

// countedWriter counts by how much a transaction changes the size of a store.
type countedWriter struct {
	store.Writer
	growth int64
}

// Put implements [store.Writer].
func (w *countedWriter) Put(key, value []byte) {
	w.forget(key)
	w.growth += entrySize(key, value)
	w.Writer.Put(key, value)
}

// Delete implements [store.Writer].
func (w *countedWriter) Delete(key []byte) {
	w.forget(key)
	w.Writer.Delete(key)
}

// forget subtracts the entry with a key.
func (w *countedWriter) forget(key []byte) {
	if old, exists := w.Get(key); exists {
		w.growth -= entrySize(key, old)
	}
}
