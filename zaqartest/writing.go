package zaqartest

import (
	"encoding/binary"
	"errors"
)

// createQueue makes a queue unless it exists; created tells which.
func (w *writing) createQueue(project, name string, content metadata) (q queue, created bool, err error) {
	q, err = w.queue(project, name)
	if !errors.Is(err, errNoQueue) {
		return q, false, err
	}
	if content == nil {
		content = metadata{}
	}
	if w.pooling && project != healthProject {
		if err := w.settle(project, content); err != nil {
			return q, false, err
		}
	}
	q = queue{project: project, name: name, uid: newUUID(), metadata: content}
	return q, true, w.saveQueue(q)
}

// createQueue makes a queue unless it exists; created tells which.
func (b *broker) createQueue(project, name string, content metadata) (created bool, err error) {
	err = b.update(func(w *writing) error {
		var err error
		_, created, err = w.createQueue(project, name, content)
		return err
	})
	return created, err
}

// ensureQueue returns a queue, and makes it if it is missing.
func (b *broker) ensureQueue(project, name string) (queue, error) {
	var q queue
	err := b.view(func(r *reading) error {
		var err error
		q, err = r.queue(project, name)
		return err
	})
	if errors.Is(err, errNoQueue) {
		err = b.update(func(w *writing) error {
			var err error
			q, _, err = w.createQueue(project, name, nil)
			return err
		})
	}
	return q, err
}

// deleteQueue removes a queue with everything in it. It may be missing.
func (b *broker) deleteQueue(project, name string) error {
	return b.changeQueue(project, name, func(w *writing, q queue) error {
		w.deleteQueue(q)
		return nil
	})
}

// changeQueue runs fn on a queue in one transaction, unless the queue is missing.
func (b *broker) changeQueue(project, name string, fn func(*writing, queue) error) error {
	return b.update(func(w *writing) error {
		q, err := w.queue(project, name)
		if errors.Is(err, errNoQueue) {
			return nil
		}
		if err != nil {
			return err
		}
		return fn(w, q)
	})
}

func (w *writing) saveQueue(q queue) error {
	value, err := q.encode()
	if err == nil {
		w.tx.Put(queueKey(q.project, q.name), value)
	}
	return err
}

// deleteQueue removes a queue with everything in it.
func (w *writing) deleteQueue(q queue) {
	w.purge(q)
	w.dropClaims(q)
	w.tx.Delete(spaceKey(numberSpace, q.uid))
	w.tx.Delete(queueKey(q.project, q.name))
}

// purge removes every message of a queue, claimed or not.
func (w *writing) purge(q queue) {
	prefix := spaceKey(messageSpace, q.uid)
	var all []message
	for key, value := range w.tx.Scan(prefix, after(prefix)) {
		if m, ok := decodeMessage(key, value); ok {
			all = append(all, m)
		}
	}
	for _, m := range all {
		w.removeMessage(q, m)
	}
}

func (w *writing) dropClaims(q queue) {
	prefix := spaceKey(claimSpace, q.uid)
	var all []claim
	for key, value := range w.tx.Scan(prefix, after(prefix)) {
		var id uuid
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
func (w *writing) append(q queue, d draft, client uuid) message {
	return w.appendMessage(q, d.message(w.now, client))
}

// appendMessage gives a message the queue's next number, and an id unless it has one.
func (w *writing) appendMessage(q queue, m message) message {
	key := spaceKey(numberSpace, q.uid)
	m.number = 1
	if value, ok := w.tx.Get(key); ok && len(value) == 8 {
		m.number = binary.BigEndian.Uint64(value)
	}
	w.tx.Put(key, binary.BigEndian.AppendUint64(nil, m.number+1))
	if m.id == (uuid{}) {
		m.id = q.id(m.number)
	} else {
		w.tx.Put(spaceKey(adoptedSpace, q.uid, m.id[:]...), binary.BigEndian.AppendUint64(nil, m.number))
	}
	w.putMessage(q, m)
	return m
}

func (w *writing) putMessage(q queue, m message) {
	key := messageKey(q.uid, m.number)
	w.tx.Put(key, m.encode())
	w.tx.Put(expiryKey(m.expires, key), nil)
}

// replaceMessage stores a changed message; was is what is stored now.
func (w *writing) replaceMessage(q queue, was, m message) {
	if was.expires != m.expires {
		w.tx.Delete(expiryKey(was.expires, messageKey(q.uid, was.number)))
	}
	w.putMessage(q, m)
}

func (w *writing) removeMessage(q queue, m message) {
	key := messageKey(q.uid, m.number)
	w.dropAdoption(key)
	w.tx.Delete(expiryKey(m.expires, key))
	w.tx.Delete(key)
}

func (w *writing) putClaim(q queue, c claim) {
	key := spaceKey(claimSpace, q.uid, c.id[:]...)
	w.tx.Put(key, c.encode())
	w.tx.Put(expiryKey(c.expires, key), nil)
}

func (w *writing) removeClaim(q queue, c claim) {
	key := spaceKey(claimSpace, q.uid, c.id[:]...)
	w.tx.Delete(expiryKey(c.expires, key))
	w.tx.Delete(key)
}
