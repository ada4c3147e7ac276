package zaqartest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// deliveryTimeout bounds an attempt with the default client.
const deliveryTimeout = 30 * time.Second

// loopbackClient returns a client that connects to this machine only, whatever host
// a URL names, and follows no redirects.
func loopbackClient() *http.Client {
	dialer := &net.Dialer{Timeout: deliveryTimeout}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		switch {
		case err != nil:
			return nil, err
		case host == "localhost":
			address = net.JoinHostPort("127.0.0.1", port)
		case !net.ParseIP(host).IsLoopback():
			// Names are not looked up, since even a look-up would reach other hosts.
			return nil, fmt.Errorf("%w: %s is not on this machine", errFinal, address)
		}
		return dialer.DialContext(ctx, network, address)
	}
	return &http.Client{
		Timeout:       deliveryTimeout,
		Transport:     &http.Transport{DialContext: dial, MaxIdleConnsPerHost: deliveryWorkers},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
