package broker

import (
	"encoding/json"
	"slices"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// Posted is the result of a post.
type Posted struct {
	Queue       Queue
	Messages    []Message
	Subscribers []Subscription // confirmed or not
}

// Post appends messages to a queue, all or none. It creates the queue if it is
// missing.
func (b *Broker) Post(project, name string, drafts []Draft, client UUID) (Posted, error) {
	var done Posted
	err := b.Update(func(w *WriteTx) error {
		var err error
		if done.Queue, _, err = w.CreateQueue(project, name, nil); err != nil {
			return err
		}
		done.Messages = make([]Message, 0, len(drafts))
		for _, d := range drafts {
			done.Messages = append(done.Messages, w.Append(done.Queue, d, client))
		}
		done.Subscribers = slices.Collect(w.Subscriptions(project, name, ""))
		return nil
	})
	return done, err
}

// Draft is a checked message that is to be posted.
type Draft struct {
	Body       json.RawMessage
	TTL, Delay int64
}

func (d Draft) message(now Instant, client UUID) Message {
	m := Message{Client: client, Body: d.Body, TTL: d.TTL, Created: now, Expires: now.Plus(d.TTL)}
	if d.Delay > 0 {
		m.VisibleAt = now.Plus(d.Delay)
	}
	return m
}

// PostRules says what a queue and an API version require of a posted message.
type PostRules struct {
	TTL       int64 // the default; 0 means that the message must have one
	MaxTTL    int64
	Delay     int64 // the default
	Delays    bool  // the message's own delay counts
	MaxDelay  int64
	MaxLength int64 // of the request
}

// PostRulesFor returns the rules for posts to a queue.
func PostRulesFor(l Limits, q Queue) PostRules {
	rules := PostRules{
		TTL: int64(l.DefaultMessageTTL), MaxTTL: int64(l.MaxMessageTTL),
		Delay: q.Metadata.Integer("_default_message_delay"), MaxDelay: int64(l.MaxMessageDelay),
		MaxLength: int64(l.MaxMessagesPostSize),
	}
	// Zaqar ignores a message's delay unless its queue has a default delay.
	rules.Delays = rules.Delay > 0
	if ttl := q.Metadata.Integer("_default_message_ttl"); ttl > 0 {
		rules.TTL = ttl
	}
	if size := q.Metadata.Integer("_max_messages_post_size"); size > 0 {
		rules.MaxLength = min(rules.MaxLength, size)
	}
	return rules
}

// ParseDrafts reads an array of messages. It ignores unknown fields.
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
	members, err := rawjson.Members(item)
	if err != nil {
		return d, invalidBody("A message must be an object.")
	}
	var ttl, delay json.RawMessage
	for key, value := range members {
		switch string(key) {
		case "body":
			d.Body = value
		case "ttl":
			ttl = value
		case "delay":
			delay = value
		}
	}
	if d.Body == nil {
		return d, invalidBody("A message has no body.")
	}
	if ttl != nil {
		var ok bool
		if d.TTL, ok = rawjson.Integer(ttl); !ok {
			return d, invalidBody("The ttl of a message must be an integer.")
		}
	} else if rules.TTL == 0 {
		return d, invalidBody("A message has no ttl.")
	}
	if delay != nil && rules.Delays {
		var ok bool
		if d.Delay, ok = rawjson.Integer(delay); !ok {
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
