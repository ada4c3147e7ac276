package publisher

// flushing is a flush that waits until messages are resolved.
type flushing struct {
	upTo uint64 // the number of the last one
	left int    // not resolved yet
	done chan struct{}
}

// flush makes everything in the buffer ready. The result is done when everything that is
// outstanding now is resolved. Pass it to forget when nobody waits for it any more.
func (b *buffer) flush() *flushing {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flushUpTo = b.lastNumber
	b.startLocked()
	f := &flushing{upTo: b.lastNumber, left: b.outstandingMessages, done: make(chan struct{})}
	if f.left == 0 {
		close(f.done)
	} else {
		b.flushes[f] = struct{}{}
	}
	return f
}

// countFlushesLocked counts a message that was resolved.
func (b *buffer) countFlushesLocked(m *Item) {
	for f := range b.flushes {
		if m.number > f.upTo {
			continue
		}
		if f.left--; f.left == 0 {
			close(f.done)
			delete(b.flushes, f)
		}
	}
}

func (b *buffer) forget(f *flushing) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.flushes, f)
}
