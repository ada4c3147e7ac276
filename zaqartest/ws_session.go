package zaqartest

import (
	"context"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

const (
	// writeGrace is how long a client may take to receive a frame.
	writeGrace = 30 * time.Second
	// closingGrace is how long it may take to say goodbye.
	closingGrace = time.Second
	// askedAhead is how many requests are read before the first of them has been
	// answered. Then the client has to wait.
	readAhead = 16
)

// session is a WebSocket that is open. One goroutine reads requests, one answers
// them in their order, one writes.
type wsSession struct {
	srv  *Server
	id   broker.UUID
	conn *websocket.Conn
	// ctx ends when the connection does.
	ctx        context.Context
	cancel     context.CancelFunc
	requests   chan wsIncoming
	queue      *sendQueue
	auth       wsAuth
	subscribed pushSubscriptions
	endOnce    func()
}

// incoming is a frame that a client sent.
type wsIncoming struct {
	binary  bool
	content []byte
}

func newWSSession(s *Server, conn *websocket.Conn, beneath net.Conn) *wsSession {
	x := &wsSession{srv: s, id: broker.NewUUID(), conn: conn, requests: make(chan wsIncoming, readAhead), queue: newSendQueue()}
	// Not below the server's: that ends at once, this one after a goodbye.
	x.ctx, x.cancel = context.WithCancel(context.WithoutCancel(s.ctx))
	x.endOnce = sync.OnceFunc(func() {
		x.srv.sessions.remove(x)
		x.unsubscribe()
		x.cancel()
		x.auth.revoke()
		_ = beneath.Close() // whatever anybody does with it
	})
	return x
}

// run serves the connection until it ends.
func (x *wsSession) run() {
	x.srv.sessions.add(x)
	defer func() {
		x.end()
		_ = x.conn.CloseNow() // it is closed, or nobody is there
	}()
	stop := context.AfterFunc(x.srv.ctx, func() {
		x.close(websocket.StatusGoingAway, "The server is closing.")
	})
	defer stop()
	var others sync.WaitGroup
	defer others.Wait()
	others.Go(x.write)
	others.Go(x.answerRequests)
	x.read()
	x.end()
}

// end cuts the connection, unless it has ended. It does not wait.
func (x *wsSession) end() { x.endOnce() }

// close says goodbye after what is still to be sent. A client that does not
// take it is cut off.
func (x *wsSession) close(code websocket.StatusCode, reason string) {
	x.queue.close(code, reason)
	timer := time.AfterFunc(closingGrace, x.end)
	context.AfterFunc(x.ctx, func() { timer.Stop() })
}

func (x *wsSession) read() {
	for {
		kind, content, err := x.conn.Read(x.ctx)
		if err != nil {
			return
		}
		select {
		case x.requests <- wsIncoming{kind == websocket.MessageBinary, content}:
		case <-x.ctx.Done():
			return
		}
	}
}

func (x *wsSession) answerRequests() {
	for {
		select {
		case in := <-x.requests:
			if answer, ok := x.answer(in); !ok || !x.queue.put(x.ctx, answer) {
				x.end()
				return
			}
		case <-x.ctx.Done():
			return
		}
	}
}

func (x *wsSession) write() {
	for {
		next, ok := x.queue.wait(x.ctx)
		switch {
		case !ok:
			return
		case next.closes:
			_ = x.conn.Close(next.code, next.reason) // it is over either way
			x.end()
			return
		}
		if err := x.send(next); err != nil {
			x.end()
			return
		}
	}
}

func (x *wsSession) send(next wsOutgoing) error {
	ctx, cancel := context.WithTimeout(x.ctx, writeGrace)
	defer cancel()
	kind := websocket.MessageText
	if next.binary {
		kind = websocket.MessageBinary
	}
	return x.conn.Write(ctx, kind, next.content)
}

// sockets are the sessions of a server, by their ids.
type wsSessions struct {
	mu   sync.Mutex
	open map[string]*wsSession
}

func (s *wsSessions) add(x *wsSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[x.id.String()] = x
}

func (s *wsSessions) remove(x *wsSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, x.id.String())
}

// find returns a session that is open, or nil.
func (s *wsSessions) find(id string) *wsSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[id]
}

func (s *wsSessions) all() []*wsSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.open))
}
