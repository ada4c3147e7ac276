package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// embedded returns a client of a Zaqar inside this process, and a function that stops
// both. For a real Zaqar use zaqar.Connect(ctx, "",
// zaqar.WithAuth(keystone.FromEnv())).
func embedded() (client *zaqar.Client, stop func()) {
	srv, err := zaqartest.NewServer()
	if err != nil {
		log.Fatal(err)
	}
	if err := srv.ListenInMemory(); err != nil {
		log.Fatal(err)
	}
	client, err = zaqar.Connect(context.Background(), srv.URL(),
		zaqar.WithProject("demo"), zaqar.WithHTTPClient(srv.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	return client, func() {
		if err := errors.Join(client.Close(), srv.Close()); err != nil {
			log.Fatal(err)
		}
	}
}

// A whole session: create a queue, find it, post, read, claim, delete.
func Example() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	home, err := client.Home(ctx)
	if err != nil {
		log.Fatal(err)
	}
	resource, _ := home.Resource("queue")
	fmt.Println("queues are at", resource.Template)

	if _, err := client.CreateQueue(ctx, "wot"); err != nil {
		log.Fatal(err)
	}
	var queue *zaqar.Queue
	for q, err := range client.Queues(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if q.Name() == "wot" {
			queue = q
			break
		}
	}

	event := map[string]any{"event": map[string]any{"data": "winning", "score": 10}}
	if _, err := queue.Post(ctx, zaqar.Outgoing{Body: event, TTL: 2 * time.Minute}); err != nil {
		log.Fatal(err)
	}

	for message, err := range queue.Messages(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		status, err := message.Status(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n%s %v\n", message.Body(), message, status)
	}
	stats, err := queue.Stats(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats)

	claim, err := queue.Claim(ctx, zaqar.Limit(1))
	if err != nil {
		log.Fatal(err)
	}
	for _, message := range claim.Messages() {
		status, err := message.Status(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(claim, status)
		if err := message.Delete(ctx); err != nil {
			log.Fatal(err)
		}
	}
	if err := claim.Release(ctx); err != nil {
		log.Fatal(err)
	}

	metadata, err := queue.Metadata(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := metadata.Update(ctx, map[string]any{"max_size": 1000}); err != nil {
		log.Fatal(err)
	}
	if err := metadata.Reload(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("max_size is", metadata.Content()["max_size"])

	fmt.Println(queue)
	if err := queue.Delete(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// queues are at /v2/queues/{queue_name}
	// {"event":{"data":"winning","score":10}}
	// <Message ttl:120> Free
	// claimed:0 free:1 total:1
	// <Claim size:1> Claimed
	// max_size is 1000
	// <Queue [wot]>
}
