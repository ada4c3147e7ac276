package zaqartest

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// posted is the answer to a post.
type posted struct {
	Resources []string `json:"resources"`
	Partial   *bool    `json:"partial,omitempty"` // in v1, and never true
}

// postMessages serves posts. The queue is made when it is missing, before the
// body is looked at; of the messages, all are stored or none.
func postMessages(c *call) (reply, error) {
	q, err := c.srv.broker.EnsureQueue(c.project, c.param("queue"))
	if err != nil {
		return reply{}, err
	}
	return postBody(c, q, broker.PostRulesFor(c.srv.options.limits, q))
}

// postMessagesV11 is the same for a version in which no queue has rules of its
// own.
func postMessagesV11(c *call) (reply, error) {
	q, err := c.srv.broker.EnsureQueue(c.project, c.param("queue"))
	if err != nil {
		return reply{}, err
	}
	return postBody(c, q, broker.PostRulesFor(c.srv.options.limits, broker.Queue{}))
}

// postMessagesV1 takes a bare array and wants the ttl of each message, the
// caller's id, and a queue.
func postMessagesV1(c *call) (reply, error) {
	if !c.named {
		return reply{}, badRequest("Missing header value", `The "Client-ID" header is required.`)
	}
	var q broker.Queue
	err := c.srv.broker.View(func(r *broker.ReadTx) error {
		var err error
		q, err = r.Queue(c.project, c.param("queue"))
		return missingQueue(c, err)
	})
	if err != nil {
		return reply{}, err
	}
	rules := broker.PostRulesFor(c.srv.options.limits, broker.Queue{})
	rules.TTL = 0
	return postBody(c, q, rules)
}

func postBody(c *call, q broker.Queue, rules broker.PostRules) (reply, error) {
	document, err := c.document(rules.MaxLength)
	if err != nil {
		return reply{}, err
	}
	list := json.RawMessage(document)
	if c.target.version != v1 {
		fields, err := rawjson.Object(document)
		if err != nil || fields["messages"] == nil {
			return reply{}, invalid("No messages were found in the request body.")
		}
		list = fields["messages"]
	}
	drafts, err := broker.ParseDrafts(list, rules)
	if err != nil {
		return reply{}, err
	}
	// The queue may have been deleted, or made again, since it was looked at.
	stored, err := c.srv.post(q.Project, q.Name, drafts, c.client)
	if err != nil {
		return reply{}, err
	}
	var ids []string
	answer := posted{}
	for _, m := range stored {
		ids = append(ids, m.ID.String())
		answer.Resources = append(answer.Resources, c.queuePath("messages", m.ID.String()))
	}
	if c.target.version == v1 {
		answer.Partial = new(bool)
	}
	out, err := jsonReply(http.StatusCreated, answer)
	return out.with("Location", c.queuePath("messages")+"?ids="+strings.Join(ids, ",")), err
}
