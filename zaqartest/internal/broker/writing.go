package broker

import (
	"encoding/binary"
	"errors"
)

// createQueue makes a queue unless it exists; created tells which.
func (w *WriteTx) CreateQueue(project, name string, content Metadata) (q Queue, created bool, err error) {
	q, err = w.Queue(project, name)
	if !errors.Is(err, ErrNoQueue) {
		return q, false, err
	}
	if content == nil {
		content = Metadata{}
	}
	if w.pooling && project != HealthProject {
		if err := w.requirePool(project, content); err != nil {
			return q, false, err
		}
	}
	q = Queue{Project: project, Name: name, uid: NewUUID(), Metadata: content}
	return q, true, w.SaveQueue(q)
}

// createQueue makes a queue unless it exists; created tells which.
func (b *Broker) CreateQueue(project, name string, content Metadata) (created bool, err error) {
	err = b.Update(func(w *WriteTx) error {
		var err error
		_, created, err = w.CreateQueue(project, name, content)
		return err
	})
	return created, err
}

// ensureQueue returns a queue, and makes it if it is missing.
func (b *Broker) EnsureQueue(project, name string) (Queue, error) {
	var q Queue
	err := b.View(func(r *ReadTx) error {
		var err error
		q, err = r.Queue(project, name)
		return err
	})
	if errors.Is(err, ErrNoQueue) {
		err = b.Update(func(w *WriteTx) error {
			var err error
			q, _, err = w.CreateQueue(project, name, nil)
			return err
		})
	}
	return q, err
}

// deleteQueue removes a queue with everything in it. It may be missing.
func (b *Broker) DeleteQueue(project, name string) error {
	return b.changeQueue(project, name, func(w *WriteTx, q Queue) error {
		w.DeleteQueue(q)
		return nil
	})
}

// changeQueue runs fn on a queue in one transaction, unless the queue is missing.
func (b *Broker) changeQueue(project, name string, fn func(*WriteTx, Queue) error) error {
	return b.Update(func(w *WriteTx) error {
		q, err := w.Queue(project, name)
		if errors.Is(err, ErrNoQueue) {
			return nil
		}
		if err != nil {
			return err
		}
		return fn(w, q)
	})
}

func (w *WriteTx) SaveQueue(q Queue) error {
	value, err := q.encode()
	if err == nil {
		w.tx.Put(queueKey(q.Project, q.Name), value)
	}
	return err
}

// deleteQueue removes a queue with everything in it.
func (w *WriteTx) DeleteQueue(q Queue) {
	w.DeleteAllMessages(q)
	w.dropClaims(q)
	w.tx.Delete(spaceKey(numberSpace, q.uid))
	w.tx.Delete(queueKey(q.Project, q.Name))
}

// purge removes every message of a queue, claimed or not.
func (w *WriteTx) DeleteAllMessages(q Queue) {
	prefix := spaceKey(messageSpace, q.uid)
	var all []Message
	for key, value := range w.tx.Scan(prefix, after(prefix)) {
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
	for key, value := range w.tx.Scan(prefix, after(prefix)) {
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

// append adds a draft to the end of a queue.
func (w *WriteTx) Append(q Queue, d Draft, client UUID) Message {
	return w.appendMessage(q, d.message(w.now, client))
}

// appendMessage gives a message the queue's next number, and an id unless it has one.
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
		w.tx.Put(spaceKey(adoptedSpace, q.uid, m.ID[:]...), binary.BigEndian.AppendUint64(nil, m.Number))
	}
	w.putMessage(q, m)
	return m
}

func (w *WriteTx) putMessage(q Queue, m Message) {
	key := messageKey(q.uid, m.Number)
	w.tx.Put(key, m.encode())
	w.tx.Put(expiryKey(m.Expires, key), nil)
}

// replaceMessage stores a changed message; was is what is stored now.
func (w *WriteTx) replaceMessage(q Queue, was, m Message) {
	if was.Expires != m.Expires {
		w.tx.Delete(expiryKey(was.Expires, messageKey(q.uid, was.Number)))
	}
	w.putMessage(q, m)
}

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
