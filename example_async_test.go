package zaqar_test

import (
	"context"
	"fmt"
	"log"

	"github.com/zaqar-go/zaqar"
)

// Run any call asynchronously. A method that takes only a context can be passed as it is.
func ExampleAsync() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")

	ids := zaqar.Async(ctx, client, func(ctx context.Context) ([]string, error) {
		return queue.Post(ctx, "one", "two")
	})
	// Do something else in the meantime.
	posted, err := ids.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(posted), "messages posted")

	stats, err := zaqar.Async(ctx, client, queue.Stats).Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats)
	// Output:
	// 2 messages posted
	// claimed:0 free:2 total:2
}

// Run many calls, up to the client's limit at once. Client.Close waits for them.
func ExampleAsyncDo() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, 1, 2, 3); err != nil {
		log.Fatal(err)
	}

	var deletions []*zaqar.Future[struct{}]
	for message, err := range queue.Messages(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		deletions = append(deletions, zaqar.AsyncDo(ctx, client, message.Delete))
	}
	for _, deletion := range deletions {
		if _, err := deletion.Wait(ctx); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(len(deletions), "deleted, at most", client.Async(), "at once")
	// Output: 3 deleted, at most 64 at once
}

// Wait for a call in a select statement.
func ExampleFuture_Done() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	ping := zaqar.AsyncDo(ctx, client, client.Ping)
	select {
	case <-ping.Done():
		fmt.Println("it answered:", ping.Err())
	case <-ctx.Done():
		ping.Cancel()
	}
	// Output: it answered: <nil>
}

// Read a short listing as one slice.
func ExampleCollect() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "one", "two"); err != nil {
		log.Fatal(err)
	}

	listing := zaqar.Async(ctx, client, func(ctx context.Context) ([]*zaqar.Message, error) {
		return zaqar.Collect(queue.Messages(ctx))
	})
	messages, err := listing.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, message := range messages {
		fmt.Println(string(message.Body()))
	}
	// Output:
	// "one"
	// "two"
}
