package zaqartest

import (
	"encoding/json"
	"slices"
)

// draft is a message that is to be posted, checked.
type draft struct {
	body       json.RawMessage
	ttl, delay int64
}

// postRules are what a queue and a version make of a posted message.
type postRules struct {
	ttl       int64 // where there is none; 0: there must be one
	maxTTL    int64
	delay     int64 // where there is none
	delays    bool  // a delay is looked at
	maxDelay  int64
	maxLength int64 // of the request
}

func rulesFor(l brokerLimits, q queue) postRules {
	rules := postRules{
		ttl: int64(l.DefaultMessageTTL), maxTTL: int64(l.MaxMessageTTL),
		delay: q.metadata.integer("_default_message_delay"), maxDelay: int64(l.MaxMessageDelay),
		maxLength: int64(l.MaxMessagesPostSize),
	}
	// Zaqar ignores delays on queues that have none by default.
	rules.delays = rules.delay > 0
	if ttl := q.metadata.integer("_default_message_ttl"); ttl > 0 {
		rules.ttl = ttl
	}
	if size := q.metadata.integer("_max_messages_post_size"); size > 0 {
		rules.maxLength = min(rules.maxLength, size)
	}
	return rules
}

// parseDrafts reads an array of messages. Fields that nobody knows are dropped.
func parseDrafts(list json.RawMessage, rules postRules) ([]draft, error) {
	items, err := array(list)
	if err != nil {
		return nil, invalidDocument("The messages must be an array.")
	}
	if len(items) == 0 {
		return nil, invalidRequest("No messages to enqueue.")
	}
	drafts := make([]draft, 0, len(items))
	for _, item := range items {
		d, err := parseDraft(item, rules)
		if err != nil {
			return nil, err
		}
		drafts = append(drafts, d)
	}
	return drafts, nil
}

func parseDraft(item json.RawMessage, rules postRules) (draft, error) {
	d := draft{ttl: rules.ttl, delay: rules.delay}
	fields, err := object(item)
	if err != nil {
		return d, invalidDocument("A message must be an object.")
	}
	var present bool
	if d.body, present = fields["body"]; !present {
		return d, invalidDocument("A message has no body.")
	}
	if value, present := fields["ttl"]; present {
		var ok bool
		if d.ttl, ok = integer(value); !ok {
			return d, invalidDocument("The ttl of a message must be an integer.")
		}
	} else if rules.ttl == 0 {
		return d, invalidDocument("A message has no ttl.")
	}
	if value, present := fields["delay"]; present && rules.delays {
		var ok bool
		if d.delay, ok = integer(value); !ok {
			return d, invalidDocument("The delay of a message must be an integer.")
		}
	}
	if d.ttl < minMessageTTL || d.ttl > rules.maxTTL {
		return d, invalidRequest("The ttl of a message must be from %d to %d seconds.", minMessageTTL, rules.maxTTL)
	}
	if d.delay < 0 || d.delay > rules.maxDelay {
		return d, invalidRequest("The delay of a message must be from 0 to %d seconds.", rules.maxDelay)
	}
	return d, nil
}

func (d draft) message(now instant, client uuid) message {
	m := message{client: client, body: d.body, ttl: d.ttl, created: now, expires: now.plus(d.ttl)}
	if d.delay > 0 {
		m.visible = now.plus(d.delay)
	}
	return m
}

// posting is what has become of a post.
type posting struct {
	queue       queue
	messages    []message
	subscribers []subscription // confirmed or not
}

// post appends messages to a queue, all or none. A missing queue is made.
func (b *broker) post(project, name string, drafts []draft, client uuid) (posting, error) {
	var done posting
	err := b.update(func(w *writing) error {
		var err error
		if done.queue, _, err = w.createQueue(project, name, nil); err != nil {
			return err
		}
		for _, d := range drafts {
			done.messages = append(done.messages, w.append(done.queue, d, client))
		}
		done.subscribers = slices.Collect(w.subscriptions(project, name, ""))
		return nil
	})
	return done, err
}
