package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/zaqar-go/zaqar"
)

// A worker's loop: claim, handle, delete. A lost claim is not an error for the
// worker: somebody else handles that message again.
func ExampleQueue_Claim() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "first", "second", "third"); err != nil {
		log.Fatal(err)
	}

	for {
		claim, err := queue.Claim(ctx, zaqar.Limit(2), zaqar.TTL(2*time.Minute))
		if err != nil {
			log.Fatal(err)
		}
		if claim.Empty() {
			break // a worker that keeps running would wait here
		}
		fmt.Println(claim)
		for _, message := range claim.Messages() {
			fmt.Printf("work on %s\n", message.Body())
			err := message.Delete(ctx)
			if errors.Is(err, zaqar.ErrClaimLost) {
				continue
			}
			if err != nil {
				log.Fatal(err)
			}
		}
	}
	// Output:
	// <Claim size:2>
	// work on "first"
	// work on "second"
	// <Claim size:1>
	// work on "third"
}

// If there is nothing to claim, that is not an error.
func ExampleQueue_Claim_empty() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()

	claim, err := client.Queue("wot").Claim(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(claim, claim.Empty())
	fmt.Println(errors.Is(claim.Update(ctx), zaqar.ErrClaimEmpty), claim.Release(ctx))
	// Output:
	// <Claim size:0> true
	// true <nil>
}

// If the work takes longer than planned, extend the claim before it ends.
func ExampleClaim_Update() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "long work"); err != nil {
		log.Fatal(err)
	}
	claim, err := queue.Claim(ctx, zaqar.TTL(time.Minute), zaqar.Grace(90*time.Second))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(claim.TTL(), claim.Grace())

	// The grace is not given and stays as it was. The age starts again.
	if err := claim.Update(ctx, zaqar.TTL(10*time.Minute)); err != nil {
		log.Fatal(err)
	}
	fmt.Println(claim.TTL(), claim.Grace(), claim.Age() < time.Minute)
	// Output:
	// 1m0s 1m30s
	// 10m0s 1m30s true
}

// Release ends the claim early. Messages that were not deleted can be claimed at
// once.
func ExampleClaim_Release() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "work"); err != nil {
		log.Fatal(err)
	}
	claim, err := queue.Claim(ctx)
	if err != nil {
		log.Fatal(err)
	}

	if err := claim.Release(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(errors.Is(claim.Messages()[0].Delete(ctx), zaqar.ErrClaimLost))
	again, err := queue.Claim(ctx)
	fmt.Println(again, err)
	// Output:
	// true
	// <Claim size:1> <nil>
}

// Reload shows what is left to do.
func ExampleClaim_Reload() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "first", "second"); err != nil {
		log.Fatal(err)
	}
	claim, err := queue.Claim(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := claim.Messages()[0].Delete(ctx); err != nil {
		log.Fatal(err)
	}

	if err := claim.Reload(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %s\n", claim, claim.Messages()[0].Body())
	// Output: <Claim size:1>: "second"
}

// Another process needs only the id to take over a claim.
func ExampleQueue_ClaimByID() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue := client.Queue("wot")
	if _, err := queue.Post(ctx, "work"); err != nil {
		log.Fatal(err)
	}
	made, err := queue.Claim(ctx)
	if err != nil {
		log.Fatal(err)
	}

	claim, err := client.Queue("wot").ClaimByID(ctx, made.ID())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(claim, claim.Href() == "/v2/queues/wot/claims/"+made.ID(), claim.Messages()[0].Delete(ctx))
	// Output: <Claim size:1> true <nil>
}
