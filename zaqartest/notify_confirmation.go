package zaqartest

import (
	"net/url"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// confirmation is a notice that lets its reader say yes or no to messages: with
// a signed URL for the path of the subscription's confirmation.
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

// confirmationTexts say in words what a notice is.
var confirmationMessages = map[string]string{
	subscriptionConfirmation: "You have chosen to subscribe to the queue: ",
	unsubscribeConfirmation:  "You have unsubscribed from the queue; with confirmed=true you are subscribed again: ",
}

// askToConfirm sends a subscriber a notice that works for so many seconds, if
// the server wants confirmations.
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
	content.Signature = signature(c.srv.options.secretKey, []string{path}, []string{"PUT"}, c.project, content.Expires)
	document, err := rawjson.Marshal(content)
	if err != nil {
		return err
	}
	c.srv.notifier.send(notice{
		project: c.project, queue: c.param("queue"), subscription: s, kind: kind, document: document,
	})
	return nil
}

// endpoint is the URL of a path where the catalogue says that a service is, or ""
// where there is no catalogue or no such service in it.
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
