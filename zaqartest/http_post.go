package zaqartest

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// postedItems is the answer to a post.
type postedItems struct {
	Resources []string `json:"resources"`
	Partial   *bool    `json:"partial,omitempty"` // in v1, and never true
}

// postMessages posts messages. It creates the queue if it is missing, even before it
// reads the body. Either all messages are stored or none.
func postMessages(c *call) (reply, error) {
	q, err := c.srv.broker.EnsureQueue(c.project, c.param("queue"))
	if err != nil {
		return reply{}, err
	}
	return storeMessages(c, q, broker.PostRulesFor(c.srv.options.limits, q))
}

// postMessagesV11 posts messages in a version in which queues have no rules of their
// own.
func postMessagesV11(c *call) (reply, error) {
	q, err := c.srv.broker.EnsureQueue(c.project, c.param("queue"))
	if err != nil {
		return reply{}, err
	}
	return storeMessages(c, q, broker.PostRulesFor(c.srv.options.limits, broker.Queue{}))
}

// postMessagesV1 posts messages in v1, where the body is a bare array, each message
// needs a ttl, the caller needs a client id, and the queue must exist.
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
	return storeMessages(c, q, rules)
}

func storeMessages(c *call, q broker.Queue, rules broker.PostRules) (reply, error) {
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
	// The queue may have been deleted or recreated in the meantime.
	stored, err := c.srv.post(q.Project, q.Name, drafts, c.client)
	if err != nil {
		return reply{}, err
	}
	ids := make([]string, 0, len(stored))
	answer := postedItems{Resources: make([]string, 0, len(stored))}
	for _, m := range stored {
		id := m.ID.String()
		ids = append(ids, id)
		answer.Resources = append(answer.Resources, c.messagePath(id))
	}
	if c.target.version == v1 {
		answer.Partial = new(bool)
	}
	out, err := jsonReply(http.StatusCreated, answer)
	return out.with("Location", c.queuePath("messages")+"?ids="+strings.Join(ids, ",")), err
}
