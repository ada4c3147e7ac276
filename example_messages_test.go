package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/zaqar-go/zaqar"
)

// Each argument is one message. Any value that JSON can encode can be its body. The
// ids are in the same order.
func ExampleQueue_Post() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	ids, err := client.Queue("wot").Post(ctx,
		"text",
		map[string]any{"event": "winning", "score": 10},
		[]int{1, 2, 3}) // a slice is one body
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(ids))
	// Output: 3
}

// A plain body gets the queue's default TTL. An Outgoing can set its own.
func ExampleOutgoing() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")

	_, err := queue.Post(ctx, "for an hour", zaqar.Outgoing{Body: "for two minutes", TTL: 2 * time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	for message, err := range queue.Messages(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s %v\n", message.Body(), message.TTL())
	}
	// Output:
	// "for an hour" 1h0m0s
	// "for two minutes" 2m0s
}

// A delay works only on a queue that has a default delay. Servers ignore it on
// others.
func ExampleOutgoing_delay() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	queue, err := client.CreateQueue(ctx, "later", zaqar.Reserved{DefaultMessageDelay: time.Second})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := queue.Post(ctx, zaqar.Outgoing{Body: "not yet", Delay: 5 * time.Minute}); err != nil {
		log.Fatal(err)
	}
	for _, delayed := range []zaqar.IncludeDelayed{false, true} {
		n := 0
		for _, err := range queue.Messages(ctx, delayed) {
			if err != nil {
				log.Fatal(err)
			}
			n++
		}
		fmt.Println(delayed, n)
	}
	// Output:
	// false 0
	// true 1
}

// Messages lists without claiming. To work on messages use [zaqar.Queue.Claim].
func ExampleQueue_Messages() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "first", "second"); err != nil {
		log.Fatal(err)
	}

	for message, err := range queue.Messages(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s %s\n", message, message.Body())
	}
	// Output:
	// <Message ttl:3600> "first"
	// <Message ttl:3600> "second"
}

func ExampleQueue_Messages_options() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	ids, err := queue.Post(ctx, "a", "b", "c", "d")
	if err != nil {
		log.Fatal(err)
	}
	claim, err := queue.Claim(ctx, zaqar.Limit(2)) // a and b
	if err != nil {
		log.Fatal(err)
	}

	show := func(what string, options ...zaqar.MessagesOption) {
		fmt.Print(what, ":")
		for message, err := range queue.Messages(ctx, options...) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf(" %s", message.Body())
		}
		fmt.Println()
	}
	show("free")
	show("all", zaqar.IncludeClaimed(true))
	show("of others", zaqar.Echo(false))
	show("by ids", zaqar.IDs{ids[1], ids[3]})
	show("of the claim", zaqar.ClaimID(claim.ID()))
	show("of the claim, by ids", zaqar.ClaimID(claim.ID()), zaqar.IDs{ids[1], ids[3]}, zaqar.Limit(1))
	// Output:
	// free: "c" "d"
	// all: "a" "b" "c" "d"
	// of others:
	// by ids: "b" "d"
	// of the claim: "a" "b"
	// of the claim, by ids: "b"
}

func ExampleQueue_Message() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	ids, err := queue.Post(ctx, map[string]any{"action": "win"})
	if err != nil {
		log.Fatal(err)
	}

	message, err := queue.Message(ctx, ids[0])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(message.Age() < time.Minute, message.TTL(), message.Href() == "/v2/queues/wot/messages/"+ids[0])
	fmt.Printf("%s\n", message.Body())
	// Output:
	// true 1h0m0s true
	// {"action":"win"}
}

func ExampleMessage_Decode() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	type event struct {
		Name  string `json:"name"`
		Score int    `json:"score"`
	}
	if _, err := queue.Post(ctx, event{Name: "winning", Score: 10}); err != nil {
		log.Fatal(err)
	}

	for message, err := range queue.Messages(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		var e event
		if err := message.Decode(&e); err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.Name, e.Score)
	}
	// Output: winning 10
}

// A number decoded into an any is a json.Number, so it keeps all its digits.
func ExampleMessage_Decode_numbers() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, map[string]any{"id": int64(9007199254740993)}); err != nil {
		log.Fatal(err)
	}

	for message, err := range queue.Messages(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		var body map[string]any
		if err := message.Decode(&body); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v %T\n", body["id"], body["id"])
	}
	// Output: 9007199254740993 json.Number
}

// A status belongs to the moment of reading. Reload reads again.
func ExampleMessage_Status() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	ids, err := queue.Post(ctx, "work")
	if err != nil {
		log.Fatal(err)
	}
	message, err := queue.Message(ctx, ids[0])
	if err != nil {
		log.Fatal(err)
	}
	before, err := message.Status(ctx)
	if err != nil {
		log.Fatal(err)
	}

	if _, err := queue.Claim(ctx); err != nil {
		log.Fatal(err)
	}
	if err := message.Reload(ctx); err != nil {
		log.Fatal(err)
	}
	after, err := message.Status(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v [%d], %v [%d]\n", before, before, after, after)
	// Output: Free [1], Claimed [2]
}

// A deleted message cannot be read again.
func ExampleMessage_Reload() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	ids, err := queue.Post(ctx, "short")
	if err != nil {
		log.Fatal(err)
	}
	message, err := queue.Message(ctx, ids[0])
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println(message.Reload(ctx))
	if err := queue.DeleteMessage(ctx, message.ID()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(errors.Is(message.Reload(ctx), zaqar.ErrNotFound))
	// Output:
	// <nil>
	// true
}

// Pop deletes the messages as it reads them. If that is too early, use a claim.
func ExampleQueue_Pop() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "first", "second", "third"); err != nil {
		log.Fatal(err)
	}

	popped, err := queue.Pop(ctx, 2)
	if err != nil {
		log.Fatal(err)
	}
	for _, message := range popped {
		fmt.Printf("%s\n", message.Body())
	}
	// Output:
	// "first"
	// "second"
}

// DeleteMessages takes any number of ids and ignores those that are gone already.
func ExampleQueue_DeleteMessages() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	ids, err := queue.Post(ctx, "first", "second", "third")
	if err != nil {
		log.Fatal(err)
	}

	for range 2 {
		if err := queue.DeleteMessages(ctx, ids[:2]); err != nil {
			log.Fatal(err)
		}
	}
	stats, err := queue.Stats(ctx)
	fmt.Println(stats.Total, err)
	// Output: 1 <nil>
}

// Post messages that are in a slice.
func ExampleQueue_PostMany() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")

	var messages []zaqar.Outgoing
	for _, city := range []string{"Oslo", "Rome"} {
		messages = append(messages, zaqar.Outgoing{Body: city, TTL: 5 * time.Minute})
	}
	ids, err := queue.PostMany(ctx, messages)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(ids), "messages are stored")
	// Posting the slice itself would store one message.
	_, err = queue.Post(ctx, messages)
	fmt.Println("invalid:", errors.Is(err, zaqar.ErrInvalid))
	// Output:
	// 2 messages are stored
	// invalid: true
}

// Test a handler without a server.
func ExampleNewMessage() {
	handler := func(_ context.Context, m *zaqar.Message) error {
		var order struct{ Number int }
		if err := m.Decode(&order); err != nil {
			return zaqar.Permanent(err)
		}
		fmt.Println("order", order.Number)
		return nil
	}

	message, err := zaqar.NewMessage(zaqar.MessageFields{Body: map[string]int{"number": 4711}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(handler(context.Background(), message))
	// Output:
	// order 4711
	// <nil>
}
