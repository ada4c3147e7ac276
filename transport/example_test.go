package transport_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/transport"
)

// ownTransport is a transport of your own. It sends what Headers returns.
type ownTransport struct{}

func (ownTransport) Do(_ context.Context, req *transport.Request) (*transport.Response, error) {
	fmt.Println("in Header:", req.Header.Get("X-Auth-Token") != "")
	fmt.Println("to send:", req.Headers().Get("X-Auth-Token") != "")
	return &transport.Response{Status: http.StatusNoContent}, nil
}

func (ownTransport) Close() error { return nil }

func ExampleRequest_Headers() {
	ctx := context.Background()
	client, err := zaqar.Connect(ctx, "", zaqar.WithTransport(ownTransport{}), zaqar.WithVersion(zaqar.V2), zaqar.WithAuth(auth.Token("t0k3n", "demo")))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if err := client.Ping(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// in Header: false
	// to send: true
}
