package zaqar

import (
	"context"
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// ShareConfig says what a pre-signed URL allows. Its zero value allows reading
// messages for a day.
type ShareConfig struct {
	// Paths are the resources that it gives access to. Defaults to the queue's messages.
	// A worker, which claims and deletes, needs ClaimResource and MessageResource.
	Paths []Resource
	// Methods are the HTTP methods that it allows, in capitals, on every path. Defaults
	// to GET. Posting and claiming are POST, extending a claim is PATCH, deleting and
	// popping are DELETE.
	Methods []string
	// Expires is when it stops working, by the server's clock, where it must be in the
	// future. Fractions of a second are cut off. Defaults to a day from now.
	Expires time.Time
}

// Share asks the server for a pre-signed URL. It gives somebody without an account
// the right to some calls on this queue until it expires. Nobody can revoke it
// earlier, except by changing the server's key. The queue need not exist.
//
// The receiver gives the URL to [Connect]. It includes the endpoint that this client
// uses; if the receiver reaches the service at another one, see
// auth.SignedURL.WithEndpoint.
//
// Share is idempotent. A server without a key for signatures answers with an error
// that matches [ErrInvalid]. V2 only, and HTTP only. Whoever knows the server's key
// can sign without the server: auth.Sign.
func (q *Queue) Share(ctx context.Context, config ShareConfig) (auth.SignedURL, error) {
	p, err := config.params()
	if err != nil {
		return auth.SignedURL{}, err
	}
	r, err := q.call(ctx, wire.QueueShare, p)
	if err != nil {
		return auth.SignedURL{}, err
	}
	signed, err := auth.ParseSignedURL(string(r.Body))
	if err != nil {
		return auth.SignedURL{}, r.malformed(err)
	}
	// An endpoint that is not a URL belongs to the caller's own transport.
	if with, err := signed.WithEndpoint(q.connection().endpoint); err == nil {
		return with, nil
	}
	return signed, nil
}

// params renders the request. It always sends paths and methods, since the server
// needs a body.
func (c ShareConfig) params() (wire.Params, error) {
	bad := func(argument, rule string) error {
		return &ArgumentError{Op: string(wire.QueueShare), Argument: argument, Rule: rule}
	}
	p := wire.Params{"paths": c.Paths, "methods": c.Methods}
	if len(c.Paths) == 0 {
		p["paths"] = []Resource{MessageResource}
	}
	if len(c.Methods) == 0 {
		p["methods"] = []string{"GET"}
	}
	for _, path := range c.Paths {
		switch path {
		case MessageResource, SubscriptionResource, ClaimResource:
		default:
			return nil, bad("Paths", fmt.Sprintf("must be messages, subscriptions or claims, not %.80q", string(path)))
		}
	}
	for _, method := range c.Methods {
		if !capitals(method) {
			return nil, bad("Methods", fmt.Sprintf("must be HTTP methods in capitals, not %.80q", method))
		}
	}
	if !c.Expires.IsZero() {
		p["expires"] = c.Expires.UTC().Format("2006-01-02T15:04:05Z")
	}
	return p, nil
}

func capitals(s string) bool {
	for _, r := range s {
		if r < 'A' || r > 'Z' {
			return false
		}
	}
	return s != ""
}
