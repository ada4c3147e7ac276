package zaqar_test

import (
	"context"
	"fmt"
	"log"

	"github.com/zaqar-go/zaqar"
)

// Subscribe to queues, list the channels, and listen.
func ExampleClient_Subscriber() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	sub := client.Subscriber(zaqar.SubscriberConfig{})
	if err := sub.Subscribe("darn_good_queue", "wot"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(sub.Channels())

	if _, err := client.Queue("wot").Post(ctx, "winning"); err != nil {
		log.Fatal(err)
	}
	for msg, err := range sub.Listen(ctx) { // blocks until a message arrives in either queue
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v %s\n", msg.Queue(), msg.Body())
		break
	}
	sub.Unsubscribe("wot")
	fmt.Println(sub.Channels())
	// Output:
	// [darn_good_queue wot]
	// <Queue [wot]> "winning"
	// [darn_good_queue]
}

// Every subscriber sees every message, also claimed ones.
func ExampleSubscriber_Listen() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, 1, 2); err != nil {
		log.Fatal(err)
	}
	if _, err := queue.Claim(ctx); err != nil { // a worker has them
		log.Fatal(err)
	}
	for range 2 {
		sub := client.Subscriber(zaqar.SubscriberConfig{})
		if err := sub.Subscribe("wot"); err != nil {
			log.Fatal(err)
		}
		for msg, err := range sub.Listen(ctx) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("%s\n", msg.Body())
			if sub.Stats().Delivered == 2 {
				break
			}
		}
	}
	// Output:
	// 1
	// 2
	// 1
	// 2
}

// A program that saves its position after each message resumes there after a restart.
// Save it once the message is handled, so that no message is missed.
func ExampleSubscriber_Position() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	if _, err := client.Queue("wot").Post(ctx, "a", "b", "c"); err != nil {
		log.Fatal(err)
	}

	var file []byte // where a program would keep it
	for range 3 {   // the program, started three times
		var at zaqar.Position
		if file != nil {
			if err := at.UnmarshalText(file); err != nil {
				log.Fatal(err)
			}
		}
		sub := client.Subscriber(zaqar.SubscriberConfig{})
		if err := sub.SubscribeAt("wot", at); err != nil {
			log.Fatal(err)
		}
		for msg, err := range sub.Listen(ctx) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("%s\n", msg.Body())
			if file, err = sub.Position("wot").MarshalText(); err != nil {
				log.Fatal(err)
			}
			break // or it crashes
		}
	}
	// Output:
	// "a"
	// "b"
	// "c"
}

// FromNow skips the messages that are there when the queue is subscribed to.
func ExampleFromNow() {
	client, stop := embedded()
	defer stop()

	sub := client.Subscriber(zaqar.SubscriberConfig{Start: zaqar.FromNow()})
	if err := sub.Subscribe("news"); err != nil { // from now
		log.Fatal(err)
	}
	if err := sub.SubscribeAt("orders", zaqar.Position{}); err != nil { // from the oldest
		log.Fatal(err)
	}
	fmt.Println(sub.Position("orders"))
	// Output: oldest
}

// Over a WebSocket the service pushes an announcement of each message, so a subscriber
// receives it at once and polls rarely. The loop is the same.
func ExampleSubscriber_webSocket() {
	ctx := context.Background()
	srv, stop := serve()
	defer stop()
	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithProject("demo"), zaqar.WithWebSocket(srv.WebSocketURL()))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	sub := client.Subscriber(zaqar.SubscriberConfig{})
	if err := sub.Subscribe("news"); err != nil {
		log.Fatal(err)
	}
	posted := zaqar.Async(ctx, client, func(ctx context.Context) ([]string, error) {
		return client.Queue("news").Post(ctx, "it works")
	})
	for msg, err := range sub.Listen(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", msg.Body())
		break
	}
	if _, err := posted.Wait(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: "it works"
}
