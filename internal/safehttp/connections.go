package safehttp

import (
	"math"
	"net/http"
	"time"
)

// The health check of an HTTP/2 connection. Without it, a connection that is dead but was
// never closed is used again and again, because all requests share it.
const (
	pingAfter   = 15 * time.Second // without a frame from the server
	pingTimeout = 10 * time.Second
	stuckWrite  = 30 * time.Second // no byte could be written
)

// careForConnections keeps connections that will be used again, and finds those that are
// dead.
func careForConnections(t *http.Transport) {
	// There are never more idle connections than there were calls in flight at one time.
	// net/http keeps 2 for each host, so bursts of calls would connect again each time.
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, math.MaxInt
	config := http.HTTP2Config{}
	if t.HTTP2 != nil {
		config = *t.HTTP2
	}
	config.SendPingTimeout, config.PingTimeout, config.WriteByteTimeout = pingAfter, pingTimeout, stuckWrite
	t.HTTP2 = &config
}
