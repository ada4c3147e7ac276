package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// A signed URL gives somebody without an account access to a queue. It is one line of
// text, and the receiver needs nothing else.
func ExampleQueue_Share() {
	ctx := context.Background()
	srv, stop := serve(zaqartest.WithSecretKey("the servers' key"))
	defer stop()
	client, err := zaqar.Connect(ctx, srv.URL(), zaqar.WithProject("demo"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	signed, err := client.Queue("wot").Share(ctx, zaqar.ShareConfig{
		Paths:   []zaqar.Resource{zaqar.MessageResource},
		Methods: []string{"POST"},
		Expires: time.Now().Add(time.Hour),
	})
	if err != nil {
		log.Fatal(err)
	}
	line := signed.Reveal() // a secret; printing signed itself shows nothing of it

	// In the receiver's program:
	received, err := auth.ParseSignedURL(line)
	if err != nil {
		log.Fatal(err)
	}
	guest, err := zaqar.Connect(ctx, "", zaqar.WithAuth(received))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = guest.Close() }()
	ids, err := guest.Queue("wot").Post(ctx, "hello")
	fmt.Println(len(ids), err)

	// A call that it does not cover is not sent.
	_, err = guest.Queue("wot").Claim(ctx)
	fmt.Println(errors.Is(err, zaqar.ErrForbidden), err)
	// Output:
	// 1 <nil>
	// true zaqar: claim_create wot: auth: not covered by the signed URL: it allows /v2/queues/wot/messages, not /v2/queues/wot/claims
}
