package conformance

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/observe"
)

// awaitSocket waits for the WebSocket beside HTTP. A call waits for a quarter of a second
// only, and then goes over HTTP, for which other quirks hold.
type awaitSocket struct {
	once      sync.Once
	connected chan struct{}
}

// Observe implements [observe.Observer].
func (a *awaitSocket) Observe(_ context.Context, e observe.Event) {
	if _, ok := e.(observe.Connected); ok {
		a.once.Do(func() { close(a.connected) })
	}
}

const (
	// socketLimit is how long a case waits for the connection.
	socketLimit = time.Minute
	// socketPing is how often it asks for one meanwhile: a busy server cuts handshakes
	// off, and without a request the client does not try again.
	socketPing = time.Second
)

// await makes the connection, by pings, and waits for it.
func (a *awaitSocket) await(t *testing.T, client *zaqar.Client) {
	t.Helper()
	limit := time.NewTimer(socketLimit)
	defer limit.Stop()
	again := time.NewTicker(socketPing)
	defer again.Stop()
	for {
		if err := client.Ping(t.Context()); err != nil {
			return // a signed URL, for instance, does not cover it
		}
		select {
		case <-a.connected:
			return
		case <-again.C:
		case <-limit.C:
			t.Fatal("the WebSocket is not connected")
		}
	}
}
