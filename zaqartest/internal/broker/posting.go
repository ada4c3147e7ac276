package broker

import (
	"encoding/json"
	"slices"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// draft is a message that is to be posted, checked.
type Draft struct {
	Body       json.RawMessage
	TTL, Delay int64
}

// postRules are what a queue and a version make of a posted message.
type PostRules struct {
	TTL       int64 // where there is none; 0: there must be one
	MaxTTL    int64
	Delay     int64 // where there is none
	Delays    bool  // a delay is looked at
	MaxDelay  int64
	MaxLength int64 // of the request
}

func PostRulesFor(l Limits, q Queue) PostRules {
	rules := PostRules{
		TTL: int64(l.DefaultMessageTTL), MaxTTL: int64(l.MaxMessageTTL),
		Delay: q.Metadata.Integer("_default_message_delay"), MaxDelay: int64(l.MaxMessageDelay),
		MaxLength: int64(l.MaxMessagesPostSize),
	}
	// Zaqar ignores delays on queues that have none by default.
	rules.Delays = rules.Delay > 0
	if ttl := q.Metadata.Integer("_default_message_ttl"); ttl > 0 {
		rules.TTL = ttl
	}
	if size := q.Metadata.Integer("_max_messages_post_size"); size > 0 {
		rules.MaxLength = min(rules.MaxLength, size)
	}
	return rules
}

// parseDrafts reads an array of messages. Fields that nobody knows are dropped.
func ParseDrafts(list json.RawMessage, rules PostRules) ([]Draft, error) {
	items, err := rawjson.Array(list)
	if err != nil {
		return nil, invalidBody("The messages must be an array.")
	}
	if len(items) == 0 {
		return nil, invalid("No messages to enqueue.")
	}
	drafts := make([]Draft, 0, len(items))
	for _, item := range items {
		d, err := parseDraft(item, rules)
		if err != nil {
			return nil, err
		}
		drafts = append(drafts, d)
	}
	return drafts, nil
}

func parseDraft(item json.RawMessage, rules PostRules) (Draft, error) {
	d := Draft{TTL: rules.TTL, Delay: rules.Delay}
	fields, err := rawjson.Object(item)
	if err != nil {
		return d, invalidBody("A message must be an object.")
	}
	var present bool
	if d.Body, present = fields["body"]; !present {
		return d, invalidBody("A message has no body.")
	}
	if value, present := fields["ttl"]; present {
		var ok bool
		if d.TTL, ok = rawjson.Integer(value); !ok {
			return d, invalidBody("The ttl of a message must be an integer.")
		}
	} else if rules.TTL == 0 {
		return d, invalidBody("A message has no ttl.")
	}
	if value, present := fields["delay"]; present && rules.Delays {
		var ok bool
		if d.Delay, ok = rawjson.Integer(value); !ok {
			return d, invalidBody("The delay of a message must be an integer.")
		}
	}
	if d.TTL < MinMessageTTL || d.TTL > rules.MaxTTL {
		return d, invalid("The ttl of a message must be from %d to %d seconds.", MinMessageTTL, rules.MaxTTL)
	}
	if d.Delay < 0 || d.Delay > rules.MaxDelay {
		return d, invalid("The delay of a message must be from 0 to %d seconds.", rules.MaxDelay)
	}
	return d, nil
}

func (d Draft) message(now Instant, client UUID) Message {
	m := Message{Client: client, Body: d.Body, TTL: d.TTL, Created: now, Expires: now.Plus(d.TTL)}
	if d.Delay > 0 {
		m.VisibleAt = now.Plus(d.Delay)
	}
	return m
}

// posting is what has become of a post.
type Posted struct {
	Queue       Queue
	Messages    []Message
	Subscribers []Subscription // confirmed or not
}

// post appends messages to a queue, all or none. A missing queue is made.
func (b *Broker) Post(project, name string, drafts []Draft, client UUID) (Posted, error) {
	var done Posted
	err := b.Update(func(w *WriteTx) error {
		var err error
		if done.Queue, _, err = w.CreateQueue(project, name, nil); err != nil {
			return err
		}
		for _, d := range drafts {
			done.Messages = append(done.Messages, w.Append(done.Queue, d, client))
		}
		done.Subscribers = slices.Collect(w.Subscriptions(project, name, ""))
		return nil
	})
	return done, err
}
