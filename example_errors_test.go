package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strings"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// Every answer other than 2xx is an error. errors.Is finds its kind and errors.As its
// fields. The text has the code in parentheses.
func ExampleError() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	_, err := client.Queue("wot").Message(ctx, "50b68a50d6f5b8c8a7c62b01")
	fmt.Println(errors.Is(err, zaqar.ErrNotFound))
	var e *zaqar.Error
	if errors.As(err, &e) {
		fmt.Println(e.Op, e.Queue, e.Code, e.Title)
		fmt.Println(strings.HasPrefix(e.Error(), "zaqar: message_get wot: (404): Not found: "))
	}
	// Output:
	// true
	// message_get wot 404 Not found
	// true
}

// A wrong argument is an error, and nothing is sent.
func ExampleArgumentError() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	_, err := client.CreateQueue(ctx, "no spaces")
	var e *zaqar.ArgumentError
	if errors.As(err, &e) {
		fmt.Println(e.Argument, e.Rule)
	}
	fmt.Println(errors.Is(err, zaqar.ErrInvalid))
	// Output:
	// queue name "no spaces" is not legal: use 1 to 64 of the characters A-Z a-z 0-9 _ - and the dot
	// true
}

// A 503 to a post does not say that nothing was stored, so posting again may store
// twice. Reading is idempotent: without NoRetry the client repeats it by itself.
func ExampleSafeToRetry() {
	srv, stop := serve()
	defer stop()
	ctx := context.Background()
	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithProject("demo"), zaqar.NoRetry())
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	queue := client.Queue("wot")
	srv.Inject(zaqartest.Fault{Status: http.StatusServiceUnavailable, Times: 2})

	_, err = queue.Post(ctx, "once only")
	fmt.Println(errors.Is(err, zaqar.ErrUnavailable), zaqar.SafeToRetry(err))
	_, err = queue.Stats(ctx)
	fmt.Println(errors.Is(err, zaqar.ErrUnavailable), zaqar.SafeToRetry(err))
	_, err = queue.Post(ctx, make(chan int)) // JSON has no channels, so nothing was sent
	fmt.Println(errors.Is(err, zaqar.ErrInvalid), zaqar.SafeToRetry(err))
	// Output:
	// true false
	// true true
	// true true
}

// A refusal is certain. After a broken connection nobody knows.
func ExampleError_MayHaveActed() {
	srv, stop := serve()
	defer stop()
	ctx := context.Background()
	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithProject("demo"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	queue := client.Queue("wot")

	// The server stores the message, but its answer is lost.
	srv.Inject(zaqartest.Fault{Kind: "message_post", Cut: true, After: true})
	_, err = queue.Post(ctx, "here all the same")
	if e, ok := errors.AsType[*zaqar.Error](err); ok {
		fmt.Println(e.Code, e.MayHaveActed(), len(srv.Messages("demo", "wot")))
	}
	_, err = queue.Pop(ctx, 1000)
	if e, ok := errors.AsType[*zaqar.Error](err); ok {
		fmt.Println(e.Code, e.MayHaveActed())
	}
	// Output:
	// 0 true 1
	// 400 false
}
