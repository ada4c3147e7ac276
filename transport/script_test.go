package transport_test

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/internal/msgpack"
	"github.com/zaqar-go/zaqar/transport"
)

// script is a WebSocket server whose test decides what happens on each connection. It
// uses no sockets, so it works in a synctest bubble.
type script struct {
	conns  chan net.Conn
	closed chan struct{}
	down   atomic.Bool  // refuses connections
	dials  atomic.Int32 // those that were tried
	count  atomic.Int32 // connections that were accepted
	play   func(*scriptConn)
}

// scriptConn is one connection of a script.
type scriptConn struct {
	*websocket.Conn
	ctx    context.Context
	number int32
	binary bool
	mu     sync.Mutex
}

// request is a request frame as the script reads it.
type request struct {
	Action  string                     `json:"action"`
	Headers map[string]json.RawMessage `json:"headers"`
	Body    json.RawMessage            `json:"body"`
}

// header returns a header's text.
func (r request) header(name string) string {
	var text string
	_ = json.Unmarshal(r.Headers[name], &text)
	return text
}

// startScript starts a server that runs as long as the test.
func startScript(t *testing.T, play func(*scriptConn)) *script {
	t.Helper()
	s := &script{conns: make(chan net.Conn), closed: make(chan struct{}), play: play}
	ctx, cancel := context.WithCancel(context.Background())
	var conns connGroup
	server := &http.Server{
		ErrorLog: log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, err := websocket.Accept(w, r, nil)
			if err != nil {
				return
			}
			conn.SetReadLimit(-1)
			if !conns.run(func() {
				defer func() { _ = conn.CloseNow() }()
				play(&scriptConn{Conn: conn, ctx: ctx, number: s.count.Add(1)})
			}) {
				_ = conn.CloseNow()
			}
		}),
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(s)
	}()
	t.Cleanup(func() {
		cancel()
		_ = server.Close()
		<-served
		conns.close()
	})
	return s
}

// connGroup runs the connections. One can arrive while the test ends.
type connGroup struct {
	mu     sync.Mutex
	closed bool
	group  sync.WaitGroup
}

// run starts work, unless the group is closed.
func (c *connGroup) run(work func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.group.Go(work)
	}
	return !c.closed
}

// close refuses new connections and waits for the running ones.
func (c *connGroup) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.group.Wait()
}

// Accept, Close and Addr make a listener of the script.
func (s *script) Accept() (net.Conn, error) {
	select {
	case conn := <-s.conns:
		return conn, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *script) Close() error {
	close(s.closed)
	return nil
}

func (s *script) Addr() net.Addr { return &net.UnixAddr{Name: "script"} }

// client dials the script, whatever the address.
func (s *script) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		s.dials.Add(1)
		if s.down.Load() {
			return nil, &net.OpError{Op: "dial", Err: io.ErrClosedPipe}
		}
		near, far := net.Pipe()
		select {
		case s.conns <- far:
			return near, nil
		case <-s.closed:
		case <-ctx.Done():
		}
		_, _ = near.Close(), far.Close()
		return nil, net.ErrClosed
	}}}
}

// open returns a transport to the script. It is closed with the test.
func (s *script) open(t *testing.T, options transport.WebSocketOptions) *transport.WebSocket {
	t.Helper()
	options.Client = s.client()
	w, err := transport.NewWebSocket("ws://zaqar.test:9000/", options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// next reads a request. It returns false when the connection has ended.
func (p *scriptConn) next() (request, bool) {
	kind, data, err := p.Read(p.ctx)
	if err != nil {
		return request{}, false
	}
	if p.binary = kind == websocket.MessageBinary; p.binary {
		if data, err = msgpack.ToJSON(data); err != nil {
			return request{}, false
		}
	}
	var r request
	return r, json.Unmarshal(data, &r) == nil
}

// say writes a frame in the client's encoding.
func (p *scriptConn) say(text string) {
	data, kind := []byte(text), websocket.MessageText
	if p.binary {
		data, _ = msgpack.FromJSON(data)
		kind = websocket.MessageBinary
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.Write(p.ctx, kind, data)
}

// answer replies as servers do: it echoes the request first.
func (p *scriptConn) answer(r request, status int, body string) {
	if r.Action == "authenticate" {
		r.Headers, r.Body = nil, nil
	}
	echo, _ := json.Marshal(map[string]any{"action": r.Action, "headers": r.Headers, "body": r.Body, "api": "v2"})
	headers, _ := json.Marshal(map[string]int{"status": status})
	p.say(`{"request":` + string(echo) + `,"body":` + body + `,"headers":` + string(headers) + `}`)
}

// serve answers requests one after another until the connection ends.
func (p *scriptConn) serve(reply func(request) (int, string)) {
	for {
		r, ok := p.next()
		if !ok {
			return
		}
		if status, body := reply(r); status != 0 {
			p.answer(r, status, body)
		}
	}
}

// fine answers 200 to everything.
func fine(request) (int, string) { return http.StatusOK, `{}` }

// stats returns a request that every server carries out.
func stats(header http.Header) *transport.Request {
	return &transport.Request{Op: "queue_get_stats", Action: "queue_get_stats", Params: map[string]any{"queue_name": "q"}, Header: header}
}
