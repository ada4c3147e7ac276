package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/zaqar-go/zaqar"
)

// The server notifies a webhook of each message that is posted from now on. Package
// webhook is the receiving end.
func ExampleQueue_CreateSubscription() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")

	subscription, err := queue.CreateSubscription(ctx, zaqar.SubscriptionConfig{
		Subscriber: "https://receiver.example.com/zaqar",
		TTL:        24 * time.Hour,
		Options: zaqar.SubscriptionOptions{
			PostHeaders: map[string]string{"X-Team": "games"},
			RetryPolicy: zaqar.RetryPolicy{RetriesWithNoDelay: 1, MinimumDelay: 10 * time.Second, MaximumDelay: time.Minute},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(subscription.Created(), subscription.TTL(), subscription.Confirmed())

	// Its TTL counts from the last update.
	if err := subscription.Update(ctx, zaqar.TTL(48*time.Hour)); err != nil {
		log.Fatal(err)
	}
	fmt.Println(subscription.TTL(), subscription.Options())
	// Output:
	// true 24h0m0s false
	// 48h0m0s <SubscriptionOptions _retry_policy post_headers[X-Team]>
}

// A subscriber has at most one subscription to a queue. If it has a confirmed one,
// the error comes with that one.
func ExampleQueue_CreateSubscription_conflict() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	config := zaqar.SubscriptionConfig{Subscriber: "https://receiver.example.com/zaqar", TTL: time.Hour}

	first, err := queue.CreateSubscription(ctx, config)
	if err != nil {
		log.Fatal(err)
	}
	if err := first.Confirm(ctx, true); err != nil {
		log.Fatal(err)
	}

	subscription, err := queue.CreateSubscription(ctx, config)
	if errors.Is(err, zaqar.ErrExists) {
		fmt.Println("it exists already:", subscription.ID() == first.ID(), subscription.Created())
		err = subscription.Update(ctx, zaqar.TTL(config.TTL)) // keep it alive
	}
	if err != nil {
		log.Fatal(err)
	}
	// Output: it exists already: true false
}

func ExampleQueue_Subscriptions() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	for _, subscriber := range []string{"https://a.example.com/zaqar", "mailto:b@example.com"} {
		if _, err := queue.CreateSubscription(ctx, zaqar.SubscriptionConfig{Subscriber: subscriber}); err != nil {
			log.Fatal(err)
		}
	}

	for subscription, err := range queue.Subscriptions(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(subscription.Subscriber(), subscription.TTL())
		if err := subscription.Delete(ctx); err != nil {
			log.Fatal(err)
		}
	}
	// Unordered output:
	// https://a.example.com/zaqar 1h0m0s
	// mailto:b@example.com 1h0m0s
}
