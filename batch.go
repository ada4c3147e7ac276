package zaqar

import "time"

// sizeLimit is how large a request may be.
type sizeLimit struct {
	bytes   int
	asked   bool // whether the queue needs not be asked
	certain bool // whether what is larger is refused without trying
}

func (o *outbox) tooLarge(m *parcel) bool {
	return o.limit.certain && o.envelope+m.size > o.limit.bytes
}

// ready reports whether a batch shall be sent now.
func (o *outbox) ready() bool {
	front := o.front()
	return front != nil && (front.number <= o.due ||
		o.buffer.Len() >= o.publisher.config.BatchMessages ||
		o.size(o.buffer.Len(), o.held) >= o.limit.bytes ||
		time.Since(front.since) >= o.publisher.config.BatchDelay)
}

// size is the size of a request of so many messages with these sizes together.
func (o *outbox) size(messages, held int) int {
	return o.envelope + held + max(0, messages-1) // the commas
}

// next returns the next batch, nil when there is none and the sender ends. learn
// asks how large a request may be.
func (o *outbox) next(learn func() sizeLimit) []*parcel {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.ready() {
		if !o.limit.asked {
			o.limit.asked = true
			o.mu.Unlock()
			limit := learn()
			o.mu.Lock()
			o.limit.bytes, o.limit.certain = limit.bytes, limit.certain
			continue
		}
		if batch := o.cut(); len(batch) > 0 {
			o.start() // another one may be ready, for another sender
			return batch
		}
	}
	o.senders--
	o.start() // for what is not ready yet
	return nil
}

// cut takes as many messages from the front of the buffer as make a batch. Those that
// no request can hold end here.
func (o *outbox) cut() []*parcel {
	var batch []*parcel
	held := 0
	for m := o.front(); m != nil && len(batch) < o.publisher.config.BatchMessages; m = o.front() {
		if o.tooLarge(m) {
			o.end(m, "", o.publisher.tooLarge(o.envelope+m.size, o.limit.bytes))
			continue
		}
		if len(batch) > 0 && o.size(len(batch)+1, held+m.size) > o.limit.bytes {
			break
		}
		o.take(m)
		held += m.size
		batch = append(batch, m)
	}
	o.admit()
	return batch
}

// doubt has the limit asked for again, since the server refused a request.
func (o *outbox) doubt() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p := o.publisher; p.config.BatchBytes == 0 && p.queue.conn.version == V2 {
		o.limit.asked = false
	}
}
