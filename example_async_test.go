package zaqar_test

import (
	"context"
	"fmt"
	"log"

	"github.com/zaqar-go/zaqar"
)

// A call that runs without its caller hands back a future of its outcome. Any call
// will do: a method that needs nothing but the context is the call.
func ExampleAsync() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")

	ids := zaqar.Async(ctx, client, func(ctx context.Context) ([]string, error) {
		return queue.Post(ctx, "one", "two")
	})
	// Do other things meanwhile.
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

// Many calls at once: the client keeps as many in flight as WithAsync allows, and
// Close waits for them.
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

// Done is a channel, for a select.
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

// Collect takes a whole listing, where it is known to be short.
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
