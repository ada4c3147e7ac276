package badday

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
)

// network is what is between the clients and the server. It can refuse connections, and
// deliver requests late, after their clients have given them up.
type network struct {
	web     *http.Transport
	tampers bool

	mu       sync.Mutex
	random   *rand.Rand
	ended    bool
	refusing bool
	late     sync.WaitGroup
	count    func(fault string)
}

func newNetwork(client *http.Client, p plan, count func(string)) *network {
	n := &network{tampers: p.tampers, random: p.random(ofTampering), count: count}
	n.web = client.Transport.(*http.Transport).Clone() //nolint:forcetypeassert // as ListenInMemory makes it
	dial := n.web.DialContext
	n.web.DialContext = func(ctx context.Context, kind, address string) (net.Conn, error) {
		if n.refuses() {
			return nil, &net.OpError{Op: "dial", Net: kind, Err: syscall.ECONNREFUSED}
		}
		return dial(ctx, kind, address)
	}
	return n
}

func (n *network) client() *http.Client { return &http.Client{Transport: n} }

// latency is how long each request is under way.
const latency = 20 * time.Millisecond

func (n *network) refuse(on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refusing = on
	if on {
		n.web.CloseIdleConnections()
	}
}

func (n *network) refuses() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.refusing
}

// RoundTrip delivers a request. If the network tampers, one of a hundred is late: its client
// gets an error, and the server the request, up to two minutes later.
func (n *network) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Upgrade") != "" {
		return n.web.RoundTrip(req)
	}
	if !backoff.Wait(req.Context(), latency) {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, context.Cause(req.Context())
	}
	delay, late := n.delay()
	if !late {
		return n.web.RoundTrip(req)
	}
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(req.Body)
		if err := errors.Join(err, req.Body.Close()); err != nil {
			n.late.Done()
			return nil, err
		}
	}
	n.count("request delivered late")
	again := req.Clone(context.WithoutCancel(req.Context()))
	again.Body = io.NopCloser(bytes.NewReader(body))
	go func() { //nolint:contextcheck // it outlives the request, which its client has given up
		defer n.late.Done()
		time.Sleep(delay)
		ctx, cancel := context.WithTimeout(again.Context(), time.Minute)
		defer cancel()
		if answer, err := n.web.RoundTrip(again.WithContext(ctx)); err == nil {
			_ = answer.Body.Close()
		}
	}()
	return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
}

// delay draws whether a request is late, which is counted in n.late then.
func (n *network) delay() (time.Duration, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.tampers || n.ended || n.random.IntN(100) > 0 {
		return 0, false
	}
	n.late.Add(1)
	return between(n.random, time.Second, 2*time.Minute), true
}

// calm ends the tampering, and waits for the requests that are late.
func (n *network) calm() {
	n.mu.Lock()
	n.ended, n.refusing = true, false
	n.mu.Unlock()
	n.late.Wait()
}
