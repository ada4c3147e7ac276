package zaqartest

import (
	"encoding/json"
	"slices"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// The kinds of notices that subscribers get; so they are called on the wire.
const (
	notificationType         = "Notification"
	subscriptionConfirmation = "SubscriptionConfirmation"
	unsubscribeConfirmation  = "UnsubscribeConfirmation"
)

// notice is something that one subscriber is to be told.
type notice struct {
	project, queue string
	subscription   broker.Subscription
	kind           string          // such as notificationType
	document       json.RawMessage // what the subscriber is told
	retry          json.RawMessage // the queue's _retry_policy, or nil
}

// notifier tells subscribers what happens in queues. How, the scheme of their
// URI decides: ways is by scheme, and complete before the server is used. A way
// hands the notice over to somebody else, and does not wait until the subscriber
// has it. A subscriber without a way gets nothing.
type notifier struct {
	senders map[string]func(notice)
}

func newNotifier(s *Server, c *deliverer) *notifier {
	return &notifier{senders: map[string]func(notice){
		"http": func(told notice) {
			if !s.pushToWebSocket(told) {
				c.postWebhook(told)
			}
		},
		"https": c.postWebhook, trustScheme + "http": c.postWebhook, trustScheme + "https": c.postWebhook,
		"mailto": c.recordMail,
	}}
}

func (n *notifier) send(told notice) {
	if way, ok := n.senders[broker.SchemeOf(told.subscription.Subscriber)]; ok {
		way(told)
	}
}

// notification is what a subscriber is told of a message. It has no id: real
// servers send it before they store the message.
type notification struct {
	TTL       int64           `json:"ttl"`
	Delay     *int64          `json:"delay,omitempty"` // on queues with delays
	Body      json.RawMessage `json:"body"`
	Type      string          `json:"Message_Type"`
	QueueName string          `json:"queue_name"`
}

// posted tells subscribers of messages that have been stored in a queue, each
// message by itself. It is called once after every post, whatever transport that
// came by.
func (n *notifier) posted(q broker.Queue, subscribers []broker.Subscription, messages []broker.Message) {
	for _, m := range messages {
		content := notification{TTL: m.TTL, Body: m.Body, Type: notificationType, QueueName: q.Name}
		if q.Metadata.Integer("_default_message_delay") > 0 {
			delay := max(m.VisibleAt, m.Created).SecondsSince(m.Created)
			content.Delay = &delay
		}
		document, err := rawjson.Marshal(content)
		if err != nil {
			continue // it came as JSON: that cannot be
		}
		for _, s := range subscribers {
			n.send(notice{
				project: q.Project, queue: q.Name, subscription: s, kind: notificationType,
				document: document, retry: q.Metadata["_retry_policy"],
			})
		}
	}
}

// post stores messages, all or none, and tells the queue's subscribers. A missing
// queue is made.
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
