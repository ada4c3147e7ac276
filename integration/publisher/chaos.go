package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/zaqar-go/zaqar/observe"
)

// chaos makes connections that fail at random.
type chaos struct {
	mu      sync.Mutex
	random  *rand.Rand
	cuts    bool // if true, connections are cut
	refused atomic.Int64
	web     *http.Transport
}

func newChaos(random *rand.Rand, cuts bool) *chaos {
	c := &chaos{random: random, cuts: cuts}
	c.web = &http.Transport{DialContext: c.dial, MaxIdleConnsPerHost: 8}
	return c
}

func (c *chaos) client() *http.Client { return &http.Client{Transport: c.web} }

func (c *chaos) close() { c.web.CloseIdleConnections() }

func (c *chaos) draw(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.random.IntN(n)
}

// dial fails in a third of the calls, as if nobody listened.
func (c *chaos) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if c.draw(3) == 0 {
		c.refused.Add(1)
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("connection refused")}
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil || !c.cuts {
		return conn, err
	}
	return &cutConn{Conn: conn, life: 1 + c.draw(60<<10), reset: c.draw(2) == 0}, nil
}

// cutConn is a connection that is cut after a number of bytes was written: in the middle
// of a request, or before its answer.
type cutConn struct {
	net.Conn
	life  int // in bytes
	reset bool
	spent int // bytes written so far
}

func (m *cutConn) Write(b []byte) (int, error) {
	if m.spent += len(b); m.spent < m.life {
		return m.Conn.Write(b)
	}
	kept := b
	if m.reset {
		kept = b[:len(b)/2]
	}
	n, err := m.Conn.Write(kept)
	_ = m.Close()
	if err == nil && m.reset {
		err = errors.New("connection reset")
	}
	return n, err
}

// posts is an observer that counts the sent batches.
type posts struct {
	mu          sync.Mutex
	all, failed int
}

// Observe implements [observe.Observer].
func (p *posts) Observe(_ context.Context, e observe.Event) {
	b, ok := e.(observe.Batch)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all++
	if b.Outcome != observe.BatchStored {
		p.failed++
	}
}
