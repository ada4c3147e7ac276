package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// misbehaving is like embedded, and returns the server too, to make it fail.
func misbehaving(options ...zaqar.ConnectOption) (client *zaqar.Client, server *zaqartest.Server, stop func()) {
	server, err := zaqartest.NewServer()
	if err != nil {
		log.Fatal(err)
	}
	if err := server.ListenInMemory(); err != nil {
		log.Fatal(err)
	}
	options = append(options, zaqar.WithProject("demo"), zaqar.WithHTTPClient(server.HTTPClient()))
	client, err = zaqar.Connect(context.Background(), server.URL(), options...)
	if err != nil {
		log.Fatal(err)
	}
	return client, server, func() {
		if err := errors.Join(client.Close(), server.Close()); err != nil {
			log.Fatal(err)
		}
	}
}

// A thousand messages in ten requests.
func ExampleQueue_Publisher() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")

	publisher := queue.Publisher(zaqar.PublisherConfig{})
	var futures []*zaqar.Future[string]
	for i := range 1000 {
		futures = append(futures, publisher.Publish(ctx, map[string]int{"score": i}))
	}
	if err := publisher.Close(ctx); err != nil { // sends what is left, and waits
		log.Fatal(err)
	}
	for _, f := range futures {
		if _, err := f.Wait(ctx); err != nil { // the value is the message's id
			log.Fatal(err)
		}
	}
	stats, err := queue.Stats(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats)
	// Output: claimed:0 free:1000 total:1000
}

// Large batches for throughput, or no delay for a short way.
func ExamplePublisherConfig() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	steady := client.Queue("metrics").Publisher(zaqar.PublisherConfig{
		BatchMessages: 1000,
		BatchDelay:    100 * time.Millisecond,
		Concurrency:   4, // the order is given up
	})
	prompt := client.Queue("alarms").Publisher(zaqar.PublisherConfig{BatchDelay: -1})

	metric := steady.Publish(ctx, 21.5)
	alarm := prompt.Publish(ctx, zaqar.Outgoing{Body: "fire", TTL: 5 * time.Minute})
	if err := errors.Join(steady.Close(ctx), prompt.Close(ctx)); err != nil {
		log.Fatal(err)
	}
	fmt.Println(metric, alarm)
	// Output: <Future done> <Future done>
}

// Publish blocks when too much is outstanding. Who must not wait has messages refused,
// or dropped, which the observer counts.
func ExampleOverflow() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	publisher := client.Queue("wot").Publisher(zaqar.PublisherConfig{
		OutstandingMessages: 2,
		BatchDelay:          time.Hour,
		Overflow:            zaqar.OverflowRefuse,
	})
	for _, body := range []string{"a", "b"} {
		publisher.Publish(ctx, body)
	}
	messages, bytes := publisher.Outstanding()
	fmt.Println(messages, "messages of", bytes, "bytes are outstanding")
	if err := publisher.Publish(ctx, "c").Err(); errors.Is(err, zaqar.ErrOverflow) {
		fmt.Println(err)
	}
	if err := publisher.Close(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2 messages of 24 bytes are outstanding
	// zaqar: message_post wot: too much is outstanding: 2 messages of 24 bytes, and one of 12 came
}

// What a future says: stored, certainly not stored, or not known.
func ExamplePublisher_Publish() {
	ctx := context.Background()
	client, server, stop := misbehaving()
	defer stop()
	publisher := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchDelay: -1})

	tell := func(what string, f *zaqar.Future[string]) {
		switch _, err := f.Wait(ctx); { // the value is the id
		case err == nil:
			fmt.Println(what, "is stored")
		case errors.Is(err, zaqar.ErrTooLarge):
			fmt.Println(what, "was not even sent:", err)
		case zaqar.SafeToRetry(err):
			fmt.Println(what, "is not stored; refused:", errors.Is(err, zaqar.ErrInvalid))
		default:
			fmt.Println(what, "may be stored; unavailable:", errors.Is(err, zaqar.ErrUnavailable))
		}
	}
	tell("good", publisher.Publish(ctx, "good"))
	tell("large", publisher.Publish(ctx, strings.Repeat("x", 300_000)))
	tell("eternal", publisher.Publish(ctx, zaqar.Outgoing{TTL: 1000 * 24 * time.Hour}))
	server.Inject(zaqartest.Fault{Kind: "message_post", Status: 503, After: true})
	tell("lucky", publisher.Publish(ctx, "lucky"))

	if err := publisher.Close(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// good is stored
	// large was not even sent: zaqar: message_post: the message makes a request of 300026 bytes, and wot takes 262144: the message is too large
	// eternal is not stored; refused: true
	// lucky may be stored; unavailable: true
}

// Where a message twice is better than a message perhaps, batches are sent again until
// they are known to be stored. Consumers must be able to bear it, by an id of their
// own in the body for instance.
func ExamplePublisherConfig_allowDuplicates() {
	ctx := context.Background()
	client, server, stop := misbehaving()
	defer stop()

	server.Inject(zaqartest.Fault{Kind: "message_post", Cut: true, After: true})
	queue := client.Queue("orders")
	publisher := queue.Publisher(zaqar.PublisherConfig{AllowDuplicates: true})
	order := publisher.Publish(ctx, map[string]string{"order": "4711"})
	if err := publisher.Close(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(order)
	for message, err := range queue.Messages(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", message.Body())
	}
	// Output:
	// <Future done>
	// {"order":"4711"}
	// {"order":"4711"}
}

// A message that waits for its batch can be taken back.
func ExamplePublisher_cancel() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	publisher := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchDelay: time.Minute})
	publisher.Publish(ctx, "kept")
	hasty := publisher.Publish(ctx, "hasty")
	hasty.Cancel()
	if err := publisher.Close(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(hasty.Err())
	// Output: zaqar: message_post wot: taken back before it was sent: context canceled
}

// The publisher goes on after a flush.
func ExamplePublisher_Flush() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	publisher := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchDelay: time.Minute})
	first := publisher.Publish(ctx, 1)
	if err := publisher.Flush(ctx); err != nil {
		log.Fatal(err)
	}
	second := publisher.Publish(ctx, 2)
	fmt.Println(first, second)
	if err := publisher.Close(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(first, second)
	// Output:
	// <Future done> <Future pending>
	// <Future done> <Future done>
}

// The client's observer sees each batch.
func ExamplePublisher_observer() {
	ctx := context.Background()
	client, _, stop := misbehaving(zaqar.WithObserver(observe.Func(func(_ context.Context, e observe.Event) {
		if batch, ok := e.(observe.Batch); ok {
			fmt.Println(batch.Outcome, batch.Messages, "messages in", batch.Bytes, "bytes")
		}
	})))
	defer stop()

	publisher := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchMessages: 2})
	for _, body := range []string{"a", "b", "c"} {
		publisher.Publish(ctx, body)
	}
	if err := publisher.Close(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// stored 2 messages in 40 bytes
	// stored 1 messages in 27 bytes
}
