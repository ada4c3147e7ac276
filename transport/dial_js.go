package transport

import (
	"context"
	"fmt"
	"net/http"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/internal/fault"
)

// platformError is the reason why WebSockets cannot be used: a browser's own would
// ignore the HTTP client, with its proxy, its TLS settings and its rules for redirects.
func platformError() error {
	return fmt.Errorf("transport: on js/wasm there is HTTP only, no WebSocket: %w", fault.Unsupported)
}

func handshake(context.Context, string, *http.Client) (*websocket.Conn, *http.Response, error) {
	return nil, nil, platformError()
}
