package zaqartest

import (
	"context"
	"sync"

	"github.com/coder/websocket"
)

// What a session holds for a client that does not read: beyond it answers wait,
// and a push ends the connection.
const (
	sendQueueFrames = 1000
	sendQueueBytes  = 8 << 20
)

// outgoing is a frame that is to be sent, or the end of the connection.
type wsOutgoing struct {
	binary  bool
	content []byte

	closes bool
	code   websocket.StatusCode
	reason string
}

// outbox holds what is to be sent to a client, in order.
type sendQueue struct {
	mu      sync.Mutex
	frames  []wsOutgoing
	size    int           // in bytes
	closed  bool          // nothing more goes in
	filled  chan struct{} // holds one when something came in
	emptied chan struct{} // holds one when something went out
}

func newSendQueue() *sendQueue {
	return &sendQueue{filled: make(chan struct{}, 1), emptied: make(chan struct{}, 1)}
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
func (o *sendQueue) tryPut(f wsOutgoing) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return true
	}
	if len(o.frames) > 0 && (len(o.frames) >= sendQueueFrames || o.size+len(f.content) > sendQueueBytes) {
		return false
	}
	o.frames = append(o.frames, f)
	o.size += len(f.content)
	signal(o.filled)
	return true
}

// put adds a frame as soon as there is room; false: ctx ended before. Only one
// goroutine may wait.
func (o *sendQueue) put(ctx context.Context, f wsOutgoing) bool {
	for !o.tryPut(f) {
		select {
		case <-o.emptied:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// finish lets the connection end after what is in the box.
func (o *sendQueue) close(code websocket.StatusCode, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.closed = true
		o.frames = append(o.frames, wsOutgoing{closes: true, code: code, reason: reason})
		signal(o.filled)
	}
}

// take waits for the next frame; false: ctx ended before. Only one goroutine may
// wait.
func (o *sendQueue) wait(ctx context.Context) (wsOutgoing, bool) {
	for {
		if f, ok := o.pop(); ok {
			return f, true
		}
		select {
		case <-o.filled:
		case <-ctx.Done():
			return wsOutgoing{}, false
		}
	}
}

func (o *sendQueue) pop() (wsOutgoing, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.frames) == 0 {
		return wsOutgoing{}, false
	}
	f := o.frames[0]
	o.frames = o.frames[1:]
	o.size -= len(f.content)
	signal(o.emptied)
	return f, true
}
