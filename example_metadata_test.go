package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/zaqar-go/zaqar"
)

// Update replaces: keys that are not in the new content are removed.
func ExampleMetadata_Update() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue, err := client.CreateQueue(ctx, "wot", zaqar.Content{"owner": "shop"})
	if err != nil {
		log.Fatal(err)
	}
	metadata, err := queue.Metadata(ctx)
	if err != nil {
		log.Fatal(err)
	}

	if err := metadata.Update(ctx, map[string]any{"max_size": 1000}); err != nil {
		log.Fatal(err)
	}
	content := metadata.Content()
	fmt.Println(content["max_size"], content["owner"])
	// Output: 1000 <nil>
}

// Set and Remove change one key and leave the others alone.
func ExampleMetadata_Set() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue, err := client.CreateQueue(ctx, "wot", zaqar.Content{"owner": "shop"})
	if err != nil {
		log.Fatal(err)
	}
	metadata, err := queue.Metadata(ctx)
	if err != nil {
		log.Fatal(err)
	}

	if err := metadata.Set(ctx, "max_size", 1000); err != nil {
		log.Fatal(err)
	}
	content := metadata.Content()
	fmt.Println(content["max_size"], content["owner"])
	// Output: 1000 shop
}

func ExampleMetadata_Remove() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue, err := client.CreateQueue(ctx, "wot", zaqar.Content{"owner": "shop", "max_size": 1000})
	if err != nil {
		log.Fatal(err)
	}
	metadata, err := queue.Metadata(ctx)
	if err != nil {
		log.Fatal(err)
	}

	if err := metadata.Remove(ctx, "max_size"); err != nil {
		log.Fatal(err)
	}
	_, ok := metadata.Get("max_size")
	fmt.Println(ok, metadata.Content()["owner"])
	fmt.Println(errors.Is(metadata.Remove(ctx, "max_size"), zaqar.ErrConflict))
	// Output:
	// false shop
	// true
}

// Metadata is as last read. Reload reads what others have changed since.
func ExampleMetadata_Reload() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue, err := client.CreateQueue(ctx, "wot")
	if err != nil {
		log.Fatal(err)
	}
	mine, err := queue.Metadata(ctx)
	if err != nil {
		log.Fatal(err)
	}
	yours, err := queue.Metadata(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := yours.Set(ctx, "max_size", 1000); err != nil {
		log.Fatal(err)
	}

	fmt.Println(mine.Content()["max_size"])
	if err := mine.Reload(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(mine.Content()["max_size"])
	// Output:
	// <nil>
	// 1000
}

// Reserved has the keys that Zaqar itself uses, with their types.
func ExampleMetadata_Reserved() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	queue, err := client.CreateQueue(ctx, "wot", zaqar.Reserved{
		DefaultMessageTTL: 5 * time.Minute,
		MaxClaimCount:     3,
		DeadLetterQueue:   "wot-dead",
	})
	if err != nil {
		log.Fatal(err)
	}
	metadata, err := queue.Metadata(ctx)
	if err != nil {
		log.Fatal(err)
	}

	reserved, err := metadata.Reserved()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reserved.DefaultMessageTTL, reserved.MaxClaimCount, reserved.DeadLetterQueue)
	// Output: 5m0s 3 wot-dead
}
