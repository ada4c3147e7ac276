//go:build !js

package zaqartest_test

import (
	"net/http"

	"github.com/coder/websocket"
)

func dialOptions(client *http.Client, protocols []string) *websocket.DialOptions {
	return &websocket.DialOptions{HTTPClient: client, Subprotocols: protocols}
}
