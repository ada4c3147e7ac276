package broker

import "errors"

// CreateQueue creates a queue unless it exists. created is false if it existed.
func (b *Broker) CreateQueue(project, name string, content Metadata) (created bool, err error) {
	err = b.Update(func(w *WriteTx) error {
		var err error
		_, created, err = w.CreateQueue(project, name, content)
		return err
	})
	return created, err
}

// EnsureQueue returns a queue, and creates it if it is missing.
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

// DeleteQueue removes a queue with everything in it. The queue need not exist.
func (b *Broker) DeleteQueue(project, name string) error {
	return b.changeQueue(project, name, func(w *WriteTx, q Queue) error {
		w.DeleteQueue(q)
		return nil
	})
}

// changeQueue runs fn on a queue, in one transaction. It does nothing if the queue
// is missing.
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

// CreateQueue creates a queue unless it exists. created is false if it existed.
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
	w.countQueue(project, 1)
	return q, true, w.SaveQueue(q)
}

// SaveQueue stores a queue with its metadata.
func (w *WriteTx) SaveQueue(q Queue) error {
	value, err := q.encode()
	if err == nil {
		w.tx.Put(queueKey(q.Project, q.Name), value)
	}
	return err
}

// DeleteQueue removes a queue with everything in it.
func (w *WriteTx) DeleteQueue(q Queue) {
	w.DeleteAllMessages(q)
	w.dropClaims(q)
	w.dropTally(q.uid)
	w.tx.Delete(queueKey(q.Project, q.Name))
	w.countQueue(q.Project, -1)
}
