package auth_test

import (
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/zaqar-go/zaqar/auth"
)

// Who runs the servers can make a signed URL without asking them, and check one that
// comes back. It prints without its signature; Reveal is how it is handed over.
func ExampleSign() {
	signed, err := auth.Sign("the servers' secret_key", auth.Grant{
		Endpoint: "https://cloud.example.com:8888",
		Paths:    []string{"/v2/queues/wot/messages"},
		Methods:  []string{"POST"},
		Project:  "5c0ffee",
		Expires:  time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%+v\n", signed)

	received, err := auth.ParseSignedURL(signed.Reveal())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(received.Verify("the servers' secret_key", time.Now()))
	fmt.Println(errors.Is(received.Verify("another key", time.Now()), auth.ErrSignature))
	// Output:
	// <SignedURL POST /v2/queues/wot/messages until 2036-01-01T00:00:00Z>
	// <nil>
	// true
}

// A signed URL says what it covers before anything is sent: servers answer 404 to
// everything that it does not.
func ExampleSignedURL_Allows() {
	// As a server answered it; the line that Reveal returns is read, too.
	signed, err := auth.ParseSignedURL(`{
		"paths": ["/v2/queues/uq/messages"], "methods": ["GET"], "project": "wireU", "expires": "2036-01-01T00:00:00",
		"signature": "a6aaa5c404a17b2f55c2d83e29fdba186f75e02548050f3319b45857426928c0"
	}`)
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println(signed.Allows("GET", "/v2/queues/uq/messages/1d2c"))
	fmt.Println(signed.Allows("DELETE", "/v2/queues/uq/messages/1d2c"))
	// Output:
	// <nil>
	// auth: not covered by the signed URL: it allows GET, not DELETE
}
