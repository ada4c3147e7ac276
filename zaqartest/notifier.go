package zaqartest

import (
	"encoding/json"
	"slices"
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
	subscription   subscription
	kind           string          // such as notificationType
	document       json.RawMessage // what the subscriber is told
	retry          json.RawMessage // the queue's _retry_policy, or nil
}

// notifier tells subscribers what happens in queues. How, the scheme of their
// URI decides: ways is by scheme, and complete before the server is used. A way
// hands the notice over to somebody else, and does not wait until the subscriber
// has it. A subscriber without a way gets nothing.
type notifier struct {
	ways map[string]func(notice)
}

func newNotifier(s *Server, c *courier) *notifier {
	return &notifier{ways: map[string]func(notice){
		"http": func(told notice) {
			if !s.push(told) {
				c.post(told)
			}
		},
		"https": c.post, trustScheme + "http": c.post, trustScheme + "https": c.post,
		"mailto": c.mail,
	}}
}

func (n *notifier) send(told notice) {
	if way, ok := n.ways[schemeOf(told.subscription.subscriber)]; ok {
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
func (n *notifier) posted(q queue, subscribers []subscription, messages []message) {
	for _, m := range messages {
		content := notification{TTL: m.ttl, Body: m.body, Type: notificationType, QueueName: q.name}
		if q.metadata.integer("_default_message_delay") > 0 {
			delay := max(m.visible, m.created).secondsSince(m.created)
			content.Delay = &delay
		}
		document, err := marshal(content)
		if err != nil {
			continue // it came as JSON: that cannot be
		}
		for _, s := range subscribers {
			n.send(notice{
				project: q.project, queue: q.name, subscription: s, kind: notificationType,
				document: document, retry: q.metadata["_retry_policy"],
			})
		}
	}
}

// post stores messages, all or none, and tells the queue's subscribers. A missing
// queue is made.
func (s *Server) post(project, name string, drafts []draft, client uuid) ([]message, error) {
	done, err := s.broker.post(project, name, drafts, client)
	if err != nil {
		return nil, err
	}
	subscribers := done.subscribers
	if s.options.confirm {
		subscribers = slices.DeleteFunc(subscribers, func(s subscription) bool { return !s.confirmed })
	}
	s.notifier.posted(done.queue, subscribers, done.messages)
	return done.messages, nil
}
