package zaqartest

import (
	"context"
	"errors"
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
	// closingGrace is how long a client may take for the closing handshake.
	closingGrace = time.Second
	// readAhead is how many requests are read before the first one is answered, and
	// readAheadBytes is how large they may be together. Then the client has to wait.
	readAhead      = 16
	readAheadBytes = 1 << 20
)

// wsSession is an open WebSocket. One goroutine reads requests, one answers them in
// order, and one writes.
type wsSession struct {
	srv  *Server
	id   broker.UUID
	conn *websocket.Conn
	// ctx ends with the connection.
	ctx        context.Context
	cancel     context.CancelFunc
	requests   *wsReadAhead
	queue      *sendQueue
	auth       wsAuth
	subscribed pushSubscriptions
	endOnce    func()
}

// wsIncoming is a frame that a client sent.
type wsIncoming struct {
	binary  bool
	content []byte
	held    int64 // the memory that it holds, in bytes
}

func newWSSession(s *Server, conn *websocket.Conn, beneath net.Conn) *wsSession {
	ws := &wsSession{
		srv: s, id: broker.NewUUID(), conn: conn,
		requests: newWSReadAhead(s.transit), queue: newSendQueue(s.transit),
	}
	// The server's context ends at once, but a session closes properly first. So its
	// own context does not descend from it.
	ws.ctx, ws.cancel = context.WithCancel(context.WithoutCancel(s.ctx))
	ws.endOnce = sync.OnceFunc(func() {
		ws.srv.sessions.remove(ws)
		ws.unsubscribe()
		ws.cancel()
		ws.auth.revoke()
		_ = beneath.Close() // it may be closed already
	})
	return ws
}

// run serves the connection until it ends.
func (ws *wsSession) run() {
	ws.srv.sessions.add(ws)
	defer func() {
		ws.end()
		_ = ws.conn.CloseNow() // it is closed, or the client is gone
		ws.requests.drop()
		ws.queue.drop()
	}()
	stop := context.AfterFunc(ws.srv.ctx, func() {
		ws.close(websocket.StatusGoingAway, "The server is closing.")
	})
	defer stop()
	var others sync.WaitGroup
	defer others.Wait()
	others.Go(ws.write)
	others.Go(ws.answerRequests)
	ws.read()
	ws.end()
}

// end cuts the connection, unless it has ended. It does not wait.
func (ws *wsSession) end() { ws.endOnce() }

// close closes the connection after everything in the send queue. If the client does
// not take that in time, the connection is cut.
func (ws *wsSession) close(code websocket.StatusCode, reason string) {
	ws.queue.close(code, reason)
	timer := time.AfterFunc(closingGrace, ws.end)
	context.AfterFunc(ws.ctx, func() { timer.Stop() })
}

func (ws *wsSession) read() {
	for {
		in, err := ws.readFrame()
		if errors.Is(err, errTransitFull) {
			ws.close(websocket.StatusTryAgainLater, "The server is full.")
			<-ws.ctx.Done()
			return
		}
		if err != nil || !ws.requests.put(ws.ctx, in) {
			ws.requests.release(in)
			return
		}
	}
}

func (ws *wsSession) answerRequests() {
	for {
		in, ok := ws.requests.next(ws.ctx)
		if !ok {
			return
		}
		answer, ok := ws.answer(in)
		ws.requests.release(in)
		if !ok || !ws.queue.put(ws.ctx, answer) {
			ws.end()
			return
		}
	}
}

func (ws *wsSession) write() {
	for {
		next, ok := ws.queue.wait(ws.ctx)
		switch {
		case !ok:
			return
		case next.closes:
			_ = ws.conn.Close(next.code, next.reason) // it ends either way
			ws.end()
			return
		}
		if err := ws.send(next); err != nil {
			ws.end()
			return
		}
	}
}

func (ws *wsSession) send(next wsOutgoing) error {
	ctx, cancel := context.WithTimeout(ws.ctx, writeGrace)
	defer cancel()
	kind := websocket.MessageText
	if next.binary {
		kind = websocket.MessageBinary
	}
	return ws.conn.Write(ctx, kind, next.content)
}

// wsSessions are the open sessions of a server by their ids.
type wsSessions struct {
	mu   sync.Mutex
	open map[string]*wsSession
}

func (s *wsSessions) add(ws *wsSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[ws.id.String()] = ws
}

func (s *wsSessions) remove(ws *wsSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, ws.id.String())
}

// find returns an open session, or nil.
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
