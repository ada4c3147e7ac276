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

// misbehaving is like embedded, but also returns the server, which can be made to fail.
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

// Post a thousand messages in a few requests.
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
	if err := publisher.Close(ctx); err != nil { // sends the rest and waits
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

// Batches adapt to the load by default. A longer delay means fewer requests, several
// batches at once mean more throughput, and no delay means the lowest latency.
func ExamplePublisherConfig() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	steady := client.Queue("metrics").Publisher(zaqar.PublisherConfig{
		BatchDelay:  100 * time.Millisecond,
		Concurrency: 4, // gives up ordering
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

// Where the order does not matter, let the publisher find how many batches should be in
// flight: more while the server stores more messages a second, fewer after failures.
func ExampleAdaptive() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")

	publisher := queue.Publisher(zaqar.PublisherConfig{Concurrency: zaqar.Adaptive})
	for i := range 1000 {
		publisher.Publish(ctx, map[string]int{"score": i})
	}
	if err := publisher.Close(ctx); err != nil { // tells of failures, too
		log.Fatal(err)
	}
	stats, err := queue.Stats(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats)
	// Output: claimed:0 free:1000 total:1000
}

// By default Publish blocks when too much is outstanding (backpressure). It can also
// refuse the message, or drop it and tell the observer.
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
	// zaqar: message_post wot: too much is outstanding: 2 messages (24 bytes), no room for another 12 bytes
}

// Find out whether a message is stored: yes, certainly not, or unknown.
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
	// large was not even sent: zaqar: message_post: the message needs a request of 300026 bytes, and wot allows 262144: the message is too large
	// eternal is not stored; refused: true
	// lucky may be stored; unavailable: true
}

// Retry a batch until it is known to be stored, even if a message may then be stored
// twice. Consumers must be idempotent, for example with an id in the body.
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

// Ignore the futures, and be told of failures all the same.
func ExamplePublishError() {
	ctx := context.Background()
	client, server, stop := misbehaving()
	defer stop()

	server.Inject(zaqartest.Fault{Kind: "message_post", Status: 403, Body: `{"title": "Forbidden"}`})
	publisher := client.Queue("events").Publisher(zaqar.PublisherConfig{BatchDelay: time.Second})
	for i := range 3 {
		publisher.Publish(ctx, i)
	}
	err := publisher.Close(ctx)
	if failures, ok := errors.AsType[*zaqar.PublishError](err); ok {
		fmt.Println(failures.Failed, "messages failed; forbidden:", errors.Is(err, zaqar.ErrForbidden))
	}
	// Output: 3 messages failed; forbidden: true
}

// Keep messages that could not be published, for instance to publish them later.
func ExamplePublisherConfig_onFailure() {
	ctx := context.Background()
	client, server, stop := misbehaving()
	defer stop()

	server.Inject(zaqartest.Fault{Kind: "message_post", Status: 403})
	var failed []zaqar.Outgoing // one batch at a time, so no lock is needed
	publisher := client.Queue("orders").Publisher(zaqar.PublisherConfig{
		Patience:  10 * time.Minute, // survive longer outages
		OnFailure: func(m zaqar.Outgoing, err error) { failed = append(failed, m) },
	})
	publisher.Publish(ctx, map[string]int{"order": 4711})
	_ = publisher.Flush(ctx) // tells of the failure, too
	for _, m := range failed {
		fmt.Printf("again: %s\n", m.Body)
		publisher.Publish(ctx, m)
	}
	if err := publisher.Close(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: again: {"order":4711}
}

// Cancel a message that is not in a batch yet.
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
	// Output: zaqar: message_post wot: cancelled before it was sent: context canceled
}

// Send what is buffered now. The publisher can be used afterwards.
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

// See each batch in the client's observer.
func ExamplePublisher_observer() {
	ctx := context.Background()
	client, _, stop := misbehaving(zaqar.WithObserver(observe.Func(func(_ context.Context, e observe.Event) {
		if batch, ok := e.(observe.Batch); ok {
			fmt.Printf("%s: %d in a request of %d bytes\n", batch.Outcome, batch.Messages, batch.Bytes)
		}
	})))
	defer stop()

	publisher := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchMessages: 2, BatchDelay: time.Second})
	for _, body := range []string{"a", "b", "c"} {
		publisher.Publish(ctx, body)
	}
	if err := publisher.Close(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// stored: 2 in a request of 40 bytes
	// stored: 1 in a request of 27 bytes
}
