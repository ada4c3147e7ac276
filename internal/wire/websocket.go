package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/zaqar-go/zaqar/internal/mend"
	"github.com/zaqar-go/zaqar/internal/plainjson"
	"github.com/zaqar-go/zaqar/transport"
)

// action describes how the WebSocket's action of an operation differs from HTTP in v2.
// Which parameters it lacks, the transport knows.
type action struct {
	// rename maps names of parameters to the WebSocket's names.
	rename map[string]string
	// always are parameters that are always sent.
	always Params
	// lesser is true if the answer contains less than HTTP's, so that HTTP is preferred
	// if available. lesserWith names a parameter that makes it so.
	lesser     bool
	lesserWith string
	// absent is the body that replaces a 404.
	absent string
	// success are the statuses of a success if they are not HTTP's. Then the body is an
	// object.
	success []int
	// usual turns the body of a 2xx into HTTP's form. It is nil if both are the same.
	usual func(body []byte) ([]byte, error)
}

// websocket are the operations whose actions differ from HTTP.
var websocket = map[Op]action{
	// There is no action without effect. A listing of one queue asks the store, as HTTP's
	// ping does.
	Ping:        {always: Params{"limit": 1}, success: []int{http.StatusOK}},
	QueueList:   {usual: paged("queues", "name", nil)},
	QueueGet:    {lesser: true}, // without the defaults of reserved keys
	QueueStats:  {absent: noStats},
	MessagePost: {usual: posted},
	// The answer does not show the claims of messages.
	MessageList:       {lesserWith: "include_claimed", absent: noMessages, usual: paged("messages", "id", IsObjectID)},
	MessageGet:        {lesser: true, usual: single},
	MessageGetMany:    {rename: map[string]string{"ids": "message_ids"}, absent: noMessages},
	MessageDeleteMany: {rename: map[string]string{"ids": "message_ids"}},
	// If there is such a subscription, the answer is a 409, confirmed or not.
	SubscriptionCreate: {lesserWith: "subscriber"},
	SubscriptionList:   {usual: paged("subscriptions", "id", nil)},
}

// addAction fills in the parameters of an action.
func addAction(req *transport.Request, op Op, p Params) {
	a := websocket[op]
	_, with := p[a.lesserWith]
	req.Lesser = a.lesser || with
	for name, theirs := range a.rename {
		if value, ok := p[name]; ok {
			delete(p, name)
			p[theirs] = value
		}
	}
	for name, value := range a.always {
		if _, given := p[name]; !given {
			p[name] = value
		}
	}
	req.Params = p
}

// Summed reports whether an operation reads messages that can have checksums. The
// WebSocket leaves them out.
func Summed(op Op) bool {
	switch op {
	case MessageList, MessageGet, MessageGetMany, MessagePop, ClaimCreate, ClaimGet:
		return true
	}
	return false
}

// Usual returns an answer in the usual form, which is HTTP's in most versions. It does
// not change reply. It returns an error if the answer is malformed, or is a success that
// is not the service's.
func (r *Route) Usual(op Op, reply *transport.Response) (*transport.Response, error) {
	body, absent := reply.Body, r.Absent
	var rewrite func([]byte) ([]byte, error)
	switch reply.Dialect {
	case transport.Frames:
		absent, rewrite = websocket[op].absent, websocket[op].usual
	default:
		if r.Bare {
			rewrite = enclosed
		}
	}
	if reply.Status/100 == 2 || op == Versions && reply.Status == http.StatusMultipleChoices {
		if err := r.succeeded(op, reply); err != nil {
			return reply, err
		}
	}
	status := reply.Status
	switch {
	case reply.Status == http.StatusNoContent && r.Empty != "":
		body = []byte(r.Empty)
	case reply.Status == http.StatusNotFound && absent != "" && r.Refuses(reply):
		status, body = http.StatusOK, []byte(absent)
	case reply.Status/100 == 2 && reply.Status != http.StatusNoContent && rewrite != nil:
		rewritten, err := rewrite(body)
		if err != nil {
			return reply, err
		}
		body = rewritten
	default:
		return reply, nil
	}
	usual := *reply
	usual.Status, usual.Body = status, body
	return &usual, nil
}

// enclosed wraps a bare array of messages in an object.
func enclosed(body []byte) ([]byte, error) {
	return fmt.Appendf(nil, `{"messages":%s}`, body), nil
}

// paged adds the link to the next page, which the WebSocket does not send. The marker is
// the last item; an empty page has no link. Nor has a page whose last item is no marker.
func paged(items, key string, noMarker func(string) bool) func([]byte) ([]byte, error) {
	return func(body []byte) ([]byte, error) {
		var page map[string]json.RawMessage
		if err := mend.Unmarshal(body, &page); err != nil {
			return nil, err
		}
		var listed []map[string]json.RawMessage
		var last string
		if err := mend.Unmarshal(page[items], &listed); err == nil && len(listed) > 0 {
			_ = json.Unmarshal(listed[len(listed)-1][key], &last)
		}
		if last == "" || noMarker != nil && noMarker(last) {
			return body, nil
		}
		links, err := plainjson.Marshal([]link{{Rel: "next", Href: "?" + url.Values{"marker": {last}}.Encode()}})
		if err != nil {
			return nil, err
		}
		rest := bytes.TrimPrefix(bytes.TrimSpace(body), []byte("{"))
		return fmt.Appendf(nil, `{"links":%s,%s`, links, rest), nil
	}
}

// IsObjectID reports whether an id is one of MongoDB, 24 hexadecimal digits. The ids of
// other stores are UUIDs. With MongoDB's driver the id of a message is no marker, since
// markers are numbers (quirk 48).
func IsObjectID(id string) bool {
	return len(id) == 24 && strings.Trim(id, "0123456789abcdef") == ""
}

// posted turns the ids of messages into HTTP's form.
func posted(body []byte) ([]byte, error) {
	var reply struct {
		IDs []string `json:"message_ids"`
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return nil, err
	}
	return plainjson.Marshal(map[string][]string{"resources": reply.IDs})
}

// single returns the one message of an answer.
func single(body []byte) ([]byte, error) {
	var reply struct {
		Message json.RawMessage `json:"messages"`
	}
	if err := mend.Unmarshal(body, &reply); err != nil {
		return nil, err
	}
	if reply.Message == nil {
		return nil, errors.New(`it has no "messages"`)
	}
	return reply.Message, nil
}
