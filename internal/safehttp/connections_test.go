package safehttp_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/internal/safehttp"
)

// pipes is a listener whose connections are in memory, and can die without being closed.
type pipes struct {
	accept chan net.Conn
	closed chan struct{}
	mu     sync.Mutex
	dialed []*mortal
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	p.accept <- far
	c := &mortal{Conn: near}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dialed = append(p.dialed, c)
	return c, nil
}

// mortal is a connection that swallows everything once it is dead.
type mortal struct {
	net.Conn
	dead atomic.Bool
}

func (m *mortal) Write(b []byte) (int, error) {
	if m.dead.Load() {
		return len(b), nil
	}
	return m.Conn.Write(b)
}

func TestADeadHTTP2ConnectionIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		listener := &pipes{accept: make(chan net.Conn), closed: make(chan struct{})}
		var protocols http.Protocols
		protocols.SetUnencryptedHTTP2(true)
		server := &http.Server{Protocols: &protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.Proto)
		})}
		served := make(chan error)
		go func() { served <- server.Serve(listener) }()

		client := safehttp.Client(nil, nil)
		own, ok := client.Transport.(*http.Transport)
		if !ok {
			t.Fatalf("the transport is a %T", client.Transport)
		}
		own.Protocols, own.DialContext, own.Proxy = &protocols, listener.dial, nil

		get := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://zaqar/", nil)
			if err != nil {
				return err
			}
			reply, err := client.Do(req)
			if err != nil {
				return err
			}
			defer func() { _ = reply.Body.Close() }()
			_, err = io.Copy(io.Discard, reply.Body)
			return err
		}
		if err := get(); err != nil {
			t.Fatal(err)
		}
		listener.dialed[0].dead.Store(true)
		start := time.Now()
		if err := get(); err == nil {
			t.Error("the dead connection answered")
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("it took %v to find out", took)
		}
		if err := get(); err != nil || len(listener.dialed) != 2 {
			t.Errorf("the next call: %v, with %d connections", err, len(listener.dialed))
		}
		client.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-served
	})
}

func TestBurstsOfCallsUseTheirConnectionsAgain(t *testing.T) {
	t.Parallel()
	const burst, bursts = 32, 20
	var together sync.WaitGroup // all calls of a burst are in flight at once
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		together.Done()
		together.Wait()
	}))
	var connections atomic.Int32
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	client := safehttp.Client(nil, nil)
	defer client.CloseIdleConnections()
	for range bursts {
		together.Add(burst)
		var calls sync.WaitGroup
		for range burst {
			calls.Go(func() {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
				if err != nil {
					t.Error(err)
					return
				}
				reply, err := client.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, reply.Body)
				_ = reply.Body.Close()
			})
		}
		calls.Wait()
	}
	// A connection that is put back late may cost another one.
	if n := connections.Load(); n > 3*burst {
		t.Errorf("%d bursts of %d calls took %d connections", bursts, burst, n)
	}
}
