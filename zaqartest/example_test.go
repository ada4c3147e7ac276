package zaqartest_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// A server inside the process, a fault, and a day that passes at once. In a test,
// use zaqartest.RunInMemory(t) instead of the first lines.
func Example() {
	srv, err := zaqartest.NewServer()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = srv.Close() }()
	if err := srv.ListenInMemory(); err != nil {
		log.Fatal(err)
	}

	call := func(method, path, body string) {
		req, err := http.NewRequestWithContext(context.Background(), method, srv.URL()+path, strings.NewReader(body))
		if err != nil {
			log.Fatal(err)
		}
		req.Header.Set("Client-ID", "3381af92-2b9e-11e3-b191-71861300734c")
		req.Header.Set("X-Project-Id", "demo")
		resp, err := srv.HTTPClient().Do(req)
		if err != nil {
			log.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			log.Fatal(err)
		}
		fmt.Println(method, path, resp.StatusCode)
	}

	call("PUT", "/v2/queues/wot", "")
	srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 503, Body: `{"title":"busy"}`})
	call("POST", "/v2/queues/wot/messages", `{"messages":[{"body":{"score":10},"ttl":3600}]}`)
	call("POST", "/v2/queues/wot/messages", `{"messages":[{"body":{"score":20},"ttl":3600}]}`)
	for _, m := range srv.Messages("demo", "wot") {
		fmt.Printf("%s for %v\n", m.Body, m.TTL)
	}
	srv.Advance(24 * time.Hour)
	fmt.Println(len(srv.Messages("demo", "wot")), "left of", len(srv.Requests("message_post")), "posts")
	// Output:
	// PUT /v2/queues/wot 201
	// POST /v2/queues/wot/messages 503
	// POST /v2/queues/wot/messages 201
	// {"score":20} for 1h0m0s
	// 0 left of 2 posts
}
