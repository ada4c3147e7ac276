package auth_test

import (
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/zaqar-go/zaqar/auth"
)

// With the servers' key, a program can create a signed URL without asking a server, and
// check one. A signed URL prints without its signature; Reveal returns it whole.
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

// A signed URL knows what it allows, so that a call is refused before it is sent:
// servers answer 404 to everything else.
func ExampleSignedURL_Allows() {
	// A server's answer; ParseSignedURL also reads the text that Reveal returns.
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

// Heat's OS::Zaqar::SignedQueueURL has the attribute query_str. aodh takes it as an action
// with "zaqar://?" in front. Both can be read.
func ExampleParseSignedURL() {
	signed, err := auth.ParseSignedURL("zaqar://?signature=a6aaa5c404a17b2f55c2d83e29fdba186f75e02548050f3319b45857426928c0" +
		"&expires=2036-01-01T00%3A00%3A00&paths=%2Fv2%2Fqueues%2Fuq%2Fmessages&methods=GET&project_id=wireU&queue_name=uq")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(signed, "of project", signed.ProjectID())
	// Output:
	// <SignedURL GET /v2/queues/uq/messages until 2036-01-01T00:00:00Z> of project wireU
}
