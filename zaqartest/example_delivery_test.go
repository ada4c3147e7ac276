package zaqartest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// inMemory returns a server in memory, and a function that sends it requests.
func inMemory(opts ...zaqartest.Option) (*zaqartest.Server, func(method, path, body string, header http.Header) int) {
	srv, err := zaqartest.NewServer(opts...)
	if err != nil {
		log.Fatal(err)
	}
	if err := srv.ListenInMemory(); err != nil {
		log.Fatal(err)
	}
	return srv, func(method, path, body string, header http.Header) int {
		req, err := http.NewRequestWithContext(context.Background(), method, srv.URL()+path, strings.NewReader(body))
		if err != nil {
			log.Fatal(err)
		}
		req.Header.Set("Client-ID", "3381af92-2b9e-11e3-b191-71861300734c")
		req.Header.Set("X-Project-Id", "demo")
		for name, values := range header {
			req.Header[name] = values
		}
		resp, err := srv.HTTPClient().Do(req)
		if err != nil {
			log.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			log.Fatal(err)
		}
		return resp.StatusCode
	}
}

// A webhook that breaks the connection five times. An hour passes at once.
func ExampleServer_Deliveries() {
	attempts := 0
	hook := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if attempts++; attempts < 6 {
			panic(http.ErrAbortHandler)
		}
	})
	srv, call := inMemory(zaqartest.WithDeliveryClient(zaqartest.HandlerClient(hook)))
	defer func() { _ = srv.Close() }()

	call("POST", "/v2/queues/wot/subscriptions", `{"subscriber":"http://hooks.test/"}`, nil)
	call("POST", "/v2/queues/wot/messages", `{"messages":[{"body":"hello","ttl":300}]}`, nil)
	for range 2 {
		if err := srv.WaitDeliveries(context.Background()); err != nil {
			log.Fatal(err)
		}
		d := srv.Deliveries()[0]
		fmt.Printf("%v after %d attempts: %s\n", d.State, len(d.Attempts), d.Body)
		srv.Advance(time.Hour)
	}
	// Output:
	// pending after 4 attempts: {"ttl":300,"body":"hello","Message_Type":"Notification","queue_name":"wot"}
	// done after 6 attempts: {"ttl":300,"body":"hello","Message_Type":"Notification","queue_name":"wot"}
}

// A subscriber that uses the confirmation it is sent.
func ExampleWithRequireConfirmation() {
	notices := make(chan map[string]any, 10)
	hook := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		var notice map[string]any
		if err := json.NewDecoder(req.Body).Decode(&notice); err != nil {
			log.Print(err)
		}
		notices <- notice
	})
	srv, call := inMemory(
		zaqartest.WithSecretKey("swordfish"), zaqartest.WithRequireConfirmation(true),
		zaqartest.WithDeliveryClient(zaqartest.HandlerClient(hook)),
	)
	defer func() { _ = srv.Close() }()

	call("POST", "/v2/queues/wot/subscriptions", `{"subscriber":"http://hooks.test/"}`, nil)
	call("POST", "/v2/queues/wot/messages", `{"messages":[{"body":"too early"}]}`, nil)
	first := <-notices
	fmt.Println(first["Message_Type"])
	header := http.Header{}
	for _, name := range []string{"URL-Signature", "URL-Methods", "URL-Paths", "URL-Expires", "X-Project-ID"} {
		header.Set(name, fmt.Sprint(first[name]))
	}
	fmt.Println(call("PUT", fmt.Sprint(first["URL-Paths"]), `{"confirmed":true}`, header))
	call("POST", "/v2/queues/wot/messages", `{"messages":[{"body":"now"}]}`, nil)
	fmt.Println((<-notices)["body"])
	// Output:
	// SubscriptionConfirmation
	// 204
	// now
}

// Without a pool, no queue can be created.
func ExampleWithPooling() {
	srv, call := inMemory(zaqartest.WithPooling(true), zaqartest.WithDefaultRoles("admin"))
	defer func() { _ = srv.Close() }()

	fmt.Println(call("PUT", "/v2/queues/wot", "", nil))
	fmt.Println(call("PUT", "/v2/pools/one", `{"uri":"redis://127.0.0.1:6379","weight":100}`, nil))
	fmt.Println(call("PUT", "/v2/flavors/gold", `{"pool_list":["one"]}`, nil))
	fmt.Println(call("PUT", "/v2/queues/wot", `{"_flavor":"gold"}`, nil))
	// Output:
	// 503
	// 201
	// 201
	// 201
}
