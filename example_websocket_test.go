package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/transport"
)

// A WebSocket in addition to HTTP. HTTP carries what the WebSocket has no action for,
// such as a change of metadata. With Keystone the URL can be empty: it is in the
// catalogue.
func ExampleWithWebSocket() {
	ctx := context.Background()
	srv, stop := serve()
	defer stop()
	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithProject("demo"), zaqar.WithWebSocket(srv.WebSocketURL()))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	queue, err := client.CreateQueue(ctx, "wot", zaqar.Content{"colour": "red"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := queue.Post(ctx, "hello"); err != nil {
		log.Fatal(err)
	}
	metadata, err := queue.Metadata(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := metadata.Set(ctx, "colour", "blue"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(metadata)
	messages, err := zaqar.Collect(queue.Messages(ctx))
	fmt.Println(messages, err, srv.WebSockets())
	// Output:
	// <Metadata _default_message_ttl:3600 _max_messages_post_size:262144 colour:"blue">
	// [<Message ttl:3600>] <nil> 1
}

// The WebSocket without HTTP, with binary frames. An operation that it does not have
// is an error, and nothing is sent.
func ExampleWithMessagePack() {
	ctx := context.Background()
	srv, stop := serve()
	defer stop()
	client, err := zaqar.Connect(ctx, srv.WebSocketURL(), zaqar.WithProject("demo"), zaqar.WithMessagePack())
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, map[string]any{"price": 9.99}, int64(9007199254740993)); err != nil {
		log.Fatal(err)
	}
	claim, err := queue.Claim(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range claim.Messages() {
		fmt.Println(string(m.Body()), m.Delete(ctx))
	}
	_, err = queue.Exists(ctx)
	fmt.Println(errors.Is(err, zaqar.ErrUnsupported))
	// Output:
	// {"price":9.99} <nil>
	// 9007199254740993 <nil>
	// true
}

// Transports can be combined: here a WebSocket with HTTP as the fallback. The
// WebSocket reports the state of its connection.
func ExampleWithTransport_fallback() {
	ctx := context.Background()
	srv, stop := serve()
	defer stop()
	project := auth.NoAuth("demo")
	socket, err := transport.NewWebSocket(srv.WebSocketURL(), transport.WebSocketOptions{Auth: project, FailFast: true})
	if err != nil {
		log.Fatal(err)
	}
	web, err := transport.NewHTTP(srv.URL(), nil)
	if err != nil {
		log.Fatal(err)
	}
	connected := make(chan uint64, 1)
	defer socket.Notify(func(n transport.Notice) {
		if n.Kind == transport.Connected {
			connected <- n.Session
		}
	})()
	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithAuth(project), zaqar.WithTransport(transport.Fallback(socket, web)))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	fmt.Println(client.Ping(ctx))
	fmt.Println("session", <-connected)
	// Output:
	// <nil>
	// session 1
}
