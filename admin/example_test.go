package admin_test

import (
	"context"
	"fmt"
	"log"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/admin"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// operator starts a Zaqar with pooling inside this process. It returns a client for it,
// and a function that closes both.
func operator() (c *admin.Client, client *zaqar.Client, stop func()) {
	srv, err := zaqartest.NewServer(zaqartest.WithPooling(true), zaqartest.WithDefaultRoles("admin"))
	if err != nil {
		log.Fatal(err)
	}
	if err := srv.ListenInMemory(); err != nil {
		log.Fatal(err)
	}
	client, err = zaqar.Connect(context.Background(), srv.URL(), zaqar.WithProject("demo"), zaqar.WithHTTPClient(srv.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	return admin.New(client), client, func() {
		_ = client.Close()
		_ = srv.Close()
	}
}

// A pool is a store; a flavor is a group of pools that a queue can request.
func Example() {
	ctx := context.Background()
	operator, client, stop := operator()
	defer stop()

	if err := operator.CreatePool(ctx, admin.Pool{Name: "p1", URI: "redis://:password@10.0.0.5:6379", Weight: 100}); err != nil {
		log.Fatal(err)
	}
	if err := operator.CreateFlavor(ctx, admin.Flavor{Name: "fast", Pools: []string{"p1"}}); err != nil {
		log.Fatal(err)
	}
	for pool, err := range operator.Pools(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(pool) // without the password
	}

	queue, err := client.CreateQueue(ctx, "wot", zaqar.Reserved{Flavor: "fast"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(queue)
	// Output:
	// <Pool p1 redis://10.0.0.5:6379 weight:100 flavor:fast>
	// <Queue [wot]>
}

// Only the given settings change.
func ExampleClient_UpdatePool() {
	ctx := context.Background()
	operator, _, stop := operator()
	defer stop()
	if err := operator.CreatePool(ctx, admin.Pool{Name: "p1", URI: "redis://10.0.0.5:6379", Weight: 100}); err != nil {
		log.Fatal(err)
	}

	pool, err := operator.UpdatePool(ctx, "p1", admin.Weight(0)) // no new queues
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(pool)
	// Output: <Pool p1 redis://10.0.0.5:6379 weight:0>
}

func ExampleClient_UpdateFlavor() {
	ctx := context.Background()
	operator, _, stop := operator()
	defer stop()
	for _, name := range []string{"p1", "p2"} {
		if err := operator.CreatePool(ctx, admin.Pool{Name: name, URI: "redis://" + name + ".example.com", Weight: 1}); err != nil {
			log.Fatal(err)
		}
	}
	if err := operator.CreateFlavor(ctx, admin.Flavor{Name: "fast", Pools: []string{"p1"}}); err != nil {
		log.Fatal(err)
	}

	flavor, err := operator.UpdateFlavor(ctx, "fast", "p1", "p2")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(flavor)
	// Output: <Flavor fast pools:[p1 p2]>
}

// Topics need a server with MongoDB; the embedded server has them, too.
func ExampleClient_UpdateTopic() {
	ctx := context.Background()
	operator, _, stop := operator()
	defer stop()
	if err := operator.CreatePool(ctx, admin.Pool{Name: "p1", URI: "redis://10.0.0.5:6379", Weight: 1}); err != nil {
		log.Fatal(err)
	}
	if err := operator.CreateTopic(ctx, admin.Topic{Name: "news", Metadata: map[string]any{"colour": "red"}}); err != nil {
		log.Fatal(err)
	}

	if err := operator.UpdateTopic(ctx, "news", map[string]any{"size": 5}, "colour"); err != nil {
		log.Fatal(err)
	}
	topic, err := operator.Topic(ctx, "news")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(topic.Metadata["size"], topic.Metadata["colour"])
	// Output: 5 <nil>
}

// Health reports the state of each pool.
func ExampleClient_Health() {
	ctx := context.Background()
	operator, _, stop := operator()
	defer stop()
	if err := operator.CreatePool(ctx, admin.Pool{Name: "p1", URI: "redis://10.0.0.5:6379", Weight: 1}); err != nil {
		log.Fatal(err)
	}

	health, err := operator.Health(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(health.OK(), health.Pools["p1"].Reachable)
	// Output: true true
}
