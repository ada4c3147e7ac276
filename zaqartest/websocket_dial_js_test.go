package zaqartest_test

import (
	"net/http"

	"github.com/coder/websocket"
)

func dialOptions(_ *http.Client, protocols []string) *websocket.DialOptions {
	return &websocket.DialOptions{Subprotocols: protocols}
}
