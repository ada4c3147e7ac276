package zaqartest

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// messageItem is a message as clients see it.
type messageItem struct {
	ID       string          `json:"id,omitempty"` // not in v1
	Href     string          `json:"href"`
	TTL      int64           `json:"ttl"`
	Age      int64           `json:"age"`
	Body     json.RawMessage `json:"body"`
	Checksum string          `json:"checksum,omitempty"`
}

// messageList is a page of a listing. It has no links if single messages or a claim
// were asked for.
type messageList struct {
	Messages []messageItem `json:"messages"`
	Links    *[]link       `json:"links,omitempty"`
}

// messagesReply answers with messages. It writes what encoding/json would, but does not
// check the bodies once more.
func messagesReply(status int, page messageList) (reply, error) {
	size := 200
	for _, m := range page.Messages {
		size += 300 + len(m.Body)
	}
	out := append(make([]byte, 0, size), `{"messages":[`...)
	for i, m := range page.Messages {
		if i > 0 {
			out = append(out, ',')
		}
		out = m.appendJSON(out)
	}
	out = append(out, ']')
	if page.Links != nil {
		links, err := rawjson.Marshal(page.Links)
		if err != nil {
			return reply{}, err
		}
		out = append(append(out, `,"links":`...), links...)
	}
	return reply{status: status, body: append(out, '}')}.with("Content-Type", jsonType), nil
}

func (m messageItem) appendJSON(out []byte) []byte {
	out = append(out, '{')
	if m.ID != "" {
		out = append(rawjson.AppendText(append(out, `"id":`...), m.ID), ',')
	}
	out = rawjson.AppendText(append(out, `"href":`...), m.Href)
	out = strconv.AppendInt(append(out, `,"ttl":`...), m.TTL, 10)
	out = strconv.AppendInt(append(out, `,"age":`...), m.Age, 10)
	out = rawjson.AppendCompact(append(out, `,"body":`...), m.Body)
	if m.Checksum != "" {
		out = rawjson.AppendText(append(out, `,"checksum":`...), m.Checksum)
	}
	return append(out, '}')
}

// newMessageItem returns a message, whose body it does not copy. Its link names the claim that holds it; in v1
// only in the answer to the claim itself.
func newMessageItem(c *call, m broker.Message, now broker.Instant, claiming bool) messageItem {
	id := m.ID.String()
	item := messageItem{Href: c.messagePath(id), TTL: m.TTL, Age: now.SecondsSince(m.Created), Body: m.Body}
	if c.target.version != v1 {
		item.ID, item.Checksum = id, c.srv.checksum(m.Body)
	}
	if m.Claimed() && (claiming || c.target.version != v1) {
		item.Href += "?claim_id=" + m.ClaimID.String()
	}
	return item
}

// listMessages returns a page of messages, oldest first.
func listMessages(c *call) (reply, error) {
	page, _, err := messagePage(c)
	if err != nil {
		return reply{}, err
	}
	return messagesReply(http.StatusOK, page)
}

// listMessagesV1 answers 204 if there are no messages, and 404 if there is no queue.
func listMessagesV1(c *call) (reply, error) {
	c.location = c.req.URL.RequestURI()
	if !c.named {
		return reply{}, badRequest("Missing header value", `The "Client-ID" header is required.`)
	}
	page, exists, err := messagePage(c)
	switch {
	case err != nil:
		return reply{}, err
	case !exists:
		return reply{}, missingQueue(c, broker.ErrNoQueue)
	case len(page.Messages) == 0:
		return empty(http.StatusNoContent), nil
	}
	return messagesReply(http.StatusOK, page)
}

// messageParameters are the parameters of a listing of messages.
var messageParameters = []string{"limit", "echo", "include_claimed", "include_delayed"}

// messagePage reads a page. exists reports whether the queue exists.
func messagePage(c *call) (page messageList, exists bool, err error) {
	page = messageList{Messages: []messageItem{}, Links: &[]link{}}
	most := c.srv.options.limits.MaxMessagesPerPage
	limit, err := count(c.query, "limit", most, broker.PageSize(most))
	if err != nil {
		return page, false, err
	}
	var echo, claimed, delayed bool
	for name, value := range map[string]*bool{
		"echo": &echo, "include_claimed": &claimed, "include_delayed": &delayed,
	} {
		if name == "include_delayed" && c.target.version != v2 {
			c.query.Del(name) // it has no meaning there
			continue
		}
		if *value, err = flag(c.query, name); err != nil {
			return page, false, err
		}
		if lastValue(c.query, name) != "" {
			setBool(c.query, name, *value)
		}
	}
	err = c.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(c.project, c.param("queue"))
		if err != nil {
			return err
		}
		exists = true
		if c.target.version == v2 && q.Metadata.Integer("_default_message_delay") <= 0 {
			delayed = true
			setBool(c.query, "include_delayed", true)
		}
		found := r.Page(q, r.MarkerNumber(q, lastValue(c.query, "marker")), broker.MessageFilter{
			Own: c.client, HideOwn: !echo && c.named, HideClaimed: !claimed, HideDelayed: !delayed, Limit: limit,
		})
		for _, m := range found {
			page.Messages = append(page.Messages, newMessageItem(c, m.Clone(), r.Now(), false))
		}
		if len(found) > 0 {
			last := found[len(found)-1].Number
			page.Links = &[]link{nextLink(c.queuePath("messages"), c.query, messageParameters, q.MessageID(last).String())}
		}
		return nil
	})
	if errors.Is(err, broker.ErrNoQueue) {
		err = nil
	}
	return page, exists, err
}

// idList reads the parameter ids.
func idList(c *call) ([]string, error) {
	ids := listValue(c.query, "ids")
	if most := c.srv.options.limits.MaxMessagesPerPage; len(ids) > most {
		return nil, invalid("No more than %d ids can be given.", most)
	}
	return ids, nil
}

// getMessages returns messages by their ids. It answers 404 only if none is found.
func getMessages(c *call) (reply, error) {
	found, err := messagesByID(c)
	if err != nil {
		return reply{}, err
	}
	if len(found) == 0 {
		return reply{}, notFound("None of the messages could be found.")
	}
	return messagesReply(http.StatusOK, messageList{Messages: found})
}

// getMessagesV1 answers with a bare array.
func getMessagesV1(c *call) (reply, error) {
	c.location = c.req.URL.RequestURI()
	found, err := messagesByID(c)
	if err != nil || len(found) == 0 {
		return empty(http.StatusNoContent), err
	}
	return jsonReply(http.StatusOK, found)
}

func messagesByID(c *call) ([]messageItem, error) {
	ids, err := idList(c)
	if err != nil {
		return nil, err
	}
	var found []messageItem
	err = c.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(c.project, c.param("queue"))
		if err != nil {
			return err
		}
		for _, id := range ids {
			if m, err := r.Message(q, id); err == nil {
				found = append(found, newMessageItem(c, m.Clone(), r.Now(), false))
			}
		}
		return nil
	})
	if errors.Is(err, broker.ErrNoQueue) {
		err = nil
	}
	return found, err
}

// getMessage returns one message, claimed or not.
func getMessage(c *call) (reply, error) {
	var item messageItem
	err := c.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(c.project, c.param("queue"))
		if err != nil {
			return missingQueue(c, err)
		}
		m, err := r.Message(q, c.param("message"))
		if err != nil {
			return notFound("Message %s does not exist.", c.param("message"))
		}
		item = newMessageItem(c, m.Clone(), r.Now(), false)
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	if c.target.version == v1 {
		c.location = c.queuePath("messages", c.param("message"))
	}
	return jsonReply(http.StatusOK, item)
}

// checksum returns the checksum of a message's body, as Python would write it, if
// the option is on. A null body has none.
func (s *Server) checksum(body json.RawMessage) string {
	if !s.options.checksums || string(body) == "null" {
		return ""
	}
	sum := md5.Sum(rawjson.Python(body))
	return "MD5:" + hex.EncodeToString(sum[:])
}
