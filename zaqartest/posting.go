package zaqartest

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
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

func rulesFor(l Limits, q queue) postRules {
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
		return nil, invalidBody("The messages must be an array.")
	}
	if len(items) == 0 {
		return nil, invalid("No messages to enqueue.")
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
		return d, invalidBody("A message must be an object.")
	}
	var present bool
	if d.body, present = fields["body"]; !present {
		return d, invalidBody("A message has no body.")
	}
	if value, present := fields["ttl"]; present {
		var ok bool
		if d.ttl, ok = integer(value); !ok {
			return d, invalidBody("The ttl of a message must be an integer.")
		}
	} else if rules.ttl == 0 {
		return d, invalidBody("A message has no ttl.")
	}
	if value, present := fields["delay"]; present && rules.delays {
		var ok bool
		if d.delay, ok = integer(value); !ok {
			return d, invalidBody("The delay of a message must be an integer.")
		}
	}
	if d.ttl < minMessageTTL || d.ttl > rules.maxTTL {
		return d, invalid("The ttl of a message must be from %d to %d seconds.", minMessageTTL, rules.maxTTL)
	}
	if d.delay < 0 || d.delay > rules.maxDelay {
		return d, invalid("The delay of a message must be from 0 to %d seconds.", rules.maxDelay)
	}
	return d, nil
}

// posted is the answer to a post.
type posted struct {
	Resources []string `json:"resources"`
	Partial   *bool    `json:"partial,omitempty"` // in v1, and never true
}

// postMessages serves posts. The queue is made when it is missing, before the
// body is looked at; of the messages, all are stored or none.
func postMessages(c *call) (reply, error) {
	q, err := ensureQueue(c)
	if err != nil {
		return reply{}, err
	}
	return post(c, q, rulesFor(c.srv.options.limits, q))
}

// postMessagesV11 is the same for a version in which no queue has rules of its
// own.
func postMessagesV11(c *call) (reply, error) {
	q, err := ensureQueue(c)
	if err != nil {
		return reply{}, err
	}
	return post(c, q, rulesFor(c.srv.options.limits, queue{}))
}

// postMessagesV1 takes a bare array and wants the ttl of each message, the
// caller's id, and a queue.
func postMessagesV1(c *call) (reply, error) {
	if !c.named {
		return reply{}, badRequest("Missing header value", `The "Client-ID" header is required.`)
	}
	var q queue
	err := c.srv.broker.view(func(r *reading) error {
		var err error
		q, err = r.queue(c.project, c.param("queue"))
		return missingQueue(c, err)
	})
	if err != nil {
		return reply{}, err
	}
	rules := rulesFor(c.srv.options.limits, queue{})
	rules.ttl = 0
	return post(c, q, rules)
}

func ensureQueue(c *call) (queue, error) {
	var q queue
	err := c.srv.broker.view(func(r *reading) error {
		var err error
		q, err = r.queue(c.project, c.param("queue"))
		return err
	})
	if errors.Is(err, errNoQueue) {
		err = c.srv.broker.update(func(w *writing) error {
			var err error
			q, _, err = w.createQueue(c.project, c.param("queue"), nil)
			return err
		})
	}
	return q, err
}

func post(c *call, q queue, rules postRules) (reply, error) {
	document, err := c.document(rules.maxLength)
	if err != nil {
		return reply{}, err
	}
	list := json.RawMessage(document)
	if c.target.version != v1 {
		fields, err := object(document)
		if err != nil || fields["messages"] == nil {
			return reply{}, invalid("No messages were found in the request body.")
		}
		list = fields["messages"]
	}
	drafts, err := parseDrafts(list, rules)
	if err != nil {
		return reply{}, err
	}
	// The queue may have been deleted, or made again, since it was looked at.
	stored, err := c.srv.store(q.project, q.name, drafts, c.client)
	if err != nil {
		return reply{}, err
	}
	var ids []string
	answer := posted{}
	for _, m := range stored {
		ids = append(ids, m.id.String())
		answer.Resources = append(answer.Resources, c.queuePath("messages", m.id.String()))
	}
	if c.target.version == v1 {
		answer.Partial = new(bool)
	}
	out, err := jsonReply(http.StatusCreated, answer)
	return out.with("Location", c.queuePath("messages")+"?ids="+strings.Join(ids, ",")), err
}

func (d draft) message(now instant, client uuid) message {
	m := message{client: client, body: d.body, ttl: d.ttl, created: now, expires: now.plus(d.ttl)}
	if d.delay > 0 {
		m.visible = now.plus(d.delay)
	}
	return m
}
