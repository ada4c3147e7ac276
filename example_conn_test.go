package zaqar_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/transport"
)

// The raw verbs are for requests that the library has no method for. They send the
// credentials, and every answer other than 2xx is an error.
func ExampleConn() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	conn := client.Conn()

	reply, err := conn.Put(ctx, "/v2/queues/wot", map[string]any{"colour": "red"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Status, reply.Header.Get("Location"))

	reply, err = conn.Get(ctx, "/v2/queues?detailed=true")
	if err != nil {
		log.Fatal(err)
	}
	var list struct {
		Queues []struct {
			Name     string
			Metadata map[string]any
		}
	}
	if err := json.Unmarshal(reply.Body, &list); err != nil {
		log.Fatal(err)
	}
	fmt.Println(list.Queues[0].Name, list.Queues[0].Metadata["colour"])

	_, err = conn.Get(ctx, "/v2/nothing-here")
	fmt.Println(errors.Is(err, zaqar.ErrNotFound))
	// Output:
	// 201 /v2/queues/wot
	// wot red
	// true
}

// Do sends a request that is entirely yours. Changing a queue needs a special media
// type.
func ExampleConn_Do() {
	ctx := context.Background()
	client, stop := embedded()
	defer stop()
	if _, err := client.CreateQueue(ctx, "wot"); err != nil {
		log.Fatal(err)
	}

	reply, err := client.Conn().Do(ctx, &transport.Request{
		Method: http.MethodPatch,
		Path:   "/v2/queues/wot",
		Header: http.Header{"Content-Type": {"application/openstack-messaging-v2.0-json-patch"}},
		Body:   []byte(`[{"op": "add", "path": "/metadata/colour", "value": "red"}]`),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Status)
	// Output: 200
}
