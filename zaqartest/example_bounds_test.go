package zaqartest_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// A server that is reached by the name of a container.
func ExampleWithAllowedHosts() {
	srv, err := zaqartest.NewServer(zaqartest.WithAllowedHosts("zaqar.internal"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = srv.Close() }()
	if err := srv.Listen("127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1:8888", "zaqar.internal:8888", "rebound.example.com"} {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, srv.URL()+"/v2/ping", http.NoBody)
		if err != nil {
			log.Fatal(err)
		}
		req.Host = host
		req.Header = http.Header{"X-Project-Id": {"demo"}, "Client-Id": {"3381af92-2b9e-11e3-b191-71861300734c"}}
		resp, err := srv.HTTPClient().Do(req)
		if err != nil {
			log.Fatal(err)
		}
		_ = resp.Body.Close()
		fmt.Println(host, resp.StatusCode)
	}
	// Output:
	// 127.0.0.1:8888 204
	// zaqar.internal:8888 204
	// rebound.example.com 403
}

// A server that is full refuses a post and keeps what it has.
func ExampleWithMaxMemory() {
	srv, err := zaqartest.NewServer(zaqartest.WithMaxMemory(1 << 20))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = srv.Close() }()
	client := zaqartest.HandlerClient(srv.Handler())
	for {
		body := `{"messages":[{"body":"` + strings.Repeat("x", 200_000) + `"}]}`
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://zaqar/v2/queues/wot/messages", strings.NewReader(body))
		if err != nil {
			log.Fatal(err)
		}
		req.Header = http.Header{"X-Project-Id": {"demo"}, "Client-Id": {"3381af92-2b9e-11e3-b191-71861300734c"}}
		resp, err := client.Do(req)
		if err != nil {
			log.Fatal(err)
		}
		_ = resp.Body.Close()
		fmt.Println(resp.StatusCode, len(srv.Messages("demo", "wot")))
		if resp.StatusCode == http.StatusServiceUnavailable {
			return
		}
	}
	// Output:
	// 201 1
	// 201 2
	// 503 2
}
