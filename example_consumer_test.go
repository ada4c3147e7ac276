package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync/atomic"
	"time"

	"github.com/zaqar-go/zaqar"
)

// A worker in a few lines. Messages that fail are tried again, and become dead letters
// after 5 attempts.
func ExampleQueue_Consumer() {
	ctx, done := context.WithCancel(context.Background())
	client, stop := embedded()
	defer stop()
	queue := client.Queue("mail")
	if _, err := queue.Post(ctx, "hello"); err != nil {
		log.Fatal(err)
	}

	worker := queue.Consumer(zaqar.ConsumerConfig{Workers: 4, DeadLetter: "mail-dead"})
	err := worker.Run(ctx, func(_ context.Context, m *zaqar.Message) error {
		fmt.Printf("send %s\n", m.Body())
		done() // a real worker runs until it is interrupted
		return nil
	})
	fmt.Println(err, worker.Stats().Handled)
	// Output:
	// send "hello"
	// <nil> 1
}

// When the context ends, running handlers finish, and messages whose handler has not
// started are released at once.
func ExampleConsumer_Run() {
	ctx, interrupt := context.WithCancel(context.Background())
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "first", "second", "third"); err != nil {
		log.Fatal(err)
	}

	config := zaqar.ConsumerConfig{Workers: 1, ClaimSize: 20, StopTimeout: time.Minute}
	err := queue.Consumer(config).Run(ctx, func(_ context.Context, m *zaqar.Message) error {
		interrupt() // a signal, in a real worker
		fmt.Printf("finish %s\n", m.Body())
		return nil
	})
	left, wrong := queue.Claim(context.Background())
	fmt.Println(err, left, wrong)
	// Output:
	// finish "first"
	// <nil> <Claim size:2> <nil>
}

// Next leaves the loop to the caller.
func ExampleConsumer_Next() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "good", "bad"); err != nil {
		log.Fatal(err)
	}

	consumer := queue.Consumer(zaqar.ConsumerConfig{OnFailure: zaqar.RetryHere, Backoff: -1})
	for range 3 {
		delivery, err := consumer.Next(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s, attempt %d\n", delivery.Message().Body(), delivery.Attempt())
		if string(delivery.Message().Body()) == `"bad"` && delivery.Attempt() == 1 {
			err = delivery.Fail(ctx, errors.New("try again"))
		} else {
			err = delivery.Done(ctx)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(consumer.Stop(ctx))
	// Unordered output:
	// "good", attempt 1
	// "bad", attempt 1
	// "bad", attempt 2
	// <nil>
}

// Fetch returns several messages: all that are there, up to a limit.
func ExampleConsumer_Fetch() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, 1, 2, 3); err != nil {
		log.Fatal(err)
	}

	consumer := queue.Consumer(zaqar.ConsumerConfig{ClaimSize: 20})
	batch, err := consumer.Fetch(ctx, 10)
	if err != nil {
		log.Fatal(err)
	}
	for _, delivery := range batch {
		fmt.Printf("%s\n", delivery.Message().Body())
		if err := delivery.Done(ctx); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(consumer.Stop(ctx))
	// Output:
	// 1
	// 2
	// 3
	// <nil>
}

// A handler for a type of your own. A message that cannot be decoded becomes a dead
// letter at once, if there is a dead-letter queue.
func ExampleHandle() {
	ctx, done := context.WithCancel(context.Background())
	client, stop := embedded()
	defer stop()
	queue := client.Queue("orders")
	type order struct {
		Item string
		N    int
	}
	if _, err := queue.Post(ctx, order{"bolts", 12}); err != nil {
		log.Fatal(err)
	}

	err := queue.Consumer(zaqar.ConsumerConfig{}).Run(ctx, zaqar.Handle(func(ctx context.Context, o order, m *zaqar.Message) error {
		defer done()
		fmt.Println(o.N, o.Item, "for", m.Queue().Name(), "at attempt", zaqar.Attempt(ctx))
		return nil
	}))
	fmt.Println(err)
	// Output:
	// 12 bolts for orders at attempt 1
	// <nil>
}

// A dead letter says why its message could not be handled. To try again, post its body to
// its queue and delete the dead letter.
func ExampleReadDeadLetter() {
	ctx, done := context.WithCancel(context.Background())
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "hopeless"); err != nil {
		log.Fatal(err)
	}
	config := zaqar.ConsumerConfig{DeadLetter: "wot-dead", MaxAttempts: 3, Backoff: -1}
	err := queue.Consumer(config).Run(ctx, func(ctx context.Context, _ *zaqar.Message) error {
		if zaqar.Attempt(ctx) == 3 {
			done()
		}
		return errors.New("no such recipient")
	})
	if err != nil {
		log.Fatal(err)
	}

	ctx = context.Background()
	for message, err := range client.Queue("wot-dead").Messages(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		letter, err := zaqar.ReadDeadLetter(message)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(letter, letter.Reason)
		if _, err := client.Queue(letter.Queue).Post(ctx, letter.Body); err != nil {
			log.Fatal(err)
		}
		if err := message.Delete(ctx); err != nil {
			log.Fatal(err)
		}
	}
	// Output: <DeadLetter [wot] attempts:3> no such recipient
}

// Permanent says that no further attempt can help, RetryAfter when to try again.
func ExamplePermanent() {
	ctx, done := context.WithCancel(context.Background())
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "busy", "wrong"); err != nil {
		log.Fatal(err)
	}

	config := zaqar.ConsumerConfig{Workers: 1, ClaimSize: 20, OnFailure: zaqar.RetryHere, DeadLetter: "wot-dead"}
	consumer := queue.Consumer(config)
	err := consumer.Run(ctx, func(_ context.Context, m *zaqar.Message) error {
		switch {
		case string(m.Body()) == `"wrong"`:
			return zaqar.Permanent(errors.New("not ours"))
		case consumer.Stats().DeadLettered == 0:
			return zaqar.RetryAfter(time.Millisecond, errors.New("wait for the other"))
		}
		done()
		return nil
	})
	s := consumer.Stats()
	fmt.Println(err, s.Handled, s.DeadLettered)
	// Output: <nil> 1 1
}

// Halt ends a consumer from inside a handler.
func ExampleConsumer_Halt() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "work", "the end", "not begun"); err != nil {
		log.Fatal(err)
	}

	worker := queue.Consumer(zaqar.ConsumerConfig{Workers: 1})
	err := worker.Run(ctx, func(_ context.Context, m *zaqar.Message) error {
		fmt.Printf("%s\n", m.Body())
		if string(m.Body()) == `"the end"` {
			worker.Halt()
		}
		return nil
	})
	fmt.Println(err, worker.Stats().Handled)
	// Output:
	// "work"
	// "the end"
	// <nil> 2
}

// Claims begin with one message. While they come back full and handlers are quick, they
// grow up to 20, which saves most of the requests.
func ExampleConsumerConfig_adaptive() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("clicks")
	for n := range 500 {
		if _, err := queue.Post(ctx, n); err != nil {
			log.Fatal(err)
		}
	}

	worker := queue.Consumer(zaqar.ConsumerConfig{ClaimSize: zaqar.Adaptive}) // the default
	var handled atomic.Int64
	err := worker.Run(ctx, func(context.Context, *zaqar.Message) error {
		if handled.Add(1) == 500 {
			worker.Halt() // a real worker runs until it is interrupted
		}
		return nil
	})
	fmt.Println(err, worker.Stats().Handled)
	// Output: <nil> 500
}

// HandlerTimeout limits each attempt.
func ExampleConsumerConfig_handlerTimeout() {
	ctx, done := context.WithCancel(context.Background())
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "slow"); err != nil {
		log.Fatal(err)
	}

	config := zaqar.ConsumerConfig{HandlerTimeout: time.Millisecond, OnFailure: zaqar.RetryHere, Backoff: -1}
	err := queue.Consumer(config).Run(ctx, func(ctx context.Context, _ *zaqar.Message) error {
		if zaqar.Attempt(ctx) == 2 {
			done()
			return nil
		}
		<-ctx.Done()
		fmt.Println(context.Cause(ctx))
		return ctx.Err()
	})
	fmt.Println(err)
	// Output:
	// context deadline exceeded
	// <nil>
}

// Shutdown stops everything that runs on a client.
func ExampleClient_Shutdown() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "last"); err != nil {
		log.Fatal(err)
	}

	begun := make(chan struct{})
	worker := queue.Consumer(zaqar.ConsumerConfig{})
	run := zaqar.AsyncDo(ctx, client, func(ctx context.Context) error {
		return worker.Run(ctx, func(context.Context, *zaqar.Message) error {
			close(begun)
			time.Sleep(time.Millisecond) // it finishes
			return nil
		})
	})
	<-begun
	limited, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	fmt.Println(client.Shutdown(limited), run.Err(), worker.Stats().Handled)
	// Output: <nil> <nil> 1
}
