package webhook

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"time"

	"github.com/zaqar-go/zaqar/auth"
)

// Kind says what a [Notice] is about.
type Kind string

// The kinds of notices, as Zaqar names them.
const (
	// SubscriptionConfirmation: a new subscription waits to be confirmed.
	SubscriptionConfirmation Kind = "SubscriptionConfirmation"
	// UnsubscribeConfirmation: a subscription was given up, and can be confirmed again.
	UnsubscribeConfirmation Kind = "UnsubscribeConfirmation"
)

// Notice is Zaqar's question whether a subscription is wanted. It has been checked to
// be about a queue and the project that are expected, not who sent it: only the server
// can check its signature.
type Notice struct {
	Kind Kind
	// Queue and SubscriptionID name what it is about.
	Queue, SubscriptionID string
	// Project is the project's id.
	Project string
	// Expires is until when it can be answered.
	Expires time.Time

	signed auth.SignedURL
}

// Answer is what is to be said to a [Notice].
type Answer int

// The answers.
const (
	// Ignore says nothing: the subscription stays as it is.
	Ignore Answer = iota
	// Confirm says that messages are wanted.
	Confirm
	// Decline says that they are not wanted.
	Decline
)

// Policy decides about a notice. It is called by several goroutines at once, and
// blocks the request that it is about.
type Policy func(ctx context.Context, n Notice) Answer

// Accept confirms new subscriptions and lets those rest that were given up.
func Accept(_ context.Context, n Notice) Answer {
	if n.Kind == SubscriptionConfirmation {
		return Confirm
	}
	return Ignore
}

// confirmPath is where a subscription is confirmed. Neither name nor id can lead
// elsewhere.
var confirmPath = regexp.MustCompile(`^/v2/queues/([a-zA-Z0-9_\-.]{1,64})/subscriptions/([0-9a-zA-Z\-]{1,64})/confirm$`)

// notice reads what a document asks, and takes nothing that it could steer by. What it
// says of URLs (WSGISubscribeURL, WebSocketSubscribeURL) is not even looked at.
func (d document) notice(project string) (Notice, error) {
	path := confirmPath.FindStringSubmatch(d.Paths)
	switch {
	case path == nil:
		return Notice{}, forbidden("the notice's URL-Paths is not one path at which a subscription is confirmed")
	case path[1] != d.Queue:
		return Notice{}, forbidden("the notice's URL-Paths is about another queue")
	case d.Methods != http.MethodPut:
		return Notice{}, forbidden("the notice's URL-Methods is not PUT")
	case !confirms(d.Subscribe, true) || !confirms(d.Unsubscribe, false):
		return Notice{}, forbidden("the notice's bodies are not those of a confirmation")
	case project == "":
		return Notice{}, forbidden("the project is not known: give Config.Project")
	case d.Project != project:
		return Notice{}, forbidden("the notice is of another project")
	}
	document, err := json.Marshal(map[string]any{
		"paths": []string{d.Paths}, "methods": []string{d.Methods}, "project": d.Project, "expires": d.Expires, "signature": d.Signature,
	})
	if err != nil {
		return Notice{}, malformed("the notice cannot be read")
	}
	signed, err := auth.ParseSignedURL(string(document))
	if err != nil {
		return Notice{}, malformed("the notice's signature or its expiry is not well formed")
	}
	if !time.Now().Before(signed.Expires()) {
		return Notice{}, forbidden("the notice has expired")
	}
	return Notice{
		Kind: Kind(d.Type), Queue: d.Queue, SubscriptionID: path[2], Project: d.Project, Expires: signed.Expires(), signed: signed,
	}, nil
}

// confirms reports whether a body of a notice is {"confirmed": wanted}.
func confirms(body json.RawMessage, wanted bool) bool {
	var said map[string]any
	return json.Unmarshal(body, &said) == nil && len(said) == 1 && said["confirmed"] == wanted
}
