package zaqartest

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// wsReadAhead holds the requests that were read and not answered yet, in order.
type wsReadAhead struct {
	transit *transit
	mu      sync.Mutex
	frames  []wsIncoming
	size    int           // in bytes
	filled  chan struct{} // holds a value after a frame was added
	emptied chan struct{} // holds a value after a frame was removed
}

func newWSReadAhead(t *transit) *wsReadAhead {
	return &wsReadAhead{transit: t, filled: make(chan struct{}, 1), emptied: make(chan struct{}, 1)}
}

// put adds a request as soon as there is room. Alone it may have any size. It returns
// false if ctx ends first.
func (a *wsReadAhead) put(ctx context.Context, in wsIncoming) bool {
	for !a.tryPut(in) {
		select {
		case <-a.emptied:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func (a *wsReadAhead) tryPut(in wsIncoming) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.frames) > 0 && (len(a.frames) >= readAhead || a.size+len(in.content) > readAheadBytes) {
		return false
	}
	a.frames = append(a.frames, in)
	a.size += len(in.content)
	signal(a.filled)
	return true
}

// next waits for the next request. It returns false if ctx ends first.
func (a *wsReadAhead) next(ctx context.Context) (wsIncoming, bool) {
	for {
		if in, ok := a.pop(); ok {
			return in, true
		}
		select {
		case <-a.filled:
		case <-ctx.Done():
			return wsIncoming{}, false
		}
	}
}

func (a *wsReadAhead) pop() (wsIncoming, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.frames) == 0 {
		return wsIncoming{}, false
	}
	in := a.frames[0]
	a.frames = slices.Delete(a.frames, 0, 1)
	a.size -= len(in.content)
	signal(a.emptied)
	return in, true
}

// release gives back the memory of a request that was answered or dropped.
func (a *wsReadAhead) release(in wsIncoming) { a.transit.release(in.held) }

// drop drops all requests, once the session has ended.
func (a *wsReadAhead) drop() {
	for {
		in, ok := a.pop()
		if !ok {
			return
		}
		a.release(in)
	}
}

// firstPiece is how much of a frame is read before memory is taken for the next piece.
// Each piece is as large as all before it, so a client has to send what it makes the
// server hold.
const firstPiece = 2 * smallBody

// readFrame reads a frame. The client may take as long as it likes to begin one, but not
// to finish it. If there is not enough memory, the error is errTransitFull.
func (ws *wsSession) readFrame() (in wsIncoming, err error) {
	kind, reader, err := ws.conn.Reader(ws.ctx)
	if err != nil {
		return in, err
	}
	slow := time.AfterFunc(bodyTimeout, ws.end)
	defer slow.Stop()
	in.binary = kind == websocket.MessageBinary
	defer func() {
		if err != nil {
			ws.requests.release(in)
			in = wsIncoming{}
		}
	}()
	for {
		piece := max(firstPiece, cap(in.content))
		if !ws.srv.transit.acquire(int64(piece)) {
			return in, errTransitFull
		}
		in.held += int64(piece)
		in.content = slices.Grow(in.content, piece)
		room := in.content[len(in.content) : len(in.content)+piece]
		n, err := io.ReadFull(reader, room)
		in.content = in.content[:len(in.content)+n]
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return in, nil
		case err != nil:
			return in, err
		}
	}
}
