package zaqartest

import (
	"context"
	"sync"

	"github.com/coder/websocket"
)

// The bounds of a send queue. When it is full, or the server's memory is, answers wait,
// and a push cuts the connection.
const (
	sendQueueFrames = 1000
	sendQueueBytes  = 8 << 20
)

// wsOutgoing is a frame to send, or the end of the connection.
type wsOutgoing struct {
	binary  bool
	content []byte

	closes bool
	code   websocket.StatusCode
	reason string
}

// sendQueue holds the frames that are to be sent to a client, in order.
type sendQueue struct {
	transit *transit
	mu      sync.Mutex
	frames  []wsOutgoing
	size    int           // in bytes
	closed  bool          // it accepts no more frames
	filled  chan struct{} // holds a value after a frame was added
	emptied chan struct{} // holds a value after a frame was removed
}

func newSendQueue(t *transit) *sendQueue {
	return &sendQueue{transit: t, filled: make(chan struct{}, 1), emptied: make(chan struct{}, 1)}
}

// signal wakes the goroutine that waits on c, now or later.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// tryPut adds a frame if there is room. An empty queue accepts a frame of any size.
// After close, frames are dropped, because nobody would receive them.
func (q *sendQueue) tryPut(f wsOutgoing) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return true
	}
	size := len(f.content)
	switch {
	case len(q.frames) == 0:
		q.transit.take(int64(size))
	case len(q.frames) >= sendQueueFrames, q.size+size > sendQueueBytes, !q.transit.acquireForFrame(int64(size)):
		return false
	}
	q.frames = append(q.frames, f)
	q.size += size
	signal(q.filled)
	return true
}

// put adds a frame as soon as there is room. It returns false if ctx ends first.
// Only one goroutine may wait.
func (q *sendQueue) put(ctx context.Context, f wsOutgoing) bool {
	for !q.tryPut(f) {
		select {
		case <-q.emptied:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// close ends the connection after everything in the queue.
func (q *sendQueue) close(code websocket.StatusCode, reason string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.closed = true
		q.frames = append(q.frames, wsOutgoing{closes: true, code: code, reason: reason})
		signal(q.filled)
	}
}

// drop drops everything in the queue, once nobody will send it.
func (q *sendQueue) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.transit.release(int64(q.size))
	q.closed, q.frames, q.size = true, nil, 0
}

// wait waits for the next frame. It returns false if ctx ends first. Only one
// goroutine may wait.
func (q *sendQueue) wait(ctx context.Context) (wsOutgoing, bool) {
	for {
		if f, ok := q.pop(); ok {
			return f, true
		}
		select {
		case <-q.filled:
		case <-ctx.Done():
			return wsOutgoing{}, false
		}
	}
}

func (q *sendQueue) pop() (wsOutgoing, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.frames) == 0 {
		return wsOutgoing{}, false
	}
	f := q.frames[0]
	q.frames = q.frames[1:]
	q.size -= len(f.content)
	q.transit.release(int64(len(f.content)))
	signal(q.emptied)
	return f, true
}
