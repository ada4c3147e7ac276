// Command webhook subscribes to a queue, confirms the subscription when Zaqar asks, and
// prints the posted messages until it is interrupted.
//
//	go run ./examples/webhook                     # with a Zaqar inside this process
//	go run ./examples/webhook -endpoint http://127.0.0.1:8888 -project demo \
//	    -public http://10.0.0.7:8080/zaqar        # with a Zaqar that can reach -public
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/webhook"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("webhook", flag.ExitOnError)
	endpoint := flags.String("endpoint", "", "Zaqar's URL; empty for a Zaqar inside this process")
	project := flags.String("project", "demo", "the project's id")
	name := flags.String("queue", "wot", "the queue to subscribe to")
	listen := flags.String("listen", "127.0.0.1:0", "the address to listen on")
	public := flags.String("public", "", "the URL at which Zaqar reaches this program; empty for -listen")
	if err := flags.Parse(args); err != nil {
		return err
	}

	if *endpoint == "" {
		srv, err := zaqartest.NewServer(zaqartest.WithSecretKey("a key"), zaqartest.WithRequireConfirmation(true))
		if err != nil {
			return err
		}
		defer func() { _ = srv.Close() }()
		if err := srv.Listen("127.0.0.1:0"); err != nil {
			return err
		}
		*endpoint = srv.URL()
	}
	// For a Zaqar with Keystone, use zaqar.WithAuth(keystone.FromEnv()).
	client, err := zaqar.Connect(ctx, *endpoint, zaqar.WithProject(*project))
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	queue := client.Queue(*name)

	handler, err := webhook.New(webhook.Config{
		Queues: []string{*name},
		Client: client,
		Policy: func(ctx context.Context, n webhook.Notice) webhook.Answer {
			fmt.Fprintf(out, "%s for subscription %s\n", n.Kind, n.SubscriptionID)
			return webhook.Accept(ctx, n)
		},
		Handle: func(_ context.Context, n webhook.Notification) error {
			fmt.Fprintf(out, "%s: %s\n", n.Queue, n.Body)
			return nil
		},
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	if *public == "" {
		*public = "http://" + listener.Addr().String() + "/zaqar"
	}
	mux := http.NewServeMux()
	mux.Handle("/zaqar", handler)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() { _ = server.Close() }()

	// Listen before subscribing: the notice comes at once.
	subscription, err := queue.CreateSubscription(ctx, zaqar.SubscriptionConfig{Subscriber: *public, TTL: 10 * time.Minute})
	if err != nil && (subscription == nil || !errors.Is(err, zaqar.ErrExists)) {
		return err
	}
	defer func() {
		if err := subscription.Delete(context.WithoutCancel(ctx)); err != nil {
			log.Print(err)
		}
	}()
	fmt.Fprintf(out, "subscribed %s to %s at %s; try:\n  curl -X POST %s/v2/queues/%s/messages \\\n    -H 'Client-ID: 3381af92-2b9e-11e3-b191-71861300734c' -H 'X-Project-Id: %s' \\\n    -H 'Content-Type: application/json' -d '{\"messages\":[{\"body\":\"hello\"}]}'\n",
		*public, queue.Name(), *endpoint, *endpoint, queue.Name(), *project)

	renew := time.NewTicker(5 * time.Minute)
	defer renew.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-served:
			return err
		case <-renew.C: // extend the subscription before its TTL is over
			if err := subscription.Update(ctx, zaqar.TTL(10*time.Minute)); err != nil {
				return err
			}
		}
	}
}
