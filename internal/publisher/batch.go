package publisher

import "time"

// readyLocked reports whether a batch must be sent now.
func (b *buffer) readyLocked() bool {
	oldest := b.buffered.first
	return oldest != nil && (b.pressedLocked(oldest) || b.waitLocked(oldest) <= 0)
}

// pressedLocked reports whether there is a whole batch, or no use in waiting for one.
func (b *buffer) pressedLocked(oldest *Item) bool {
	return oldest.number <= b.flushUpTo ||
		b.buffered.length >= b.config.BatchMessages ||
		b.config.requestSize(b.buffered.length, b.bufferedBytes) >= b.limit.Bytes
}

// waitLocked returns how long the oldest message waits for others to join it.
func (b *buffer) waitLocked(oldest *Item) time.Duration {
	wait := b.config.BatchDelay - time.Since(oldest.acceptedAt)
	if !b.config.AdaptDelay || b.underWay > 0 {
		return wait
	}
	return min(wait, b.pause.left(b.buffered.length, b.lastAcceptedAt))
}

// work is what a sender has to do next: ask the queue for its size limit, fail messages,
// send a batch.
type work struct {
	askLimit bool
	tooLarge []*Item // no request can hold them
	limit    int     // which they exceed
	batch    []*Item
	cutAt    time.Time
}

// next tells a sender what to do after what it has done; at first that is nothing. When
// there is nothing to do it returns false, and the sender ends.
func (b *buffer) next(done work) (w work, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !done.cutAt.IsZero() {
		b.underWay--
		b.pause.begin(len(done.batch), b.buffered.length, time.Since(done.cutAt))
	}
	if oldest := b.buffered.first; oldest == nil || !b.pressedLocked(oldest) {
		b.inFlight.void()
	}
	switch {
	case b.senders > b.inFlight.limit:
		b.senders--
		return work{}, false
	case !b.readyLocked():
		b.senders--
		b.startLocked() // sets the timer
		return work{}, false
	case !b.limitAsked:
		b.limitAsked = true
		return work{askLimit: true}, true
	}
	w = b.cutLocked()
	w.cutAt = time.Now()
	b.underWay++
	b.startLocked() // another batch may be ready for another sender
	return w, true
}

// stored notes that a batch was stored.
func (b *buffer) stored(messages int) {
	if !b.config.AdaptConcurrency {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight.stored(messages)
}

// failed notes that an attempt to send a batch failed, and not for what the batch holds.
func (b *buffer) failed(started time.Time) {
	if !b.config.AdaptConcurrency {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight.failed(started)
}

// cutLocked takes a batch from the front of the buffer, and the messages before and
// between it that are too large.
func (b *buffer) cutLocked() work {
	w := work{limit: b.limit.Bytes}
	bytes := 0
	for m := b.buffered.first; m != nil && len(w.batch) < b.config.BatchMessages; m = b.buffered.first {
		if b.tooLargeLocked(m) {
			b.removeLocked(m)
			w.tooLarge = append(w.tooLarge, m)
			continue
		}
		if len(w.batch) > 0 && b.config.requestSize(len(w.batch)+1, bytes+m.Size) > b.limit.Bytes {
			break
		}
		b.removeLocked(m)
		bytes += m.Size
		w.batch = append(w.batch, m)
	}
	return w
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
