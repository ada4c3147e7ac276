package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/zaqar-go/zaqar"
)

// A handle sends no request, and the queue need not exist. Posting creates it.
func ExampleClient_Queue() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	queue := client.Queue("wot")
	before, err := queue.Exists(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := queue.Post(ctx, "hello"); err != nil {
		log.Fatal(err)
	}
	after, err := queue.Exists(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(queue.Name(), queue.Href(), before, after)
	// Output: wot /v2/queues/wot false true
}

// A new queue can have metadata: your own values in a Content, and what Zaqar itself
// uses in a Reserved.
func ExampleClient_CreateQueue() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	queue, err := client.CreateQueue(ctx, "orders",
		zaqar.Content{"owner": "shop"},
		zaqar.Reserved{MaxClaimCount: 5, DeadLetterQueue: "orders-dead"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(queue)
	// Output: <Queue [orders]>
}

// Creating a queue that exists is not an error, unless its metadata differs. The
// handle is valid in both cases.
func ExampleClient_CreateQueue_again() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	if _, err := client.CreateQueue(ctx, "orders", zaqar.Content{"owner": "shop"}); err != nil {
		log.Fatal(err)
	}
	_, err := client.CreateQueue(ctx, "orders", zaqar.Content{"owner": "shop"})
	fmt.Println(err)
	queue, err := client.CreateQueue(ctx, "orders", zaqar.Content{"owner": "bank"})
	fmt.Println(queue, errors.Is(err, zaqar.ErrExists))
	// Output:
	// <nil>
	// <Queue [orders]> true
}

// Leaving the loop ends the listing. Further pages are not fetched.
func ExampleClient_Queues() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	for _, name := range []string{"burrito", "tacocat", "wot"} {
		if _, err := client.CreateQueue(ctx, name); err != nil {
			log.Fatal(err)
		}
	}

	for queue, err := range client.Queues(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(queue)
		if queue.Name() == "tacocat" {
			break
		}
	}
	// Output:
	// <Queue [burrito]>
	// <Queue [tacocat]>
}

func ExampleClient_Queues_options() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	for i, name := range []string{"burrito", "tacocat", "wot", "zebra"} {
		if _, err := client.CreateQueue(ctx, name, zaqar.Content{"rank": i}); err != nil {
			log.Fatal(err)
		}
	}

	for queue, err := range client.Queues(ctx, zaqar.Marker("burrito"), zaqar.Limit(2), zaqar.Detailed(true)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(queue.Name(), queue.Listed()["rank"])
	}
	// Output:
	// tacocat 1
	// wot 2
}

// ok is false if the server does not count, as with pooling.
func ExampleClient_CountQueues() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	for _, name := range []string{"burrito", "tacocat", "wot"} {
		if _, err := client.CreateQueue(ctx, name); err != nil {
			log.Fatal(err)
		}
	}

	n, ok, err := client.CountQueues(ctx)
	fmt.Println(n, ok, err)
	// Output: 3 true <nil>
}

func ExampleQueue_Stats() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "first", "second", "third"); err != nil {
		log.Fatal(err)
	}
	if _, err := queue.Claim(ctx, zaqar.Limit(1)); err != nil {
		log.Fatal(err)
	}

	stats, err := queue.Stats(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats)
	// Both are nil if the queue is empty.
	if stats.Oldest != nil && stats.Newest != nil {
		fmt.Printf("from %s to %s\n", stats.Oldest.Body, stats.Newest.Body)
	}
	// Output:
	// claimed:1 free:2 total:3
	// from "first" to "third"
}

// Purge deletes the messages. The queue and its metadata stay. Without an argument it
// deletes the subscriptions too.
func ExampleQueue_Purge() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "first", "second"); err != nil {
		log.Fatal(err)
	}

	if err := queue.Purge(ctx, zaqar.MessageResource); err != nil {
		log.Fatal(err)
	}
	stats, err := queue.Stats(ctx)
	if err != nil {
		log.Fatal(err)
	}
	exists, err := queue.Exists(ctx)
	fmt.Println(stats.Total, exists, err)
	// Output: 0 true <nil>
}

// Delete is idempotent.
func ExampleQueue_Delete() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue, err := client.CreateQueue(ctx, "wot")
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println(queue.Delete(ctx), queue.Delete(ctx))
	// Output: <nil> <nil>
}

// PurgeAll deletes claimed messages too.
func ExampleQueue_PurgeAll() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "claimed", "free"); err != nil {
		log.Fatal(err)
	}
	if _, err := queue.Claim(ctx, zaqar.Limit(1)); err != nil {
		log.Fatal(err)
	}

	if err := queue.PurgeAll(ctx, zaqar.MessageResource); err != nil {
		log.Fatal(err)
	}
	stats, err := queue.Stats(ctx)
	fmt.Println(stats, err)
	// Output: claimed:0 free:0 total:0 <nil>
}

// First returns the first item of a listing, if there is one.
func ExampleFirst() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	queue, ok, err := zaqar.First(client.Queues(ctx))
	fmt.Println(queue != nil, ok, err)

	if _, err := client.CreateQueue(ctx, "wot"); err != nil {
		log.Fatal(err)
	}
	queue, ok, err = zaqar.First(client.Queues(ctx))
	fmt.Println(queue, ok, err)
	// Output:
	// false false <nil>
	// <Queue [wot]> true <nil>
}
