package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// serve starts a Zaqar on a free port of this machine.
func serve(options ...zaqartest.Option) (srv *zaqartest.Server, stop func()) {
	srv, err := zaqartest.NewServer(options...)
	if err != nil {
		log.Fatal(err)
	}
	if err := srv.Listen("127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	return srv, func() {
		if err := srv.Close(); err != nil {
			log.Fatal(err)
		}
	}
}

// A server without authentication, as in development: the caller names the project.
// Connect asks the server for its API version.
func ExampleConnect() {
	srv, stop := serve()
	defer stop()

	client, err := zaqar.Connect(context.Background(), srv.URL(),
		zaqar.WithProject("demo"),
		zaqar.WithUserAgent("shop/1.0"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	fmt.Println(client.Conn().Version(), client.Conn().ProjectID())
	// Output: v2 demo
}

// Given an endpoint and a version, Connect sends nothing. So a service can start
// before its Zaqar.
func ExampleConnect_withoutIO() {
	client, err := zaqar.Connect(context.Background(), "https://zaqar.example.com:8888/v2",
		zaqar.WithProject("demo"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	fmt.Println(client.Conn().Endpoint(), client.Conn().Version())
	// Output: https://zaqar.example.com:8888 v2
}

// Wrong arguments are found before anything is sent.
func ExampleConnect_wrong() {
	_, err := zaqar.Connect(context.Background(), "https://zaqar.example.com:8888")
	fmt.Println(err)

	_, err = zaqar.Connect(context.Background(), "zaqar.example.com", zaqar.WithProject("demo"))
	fmt.Println(errors.Is(err, zaqar.ErrInvalid))
	// Output:
	// zaqar: connect: credentials are missing: use WithAuth, or WithProject for a server without authentication
	// true
}

// Keystone credentials sign in, renew the token and know where Zaqar is, so the
// endpoint stays empty. Use [keystone.FromEnv] for OS_* variables and
// [keystone.FromCloud] for a clouds.yaml.
func ExampleWithAuth() {
	srv, stop := serve(zaqartest.WithKeystone())
	defer stop()

	ctx := context.Background()
	client, err := zaqar.Connect(ctx, "", zaqar.WithAuth(
		keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"))))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	fmt.Println(client.Conn().Endpoint() == srv.URL(), client.Ping(ctx))
	// Output: true <nil>
}

// Refused credentials are the same error whether Zaqar or Keystone refused them.
func ExampleWithAuth_refused() {
	srv, stop := serve(zaqartest.WithKeystone())
	defer stop()

	_, err := zaqar.Connect(context.Background(), "", zaqar.WithAuth(
		keystone.Password(srv.KeystoneURL(), "demo", "wrong", keystone.Project("demo"))))
	fmt.Println(errors.Is(err, zaqar.ErrUnauthorized))
	// Output: true
}

// Your own authentication is one function that sets a header. Here the token comes
// from a vault.
func ExampleWithAuth_plugIn() {
	srv, stop := serve(zaqartest.WithKeystone())
	defer stop()
	ctx := context.Background()
	vault := keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"))

	fromVault := auth.Func(func(ctx context.Context, h http.Header) error {
		secret := http.Header{}
		if err := vault.Authorize(ctx, secret); err != nil {
			return fmt.Errorf("vault: %w", err)
		}
		h.Set(auth.HeaderToken, secret.Get(auth.HeaderToken))
		return nil
	})
	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithAuth(fromVault))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	fmt.Println(client.Ping(ctx))
	// Output: <nil>
}

func ExampleClient_Ping() {
	srv, stop := serve()
	ctx := context.Background()
	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithProject("demo"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	fmt.Println("up:", client.Ping(ctx) == nil)
	stop()
	fmt.Println("up:", client.Ping(ctx) == nil)
	// Output:
	// up: true
	// up: false
}

func ExampleClient_Home() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	home, err := client.Home(ctx)
	if err != nil {
		log.Fatal(err)
	}
	claim, ok := home.Resource("claim")
	fmt.Println(ok, claim.Template, claim.Vars)
	// Output: true /v2/queues/{queue_name}/claims/{claim_id} [claim_id queue_name]
}

// An old cloud may only have API v1. The program stays the same.
func ExampleWithVersion() {
	ctx := context.Background()
	srv, stop := serve()
	defer stop()

	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithProject("demo"), zaqar.WithVersion(zaqar.V1))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "hello"); err != nil {
		log.Fatal(err)
	}
	message, _, err := zaqar.First(queue.Messages(ctx))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(queue.Href(), string(message.Body()))

	// An operation that v1 lacks is an error, and nothing is sent.
	_, err = queue.Pop(ctx, 1)
	fmt.Println(errors.Is(err, zaqar.ErrUnsupported), err)
	// Output:
	// /v1/queues/wot "hello"
	// true zaqar: message_pop: API v1 has no such operation
}

// WithChecksums compares checksums. A message whose body does not fit comes with an
// error.
func ExampleWithChecksums() {
	ctx := context.Background()
	srv, stop := serve(zaqartest.WithChecksums(true))
	defer stop()
	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithProject("demo"), zaqar.WithChecksums())
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, 3); err != nil {
		log.Fatal(err)
	}

	for message, err := range queue.Messages(ctx) {
		if broken, ok := errors.AsType[*zaqar.ChecksumError](err); ok {
			fmt.Println("broken:", broken.Message.ID())
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(message.Checksum())
	}
	// Output: MD5:eccbc87e4b5ce2fe28308fd9f2a7baf3
}

// An administrator checks the stores behind the server.
func ExampleClient_Health() {
	ctx := context.Background()
	srv, stop := serve(zaqartest.WithDefaultRoles("admin"))
	defer stop()
	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithProject("demo"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	health, err := client.Health(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(health.OK(), health.Store.Operations["post_messages"].Succeeded)
	// Output: true true
}

// An answer is read up to a size, counted after decompression, and decoded up to a number
// of items. Lower both where memory is short.
func ExampleWithMaxAnswerItems() {
	srv, stop := serve()
	defer stop()
	ctx := context.Background()

	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithProject("demo"),
		zaqar.WithMaxAnswerBytes(1<<20), zaqar.WithMaxAnswerItems(50))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10); err != nil {
		log.Fatal(err)
	}
	// Ten messages are some 90 items. Bodies do not count.
	for _, err := range queue.Messages(ctx) {
		fmt.Println(errors.Is(err, transport.ErrResponseTooLarge), errors.Is(err, zaqar.ErrMalformed))
	}
	for message, err := range queue.Messages(ctx, zaqar.PageSize(2), zaqar.Limit(1)) {
		fmt.Println(string(message.Body()), err)
	}
	// Output:
	// true true
	// 1 <nil>
}

// The client sends a ping again until it is answered. It returns an error at once if the
// server asks to wait for longer than the call may take.
func ExampleWithRetry() {
	srv, stop := serve()
	defer stop()
	ctx := context.Background()
	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithProject("demo"), zaqar.WithVersion(zaqar.V2),
		zaqar.WithRetry(zaqar.Retry{Attempts: 5, Backoff: time.Millisecond}))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	srv.Inject(zaqartest.Fault{Kind: "ping", Status: http.StatusServiceUnavailable, Times: 3})
	srv.Inject(zaqartest.Fault{Kind: "message_post", Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"120"}}})

	fmt.Println(client.Ping(ctx), len(srv.Requests("ping")))

	// The call has a minute, and the server asks to wait for two.
	_, err = client.Queue("wot").Post(ctx, "hello")
	if e, ok := errors.AsType[*zaqar.Error](err); ok {
		fmt.Println(e.Code, e.Attempts, e.RetryAfter)
	}
	// Output:
	// <nil> 4
	// 429 1 2m0s
}

// A program with a loop of its own around its calls turns the client's retries off.
func ExampleNoRetry() {
	srv, stop := serve()
	defer stop()
	ctx := context.Background()
	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithProject("demo"), zaqar.WithVersion(zaqar.V2), zaqar.NoRetry())
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	srv.Inject(zaqartest.Fault{Kind: "ping", Status: http.StatusServiceUnavailable})
	err = client.Ping(ctx)
	fmt.Println(errors.Is(err, zaqar.ErrUnavailable), len(srv.Requests("ping")))
	// Output:
	// true 1
}
