package zaqartest

import (
	"net/url"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// confirmation is a notice that lets a subscriber accept or refuse messages. It has
// a pre-signed URL for the confirmation of the subscription.
type confirmation struct {
	Type            string         `json:"Message_Type"`
	Message         string         `json:"Message"`
	Signature       string         `json:"URL-Signature"`
	Methods         string         `json:"URL-Methods"`
	Paths           string         `json:"URL-Paths"`
	ProjectID       string         `json:"X-Project-ID"`
	Expires         string         `json:"URL-Expires"`
	SubscribeBody   confirmedState `json:"SubscribeBody"`
	UnsubscribeBody confirmedState `json:"UnsubscribeBody"`
	QueueName       string         `json:"queue_name"`
	HTTPURL         string         `json:"WSGISubscribeURL,omitempty"`
	WebSocketURL    string         `json:"WebSocketSubscribeURL,omitempty"`
}

type confirmedState struct {
	Confirmed bool `json:"confirmed"`
}

// confirmationMessages explain a notice to a person.
var confirmationMessages = map[string]string{
	subscriptionConfirmation: "You have chosen to subscribe to the queue: ",
	unsubscribeConfirmation:  "You have unsubscribed from the queue; with confirmed=true you are subscribed again: ",
}

// sendConfirmation sends a subscriber a notice whose URL is valid for life seconds,
// if the server requires confirmation.
func sendConfirmation(c *call, s broker.Subscription, kind string, life int64) error {
	if !c.srv.options.confirm {
		return nil
	}
	path := c.queuePath("subscriptions", s.ID.String(), "confirm")
	content := confirmation{
		Type: kind, Message: confirmationMessages[kind] + c.param("queue"),
		Methods: "PUT", Paths: path, ProjectID: c.project,
		Expires:       broker.InstantOf(c.srv.Now()).Plus(life).Time().Format(expiresForm),
		SubscribeBody: confirmedState{true}, QueueName: c.param("queue"),
		HTTPURL: c.endpoint("messaging", path), WebSocketURL: c.endpoint("messaging-websocket", path),
	}
	content.Signature = signature(c.srv.options.secretKey(), []string{path}, []string{"PUT"}, c.project, content.Expires)
	document, err := rawjson.Marshal(content)
	if err != nil {
		return err
	}
	c.srv.notifier.send(notice{
		project: c.project, queue: c.param("queue"), subscription: s, kind: kind, document: document,
	})
	return nil
}

// endpoint returns the URL of a path at a service of the catalog. It returns "" if
// there is no Keystone or no such service.
func (c *call) endpoint(service, path string) string {
	if !c.srv.options.keystone {
		return ""
	}
	for _, s := range c.srv.keystone.services(c.srv.baseURL(c)) {
		for _, e := range s.Endpoints {
			if s.Type != service || e.Interface != "public" {
				continue
			}
			if base, err := url.Parse(e.URL); err == nil {
				return base.ResolveReference(&url.URL{Path: path}).String()
			}
		}
	}
	return ""
}
