package webhook

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"time"

	"github.com/zaqar-go/zaqar/auth"
)

// Kind is the kind of a [Notice].
type Kind string

// The kinds of notices, under Zaqar's names.
const (
	// SubscriptionConfirmation: a new subscription waits for confirmation.
	SubscriptionConfirmation Kind = "SubscriptionConfirmation"
	// UnsubscribeConfirmation: a subscription was cancelled, and can be confirmed again.
	UnsubscribeConfirmation Kind = "UnsubscribeConfirmation"
)

// Notice is Zaqar's request to confirm a subscription. The handler has checked that it
// is about an expected queue and project. It cannot check who sent it: only the server
// can check the signature.
type Notice struct {
	Kind Kind
	// Queue is the queue's name, SubscriptionID the id of the subscription.
	Queue, SubscriptionID string
	// Project is the project's id.
	Project string
	// Expires is until when the notice can be answered.
	Expires time.Time

	signed auth.SignedURL
}

// Answer is an answer to a [Notice].
type Answer int

// The answers.
const (
	// Ignore sends nothing: the subscription stays as it is.
	Ignore Answer = iota
	// Confirm confirms the subscription.
	Confirm
	// Decline declines the subscription.
	Decline
)

// Policy decides how to answer a notice. It is called from several goroutines at once,
// and the request with the notice waits for it.
type Policy func(ctx context.Context, n Notice) Answer

// Accept confirms new subscriptions and ignores notices about cancelled ones.
func Accept(_ context.Context, n Notice) Answer {
	if n.Kind == SubscriptionConfirmation {
		return Confirm
	}
	return Ignore
}

// confirmPath matches the path at which a subscription is confirmed. No name or id that
// it accepts can lead to another path.
var confirmPath = regexp.MustCompile(`^/v2/queues/([a-zA-Z0-9_\-.]{1,64})/subscriptions/([0-9a-zA-Z\-]{1,64})/confirm$`)

// notice reads and checks a notice. It ignores the URLs in the document
// (WSGISubscribeURL, WebSocketSubscribeURL), which could lead anywhere.
func (d document) notice(project string) (Notice, error) {
	path := confirmPath.FindStringSubmatch(d.Paths)
	switch {
	case path == nil:
		return Notice{}, forbidden("the notice's URL-Paths is not the path of a subscription's confirmation")
	case path[1] != d.Queue:
		return Notice{}, forbidden("the notice's URL-Paths is about another queue")
	case d.Methods != http.MethodPut:
		return Notice{}, forbidden("the notice's URL-Methods is not PUT")
	case !confirms(d.Subscribe, true) || !confirms(d.Unsubscribe, false):
		return Notice{}, forbidden("the notice's bodies are not those of a confirmation")
	case project == "":
		return Notice{}, forbidden("the project is not known: set Config.Project")
	case d.Project != project:
		return Notice{}, forbidden("the notice is about another project")
	}
	document, err := json.Marshal(map[string]any{
		"paths": []string{d.Paths}, "methods": []string{d.Methods}, "project": d.Project, "expires": d.Expires, "signature": d.Signature,
	})
	if err != nil {
		return Notice{}, malformed("the notice cannot be read")
	}
	signed, err := auth.ParseSignedURL(string(document))
	if err != nil {
		return Notice{}, malformed("the notice's signature or expiry is malformed")
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
