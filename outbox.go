package zaqar

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// parcel is a message on its way through a publisher: it may wait for room, then
// waits in the buffer, then is part of a batch, and ends.
type parcel struct {
	message wire.Outgoing
	size    int // encoded
	future  *Future[string]

	number   uint64        // in the order of acceptance, from 1 on
	since    time.Time     // of its acceptance
	turn     *list.Element // among those that wait for room
	admitted chan struct{} // closed at the end of that wait
	place    *list.Element // in the buffer
}

// outbox is what a publisher holds: who waits for room, the buffer of messages that
// wait for their batch, and the account of what is outstanding. It starts senders
// when a batch is ready, and none stays when there is none.
type outbox struct {
	publisher *Publisher
	envelope  int // a request's size without messages

	mu      sync.Mutex
	closed  bool
	last    uint64 // the number of the message accepted last
	due     uint64 // messages up to this number do not wait for others
	waiting list.List
	buffer  list.List
	held    int // the sizes in the buffer
	pending map[*parcel]struct{}
	used    int // the sizes of pending
	senders int
	timer   *time.Timer
	limit   sizeLimit
}

// admission is what becomes of an offer.
type admission int

const (
	settled admission = iota // accepted, or its future has ended
	waits
	dropped
)

func (o *outbox) open(p *Publisher) {
	o.publisher = p
	o.pending = map[*parcel]struct{}{}
	empty, err := wire.Encode(wire.Version(p.queue.conn.version), wire.MessagePost,
		wire.Params{"queue_name": "q", "messages": []wire.Outgoing{}})
	if err == nil {
		o.envelope = len(empty.Body)
	}
	o.limit = sizeLimit{bytes: postSize, asked: p.queue.conn.version != V2}
	if p.config.BatchBytes > 0 {
		o.limit = sizeLimit{bytes: p.config.BatchBytes, asked: true, certain: true}
	}
}

// offer accepts a message, refuses it or lets it wait for room.
func (o *outbox) offer(m *parcel, overflow Overflow) admission {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed:
		m.future.resolve("", o.publisher.unsent(ErrClosed))
		return settled
	case o.tooLarge(m):
		m.future.resolve("", o.publisher.tooLarge(o.envelope+m.size, o.limit.bytes))
		return settled
	case o.waiting.Len() == 0 && o.fits(m):
		o.accept(m)
		return settled
	}
	o.due = o.last // there is no room: nothing waits for more to join it
	o.start()
	if overflow == OverflowBlock {
		m.admitted = make(chan struct{})
		m.turn = o.waiting.PushBack(m)
		return waits
	}
	m.future.resolve("", o.publisher.unsent(fmt.Errorf("%w: %d messages of %d bytes, and one of %d came",
		ErrOverflow, len(o.pending), o.used, m.size)))
	if overflow == OverflowDrop {
		return dropped
	}
	return settled
}

// fits reports whether there is room. One message has room whatever its size.
func (o *outbox) fits(m *parcel) bool {
	config := &o.publisher.config
	return len(o.pending) == 0 ||
		len(o.pending) < config.OutstandingMessages && o.used+m.size <= config.OutstandingBytes
}

func (o *outbox) accept(m *parcel) {
	o.last++
	m.number, m.since = o.last, time.Now()
	m.place = o.buffer.PushBack(m)
	o.held += m.size
	o.pending[m] = struct{}{}
	o.used += m.size
	o.start()
}

// await blocks until a message was accepted or refused, or ctx ends.
func (o *outbox) await(ctx context.Context, m *parcel) {
	select {
	case <-m.admitted:
		return
	case <-ctx.Done():
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if m.turn == nil {
		return // it was its turn in this moment
	}
	o.leave(m)
	m.future.resolve("", o.publisher.unsent(fmt.Errorf("waiting for room: %w", context.Cause(ctx))))
	o.admit() // a smaller one behind it may fit
	o.start()
}

// leave ends the wait of a message for room.
func (o *outbox) leave(m *parcel) {
	o.waiting.Remove(m.turn)
	m.turn = nil
	close(m.admitted)
}

// admit accepts those that wait for room, in their order.
func (o *outbox) admit() {
	for front := o.waiting.Front(); front != nil; front = o.waiting.Front() {
		m, _ := front.Value.(*parcel)
		if !o.fits(m) {
			o.due = o.last
			return
		}
		o.leave(m)
		o.accept(m)
	}
}

// recall takes a message out of the buffer.
func (o *outbox) recall(m *parcel) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if m.place == nil {
		return
	}
	o.end(m, "", o.publisher.unsent(fmt.Errorf("taken back before it was sent: %w", context.Canceled)))
	o.admit()
	o.start()
}

// settle ends the messages of a batch, with their ids or all with one error.
func (o *outbox) settle(batch []*parcel, ids []string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, m := range batch {
		if err != nil {
			o.end(m, "", err)
		} else {
			o.end(m, ids[i], nil)
		}
	}
	o.admit()
	o.start()
}

// end ends a message that was accepted, and gives its room back.
func (o *outbox) end(m *parcel, id string, err error) {
	o.take(m)
	delete(o.pending, m)
	o.used -= m.size
	m.message = wire.Outgoing{} // futures may be kept long, bodies not
	m.future.resolve(id, err)
}

// take takes a message out of the buffer, if it is there.
func (o *outbox) take(m *parcel) {
	if m.place != nil {
		o.buffer.Remove(m.place)
		o.held -= m.size
		m.place = nil
	}
	if o.buffer.Len() == 0 && o.timer != nil {
		o.timer.Stop()
		o.timer = nil
	}
}

// start starts a sender when a batch is ready, and otherwise sees to it that one
// will be when the oldest message has waited long enough.
func (o *outbox) start() {
	front := o.front()
	switch {
	case front == nil:
	case !o.ready():
		if o.timer == nil {
			o.timer = time.AfterFunc(o.publisher.config.BatchDelay-time.Since(front.since), o.ring)
		}
	case o.senders < o.publisher.config.Concurrency:
		o.senders++
		go o.publisher.send()
	}
}

// ring is the end of the oldest message's wait, or of that of one that is gone.
func (o *outbox) ring() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.timer = nil
	o.start()
}

func (o *outbox) front() *parcel {
	if o.buffer.Len() == 0 {
		return nil
	}
	m, _ := o.buffer.Front().Value.(*parcel)
	return m
}

// hurry makes what is in the buffer ready, and returns the futures of all that is
// outstanding.
func (o *outbox) hurry() []*Future[string] {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.due = o.last
	o.start()
	futures := make([]*Future[string], 0, len(o.pending))
	for m := range o.pending {
		futures = append(futures, m.future)
	}
	return futures
}

// shut refuses new messages.
func (o *outbox) shut() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	for front := o.waiting.Front(); front != nil; front = o.waiting.Front() {
		m, _ := front.Value.(*parcel)
		o.leave(m)
		m.future.resolve("", o.publisher.unsent(ErrClosed))
	}
}

// abandon ends what is in the buffer.
func (o *outbox) abandon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for m := o.front(); m != nil; m = o.front() {
		o.end(m, "", o.publisher.unsent(ErrClosed))
	}
}

func (o *outbox) outstanding() (messages, bytes int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.pending), o.used
}
