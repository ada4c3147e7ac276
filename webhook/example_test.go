package webhook_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/webhook"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// A webhook confirms its subscription by itself and receives notifications.
func Example() {
	ctx := context.Background()
	// A Zaqar inside this process, which requires confirmation and sends to mux.
	mux := http.NewServeMux()
	srv, err := zaqartest.NewServer(zaqartest.WithSecretKey("key"), zaqartest.WithRequireConfirmation(true),
		zaqartest.WithDeliveryClient(zaqartest.HandlerClient(mux)))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = srv.Close() }()
	if err := srv.ListenInMemory(); err != nil {
		log.Fatal(err)
	}
	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithProject("demo"), zaqar.WithHTTPClient(srv.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	handler, err := webhook.New(webhook.Config{
		Queues: []string{"wot"},
		Client: client,
		Handle: func(_ context.Context, n webhook.Notification) error {
			var text string
			if err := n.Decode(&text); err != nil {
				return err
			}
			fmt.Println(n.Queue, n.TTL, text)
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("/zaqar", handler)

	queue := client.Queue("wot")
	subscription, err := queue.CreateSubscription(ctx, zaqar.SubscriptionConfig{Subscriber: "http://localhost/zaqar"})
	if err != nil {
		log.Fatal(err)
	}
	if err := srv.WaitDeliveries(ctx); err != nil {
		log.Fatal(err)
	}
	if err := subscription.Reload(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("confirmed:", subscription.Confirmed())

	if _, err := queue.Post(ctx, "hello"); err != nil {
		log.Fatal(err)
	}
	if err := srv.WaitDeliveries(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// confirmed: true
	// wot 1h0m0s hello
}
