package publisher

import "time"

// readyLocked reports whether a batch must be sent now.
func (b *buffer) readyLocked() bool {
	oldest := first(&b.buffered)
	return oldest != nil && (oldest.number <= b.flushUpTo ||
		b.buffered.Len() >= b.config.BatchMessages ||
		b.config.requestSize(b.buffered.Len(), b.bufferedBytes) >= b.limit.Bytes ||
		time.Since(oldest.acceptedAt) >= b.config.BatchDelay)
}

// next tells a sender what to do: ask the queue for its size limit, or send a batch.
// When it returns neither, the sender ends.
func (b *buffer) next() (batch []*Item, askLimit bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.readyLocked() {
		if !b.limitAsked {
			b.limitAsked = true
			return nil, true
		}
		if batch := b.cutLocked(); len(batch) > 0 {
			b.startLocked() // another batch may be ready for another sender
			return batch, false
		}
	}
	b.senders--
	b.startLocked() // sets the timer
	return nil, false
}

// cutLocked takes a batch from the front of the buffer. Messages that no request can
// hold fail here.
func (b *buffer) cutLocked() []*Item {
	var batch []*Item
	bytes := 0
	for m := first(&b.buffered); m != nil && len(batch) < b.config.BatchMessages; m = first(&b.buffered) {
		if b.tooLargeLocked(m) {
			b.resolveLocked(m, "", b.errors.TooLarge(b.config.requestSize(1, m.Size), b.limit.Bytes))
			continue
		}
		if len(batch) > 0 && b.config.requestSize(len(batch)+1, bytes+m.Size) > b.limit.Bytes {
			break
		}
		b.removeLocked(m)
		bytes += m.Size
		batch = append(batch, m)
	}
	b.admitWaitingLocked()
	return batch
}

// tooLargeLocked reports whether no request can hold a message.
func (b *buffer) tooLargeLocked(m *Item) bool {
	return b.limit.Known && b.config.requestSize(1, m.Size) > b.limit.Bytes
}

// setLimit sets the size limit that the queue answered.
func (b *buffer) setLimit(limit SizeLimit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit = limit
}

// relearnLimit has the queue asked again for its size limit, unless the user set one.
func (b *buffer) relearnLimit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limitAsked = b.config.BatchBytes > 0
}
