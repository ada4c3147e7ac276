package zaqar

import (
	"context"
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// ShareConfig says what a pre-signed URL shall allow. Its zero value allows to read
// messages for a day.
type ShareConfig struct {
	// Paths are what it gives access to; the default is the queue's messages. A
	// worker that claims and deletes needs ClaimResource and MessageResource.
	Paths []Resource
	// Methods are those of HTTP, in capitals; the default is GET. Posting and
	// claiming are POST, renewing a claim is PATCH, deleting and popping are DELETE.
	// All methods hold for all paths.
	Methods []string
	// Expires is when it ends, by the server's clock: it must be in the future there.
	// Fractions of a second are cut off. The default is the server's, a day from now.
	Expires time.Time
}

// Share asks the server for a pre-signed URL: the right to some calls on this queue
// until a moment, to be handed to somebody who has no account. The queue need not
// exist. Nobody can take the right back before it expires, short of changing the
// server's key.
//
// The receiver gives it to [Connect]. It brings the endpoint that this client uses;
// see auth.SignedURL.WithEndpoint where the receiver reaches the service by another.
//
// It may be repeated safely. A server without a key for signatures answers an error
// that matches [ErrInvalid]. V2 only, and not over the WebSocket. Those who know the
// server's key can do without the server: auth.Sign.
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
	// An endpoint that is no URL belongs to a transport of the caller's own.
	if with, err := signed.WithEndpoint(q.conn.endpoint); err == nil {
		return with, nil
	}
	return signed, nil
}

// params renders the request. All is told, since a body must be there.
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
			return nil, bad("Paths", fmt.Sprintf("must be of messages, subscriptions and claims, not %.80q", string(path)))
		}
	}
	for _, method := range c.Methods {
		if !capitals(method) {
			return nil, bad("Methods", fmt.Sprintf("must be those of HTTP in capitals, not %.80q", method))
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
