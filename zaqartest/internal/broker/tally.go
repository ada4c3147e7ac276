package broker

import (
	"encoding/binary"

	"github.com/zaqar-go/zaqar/zaqartest/store"
)

// tally counts the messages of a queue, so that nobody has to walk over them.
type tally struct {
	appended uint64 // how many messages there ever were: the number of the last one
	total    uint64
	claimed  uint64
}

func (t tally) encode() []byte {
	out := make([]byte, 0, 24)
	for _, n := range []uint64{t.appended, t.total, t.claimed} {
		out = binary.BigEndian.AppendUint64(out, n)
	}
	return out
}

func readTally(r store.Reader, uid UUID) (t tally) {
	value, ok := r.Get(spaceKey(tallySpace, uid))
	if !ok || len(value) != 24 {
		return t
	}
	for i, n := range []*uint64{&t.appended, &t.total, &t.claimed} {
		*n = binary.BigEndian.Uint64(value[8*i:])
	}
	return t
}

// tally returns the tally of a queue.
func (r *ReadTx) tally(uid UUID) tally {
	if t, changed := r.tallies[uid]; changed {
		return *t
	}
	return readTally(r.tx, uid)
}

// tally returns the tally of a queue, for changes. They are stored at the end of the
// transaction.
func (w *WriteTx) tally(uid UUID) *tally {
	t, ok := w.tallies[uid]
	if !ok {
		if w.tallies == nil {
			w.tallies = map[UUID]*tally{}
		}
		was := readTally(w.tx, uid)
		t = &was
		w.tallies[uid] = t
	}
	return t
}

// storeTallies stores the tallies that may have changed.
func (w *WriteTx) storeTallies() {
	for uid, t := range w.tallies {
		w.tx.Put(spaceKey(tallySpace, uid), t.encode())
	}
}

// dropTally forgets the tally of a queue that is deleted.
func (w *WriteTx) dropTally(uid UUID) {
	delete(w.tallies, uid)
	w.tx.Delete(spaceKey(tallySpace, uid))
}

// countQueue changes how many queues a project has.
func (w *WriteTx) countQueue(project string, by int) {
	key := projectKey(project)
	if n := w.CountQueues(project) + by; n > 0 {
		w.tx.Put(key, binary.AppendUvarint(nil, uint64(n)))
	} else {
		w.tx.Delete(key)
	}
}

// CountQueues returns how many queues a project has.
func (r *ReadTx) CountQueues(project string) int {
	value, _ := r.tx.Get(projectKey(project))
	n, _ := binary.Uvarint(value)
	return int(n)
}
