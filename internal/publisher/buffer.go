package publisher

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// buffer is the state of a publisher, and its flow control. It keeps the messages that
// wait for room, those that wait for their batch, and the count of what is outstanding.
// When a batch is ready it starts a sender.
//
// Its lock is the only one of a publisher. A message is resolved in the critical section
// that gives its room back, so nobody can see one without the other.
type buffer struct {
	config      Config
	errors      Errors
	startSender func() // called with the lock held

	mu      sync.Mutex
	closed  bool
	waiting line // for room

	buffered      line // for their batch
	bufferedBytes int
	timer         *time.Timer // fires when the oldest one has waited long enough
	timerAt       time.Time
	pause         pause

	outstandingMessages int // buffered or in flight
	outstandingBytes    int

	lastNumber     uint64 // of the message accepted last
	lastAcceptedAt time.Time
	flushUpTo      uint64                 // messages up to this number do not wait for others
	flushes        map[*flushing]struct{} // those that wait

	senders    int
	underWay   int // batches that senders have
	inFlight   inFlight
	limit      SizeLimit
	limitAsked bool // the queue need not be asked for it
}

// flow is where a message is. It first waits for room, unless there is some, then it is
// buffered, then it is in a batch.
type flow struct {
	place                  // in buffer.waiting or buffer.buffered
	admitted chan struct{} // closed when it was accepted, or refused by Close

	number     uint64 // in the order of acceptance, from 1 on
	acceptedAt time.Time
}

func newBuffer(config Config, errors Errors, startSender func()) *buffer {
	b := &buffer{
		config: config, errors: errors, startSender: startSender,
		flushes: map[*flushing]struct{}{},
		limit:   SizeLimit{Bytes: DefaultSizeLimit},
		pause:   pause{longest: config.BatchDelay, full: config.BatchMessages},
	}
	b.inFlight = newInFlight(config.Concurrency, config.AdaptConcurrency)
	if config.BatchBytes > 0 {
		b.limit, b.limitAsked = SizeLimit{Bytes: config.BatchBytes, Known: true}, true
	}
	return b
}

// admission is what enqueue did with a message.
type admission int

const (
	decided  admission = iota // accepted, or refused with an error
	mustWait                  // for room
	dropped                   // refused; the observer must be told
)

// enqueue accepts a message, refuses it with an error, or lets it wait for room.
func (b *buffer) enqueue(m *Item) (admission, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return decided, b.errors.Unsent(fault.Closed)
	case b.tooLargeLocked(m):
		return decided, b.errors.TooLarge(b.config.requestSize(1, m.Size), b.limit.Bytes)
	case b.waiting.length == 0 && b.hasRoomLocked(m):
		b.acceptLocked(m)
		return decided, nil
	}
	b.flushUpTo = b.lastNumber // there is no room for more to join the batch
	b.startLocked()
	if b.config.Overflow == Block {
		m.admitted = make(chan struct{})
		b.waiting.push(m)
		return mustWait, nil
	}
	err := b.errors.Unsent(fmt.Errorf("%w: %s (%d bytes), no room for another %d bytes",
		fault.Overflow, count(b.outstandingMessages), b.outstandingBytes, m.Size))
	if b.config.Overflow == Drop {
		return dropped, err
	}
	return decided, err
}

// hasRoomLocked reports whether a message can be accepted. When nothing is outstanding
// a message of any size can.
func (b *buffer) hasRoomLocked(m *Item) bool {
	return b.outstandingMessages == 0 ||
		b.outstandingMessages < b.config.OutstandingMessages && b.outstandingBytes+m.Size <= b.config.OutstandingBytes
}

func (b *buffer) acceptLocked(m *Item) {
	b.lastNumber++
	b.lastAcceptedAt = time.Now()
	m.number, m.acceptedAt = b.lastNumber, b.lastAcceptedAt
	b.buffered.push(m)
	b.bufferedBytes += m.Size
	b.outstandingMessages++
	b.outstandingBytes += m.Size
	b.startLocked()
}

// waitForRoom blocks until a message was accepted or the publisher was closed. If ctx ends
// before, it returns the error with which the message is to be refused.
func (b *buffer) waitForRoom(ctx context.Context, m *Item) error {
	select {
	case <-m.admitted:
		return nil
	case <-ctx.Done():
	}
	if !b.leave(m) {
		<-m.admitted // its wait ended before
		return nil
	}
	return b.errors.Unsent(fmt.Errorf("waiting for room: %w", context.Cause(ctx)))
}

// leave ends the wait of a message. It returns false if that was over already.
func (b *buffer) leave(m *Item) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.in != &b.waiting {
		return false
	}
	b.waiting.remove(m)
	b.admitWaitingLocked() // a smaller one behind it may fit
	b.startLocked()
	return true
}

// admitWaitingLocked accepts messages that wait for room, in their order, until one does
// not fit.
func (b *buffer) admitWaitingLocked() {
	for m := b.waiting.first; m != nil; m = b.waiting.first {
		if !b.hasRoomLocked(m) {
			b.flushUpTo = b.lastNumber
			return
		}
		b.waiting.remove(m)
		close(m.admitted)
		b.acceptLocked(m)
	}
}

// cancel takes a message out of the buffer. A message that is in a batch or resolved
// stays as it is.
func (b *buffer) cancel(m *Item) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.in != &b.buffered {
		return
	}
	b.resolveLocked(m, "", b.errors.Unsent(fmt.Errorf("cancelled before it was sent: %w", context.Canceled)))
	b.admitWaitingLocked()
	b.startLocked()
}

// resolve resolves the messages of a batch: each with its id, or all with one error.
func (b *buffer) resolve(batch []*Item, ids []string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, m := range batch {
		if err != nil {
			b.resolveLocked(m, "", err)
		} else {
			b.resolveLocked(m, ids[i], nil)
		}
	}
	b.admitWaitingLocked()
	b.startLocked()
}

// resolveLocked resolves a message that was accepted, and gives its room back.
func (b *buffer) resolveLocked(m *Item, id string, err error) {
	b.removeLocked(m)
	b.outstandingMessages--
	b.outstandingBytes -= m.Size
	m.Message = wire.Outgoing{} // a future may be kept long, and must not keep the body
	m.Outcome.Resolve(id, err)
	b.countFlushesLocked(m)
}

// removeLocked takes a message out of the buffer, if it is there.
func (b *buffer) removeLocked(m *Item) {
	if m.in == &b.buffered {
		b.buffered.remove(m)
		b.bufferedBytes -= m.Size
	}
	if b.buffered.length == 0 && b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
}

// startLocked starts a sender if a batch is ready. Otherwise it sets the timer that will.
// While there are as many senders as there may be, one of them will call it.
func (b *buffer) startLocked() {
	oldest := b.buffered.first
	switch {
	case oldest == nil || b.senders >= b.inFlight.limit:
	case b.readyLocked():
		b.senders++
		b.startSender()
	default:
		b.setTimerLocked(b.waitLocked(oldest))
	}
}

// setTimerLocked sets the timer, unless it fires before that anyway.
func (b *buffer) setTimerLocked(wait time.Duration) {
	at := time.Now().Add(wait)
	switch {
	case b.timer == nil:
		b.timer = time.AfterFunc(wait, b.delayOver)
	case at.Before(b.timerAt):
		b.timer.Reset(wait)
	default:
		return
	}
	b.timerAt = at
}

// delayOver is called by the timer. The message it was set for may be gone.
func (b *buffer) delayOver() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.timer = nil
	b.startLocked()
}

// close refuses new messages, and returns those that wait for room.
func (b *buffer) close() (refused []*Item) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for m := b.waiting.first; m != nil; m = b.waiting.first {
		b.waiting.remove(m)
		refused = append(refused, m)
	}
	return refused
}

// takeBuffered returns the messages that are not in a batch yet. They stay outstanding
// until they are resolved.
func (b *buffer) takeBuffered() (taken []*Item) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for m := b.buffered.first; m != nil; m = b.buffered.first {
		b.removeLocked(m)
		taken = append(taken, m)
	}
	return taken
}

func (b *buffer) outstanding() (messages, bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.outstandingMessages, b.outstandingBytes
}

// count writes a number of messages.
func count(messages int) string {
	if messages == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", messages)
}
