package zaqar_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// An observer gets an event for each request, retry and so on. A type switch selects
// those to count or trace.
func ExampleWithObserver() {
	srv, err := zaqartest.NewServer()
	if err != nil {
		log.Fatal(err)
	}
	if err := srv.ListenInMemory(); err != nil {
		log.Fatal(err)
	}
	defer func() { _ = srv.Close() }()
	ctx := context.Background()

	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithProject("demo"), zaqar.WithHTTPClient(srv.HTTPClient()),
		zaqar.WithObserver(observe.Func(func(_ context.Context, e observe.Event) {
			if r, ok := e.(observe.Request); ok {
				fmt.Println(r.Op, r.Queue, r.Status)
			}
		})))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if _, err := client.Queue("wot").Post(ctx, "hello"); err != nil {
		log.Fatal(err)
	}
	// Output:
	// versions  300
	// message_post wot 201
}

// A logger gets the same events as text: requests at level Debug, and what an
// operator should see at Info and above.
func ExampleWithLogger() {
	srv, err := zaqartest.NewServer()
	if err != nil {
		log.Fatal(err)
	}
	if err := srv.ListenInMemory(); err != nil {
		log.Fatal(err)
	}
	defer func() { _ = srv.Close() }()
	ctx := context.Background()

	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			switch a.Key {
			case slog.TimeKey, "took", "request_id", "received": // these differ from run to run
				return slog.Attr{}
			}
			return a
		},
	}))
	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithProject("demo"), zaqar.WithVersion(zaqar.V2),
		zaqar.WithHTTPClient(srv.HTTPClient()), zaqar.WithLogger(logger))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if err := client.Ping(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: level=DEBUG msg="zaqar: request" op=ping attempt=1 status=204
}
