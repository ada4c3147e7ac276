//go:build !js

package zaqartest_test

import (
	"context"
	"fmt"
	"log"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// A WebSocket subscribes itself, gets a post pushed, and is cut.
func ExampleServer_WebSocketURL() {
	srv, err := zaqartest.NewServer()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = srv.Close() }()
	if err := srv.ListenInMemory(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(srv.WebSocketURL())

	ctx := context.Background()
	conn, _, err := websocket.Dial(ctx, srv.WebSocketURL(), &websocket.DialOptions{HTTPClient: srv.HTTPClient()}) //nolint:bodyclose // an upgrade has none
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	ask := func(action, body string) {
		headers := `{"Client-ID":"3381af92-2b9e-11e3-b191-71861300734c","X-Project-ID":"demo"}`
		request := `{"action":"` + action + `","headers":` + headers + `,"body":` + body + `}`
		if err := conn.Write(ctx, websocket.MessageText, []byte(request)); err != nil {
			log.Fatal(err)
		}
	}

	read := func() string {
		_, content, err := conn.Read(ctx)
		if err != nil {
			log.Fatal(err)
		}
		return string(content)
	}

	ask("subscription_create", `{"queue_name":"wot"}`)
	read() // the answer
	ask("message_post", `{"queue_name":"wot","messages":[{"body":"tanks","ttl":60}]}`)
	fmt.Println(read())
	read() // the answer

	fmt.Println(srv.WebSockets(), "open,", srv.DropWebSockets(), "cut,", srv.WebSockets(), "open")
	for _, seen := range srv.Requests() {
		fmt.Println(seen.Method, seen.Kind, seen.Status)
	}
	// Output:
	// ws://zaqar.test
	// {"ttl":60,"body":"tanks","Message_Type":"Notification","queue_name":"wot"}
	// 1 open, 1 cut, 0 open
	// GET websocket 101
	// WS subscription_create 201
	// WS message_post 201
}
