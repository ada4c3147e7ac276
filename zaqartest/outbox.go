package zaqartest

import (
	"context"
	"sync"

	"github.com/coder/websocket"
)

// What a session holds for a client that does not read: beyond it answers wait,
// and a push ends the connection.
const (
	outboxFrames = 1000
	outboxBytes  = 8 << 20
)

// outgoing is a frame that is to be sent, or the end of the connection.
type outgoing struct {
	binary  bool
	content []byte

	goodbye bool
	code    websocket.StatusCode
	reason  string
}

// outbox holds what is to be sent to a client, in order.
type outbox struct {
	mu       sync.Mutex
	frames   []outgoing
	size     int           // in bytes
	finished bool          // nothing more goes in
	filled   chan struct{} // holds one when something came in
	emptied  chan struct{} // holds one when something went out
}

func newOutbox() *outbox {
	return &outbox{filled: make(chan struct{}, 1), emptied: make(chan struct{}, 1)}
}

// signal leaves word for somebody who waits, or will.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// offer adds a frame if there is room. Something always fits into an empty one.
// What comes after the end is dropped: nobody would get it.
func (o *outbox) offer(f outgoing) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.finished {
		return true
	}
	if len(o.frames) > 0 && (len(o.frames) >= outboxFrames || o.size+len(f.content) > outboxBytes) {
		return false
	}
	o.frames = append(o.frames, f)
	o.size += len(f.content)
	signal(o.filled)
	return true
}

// put adds a frame as soon as there is room; false: ctx ended before. Only one
// goroutine may wait.
func (o *outbox) put(ctx context.Context, f outgoing) bool {
	for !o.offer(f) {
		select {
		case <-o.emptied:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// finish lets the connection end after what is in the box.
func (o *outbox) finish(code websocket.StatusCode, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.finished {
		o.finished = true
		o.frames = append(o.frames, outgoing{goodbye: true, code: code, reason: reason})
		signal(o.filled)
	}
}

// take waits for the next frame; false: ctx ended before. Only one goroutine may
// wait.
func (o *outbox) take(ctx context.Context) (outgoing, bool) {
	for {
		if f, ok := o.next(); ok {
			return f, true
		}
		select {
		case <-o.filled:
		case <-ctx.Done():
			return outgoing{}, false
		}
	}
}

func (o *outbox) next() (outgoing, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.frames) == 0 {
		return outgoing{}, false
	}
	f := o.frames[0]
	o.frames = o.frames[1:]
	o.size -= len(f.content)
	signal(o.emptied)
	return f, true
}
