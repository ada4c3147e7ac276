package zaqartest

import (
	"encoding/json"
	"slices"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// The kinds of notices, as they are called on the wire.
const (
	notificationType         = "Notification"
	subscriptionConfirmation = "SubscriptionConfirmation"
	unsubscribeConfirmation  = "UnsubscribeConfirmation"
)

// notice is something that one subscriber is told.
type notice struct {
	project, queue string
	subscription   broker.Subscription
	kind           string          // such as notificationType
	document       json.RawMessage // the content
	retry          json.RawMessage // the queue's _retry_policy, or nil
}

// notifier sends notices to subscribers. The scheme of a subscriber's URI selects
// the sender, and a subscriber with another scheme gets nothing. A sender does not
// wait until the subscriber has the notice. The map is complete before the server is
// used.
type notifier struct {
	senders map[string]func(notice)
}

func newNotifier(s *Server, c *deliverer) *notifier {
	return &notifier{senders: map[string]func(notice){
		"http": func(n notice) {
			if !s.pushToWebSocket(n) {
				c.postWebhook(n)
			}
		},
		"https": c.postWebhook, trustScheme + "http": c.postWebhook, trustScheme + "https": c.postWebhook,
		"mailto": c.recordMail,
	}}
}

func (nr *notifier) send(n notice) {
	if send, ok := nr.senders[broker.SchemeOf(n.subscription.Subscriber)]; ok {
		send(n)
	}
}

// notification is what a subscriber is told about a message. It has no id, because
// real servers send it before they store the message.
type notification struct {
	TTL       int64           `json:"ttl"`
	Delay     *int64          `json:"delay,omitempty"` // on queues with delays
	Body      json.RawMessage `json:"body"`
	Type      string          `json:"Message_Type"`
	QueueName string          `json:"queue_name"`
}

// posted tells subscribers about messages that were stored in a queue, one notice
// per message. Every post calls it once.
func (nr *notifier) posted(q broker.Queue, subscribers []broker.Subscription, messages []broker.Message) {
	if len(subscribers) == 0 {
		return
	}
	for _, m := range messages {
		content := notification{TTL: m.TTL, Body: m.Body, Type: notificationType, QueueName: q.Name}
		if q.Metadata.Integer("_default_message_delay") > 0 {
			delay := max(m.VisibleAt, m.Created).SecondsSince(m.Created)
			content.Delay = &delay
		}
		document, err := rawjson.Marshal(content)
		if err != nil {
			continue // cannot happen: the body was JSON
		}
		for _, s := range subscribers {
			nr.send(notice{
				project: q.Project, queue: q.Name, subscription: s, kind: notificationType,
				document: document, retry: q.Metadata["_retry_policy"],
			})
		}
	}
}

// post stores messages, all or none, and tells the queue's subscribers. It creates
// the queue if it is missing.
func (s *Server) post(project, name string, drafts []broker.Draft, client broker.UUID) ([]broker.Message, error) {
	done, err := s.broker.Post(project, name, drafts, client)
	if err != nil {
		return nil, err
	}
	subscribers := done.Subscribers
	if s.options.confirm {
		subscribers = slices.DeleteFunc(subscribers, func(s broker.Subscription) bool { return !s.Confirmed })
	}
	s.notifier.posted(done.Queue, subscribers, done.Messages)
	return done.Messages, nil
}
