//go:build !js

package transport

import (
	"context"
	"net/http"

	"github.com/coder/websocket"
)

// platformError is the reason why WebSockets cannot be used, nil where they can.
func platformError() error { return nil }

// handshake connects through an HTTP client.
func handshake(ctx context.Context, endpoint string, client *http.Client) (*websocket.Conn, *http.Response, error) {
	return websocket.Dial(ctx, endpoint, &websocket.DialOptions{HTTPClient: client})
}
