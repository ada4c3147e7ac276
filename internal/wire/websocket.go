package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"

	"github.com/zaqar-go/zaqar/internal/mend"
	"github.com/zaqar-go/zaqar/internal/plainjson"
	"github.com/zaqar-go/zaqar/transport"
)

// action is how the WebSocket has an operation of v2: under which names it takes
// parameters, and what its answers say in HTTP's words. What it does not take, the
// transport knows.
type action struct {
	// rename has the WebSocket's names of parameters where they differ.
	rename map[string]string
	// always are parameters that go along.
	always Params
	// lesser is whether the answer says less than HTTP's, so that HTTP is better
	// where it is there; lesserWith names a parameter with which it does.
	lesser     bool
	lesserWith string
	// absent is the body that a 404 stands for.
	absent string
	// usual brings the body of a 2xx into HTTP's form; nil when it is.
	usual func(body []byte) ([]byte, error)
}

// websocket are the operations whose actions have something of their own.
var websocket = map[Op]action{
	// There is no action that does nothing: a listing of one queue asks the store, as
	// HTTP's ping does.
	Ping:        {always: Params{"limit": 1}},
	QueueList:   {usual: paged("queues", "name")},
	QueueGet:    {lesser: true}, // without the defaults of reserved keys
	QueueStats:  {absent: noStats},
	MessagePost: {usual: posted},
	// Claims are told to those who have them only.
	MessageList:       {lesserWith: "include_claimed", absent: noMessages, usual: paged("messages", "id")},
	MessageGet:        {lesser: true, usual: single},
	MessageGetMany:    {rename: map[string]string{"ids": "message_ids"}, absent: noMessages},
	MessageDeleteMany: {rename: map[string]string{"ids": "message_ids"}},
	// Where there is one, the answer is 409, confirmed or not.
	SubscriptionCreate: {lesserWith: "subscriber"},
	SubscriptionList:   {usual: paged("subscriptions", "id")},
}

// speak renders the WebSocket's half of a request.
func speak(req *transport.Request, op Op, p Params) {
	a := websocket[op]
	_, with := p[a.lesserWith]
	req.Params, req.Lesser = p, a.lesser || with
	if a.rename == nil && a.always == nil {
		return
	}
	renamed := maps.Clone(a.always)
	if renamed == nil {
		renamed = Params{}
	}
	for name, value := range p {
		if theirs, ok := a.rename[name]; ok {
			name = theirs
		}
		renamed[name] = value
	}
	req.Params = renamed
}

// Summed reports whether an operation reads messages that can have checksums, which
// the WebSocket leaves out.
func Summed(op Op) bool {
	switch op {
	case MessageList, MessageGet, MessageGetMany, MessagePop, ClaimCreate, ClaimGet:
		return true
	}
	return false
}

// Usual brings an answer into the words of HTTP and the form that most versions have.
// The answer is not changed. An error means that it makes no sense.
func (r Route) Usual(op Op, reply *transport.Response) (*transport.Response, error) {
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
	usual := *reply
	switch {
	case reply.Status == http.StatusNoContent && r.Empty != "":
		usual.Body = []byte(r.Empty)
	case reply.Status == http.StatusNotFound && absent != "":
		usual.Status, usual.Body = http.StatusOK, []byte(absent)
	case reply.Status/100 == 2 && reply.Status != http.StatusNoContent && rewrite != nil:
		rewritten, err := rewrite(body)
		if err != nil {
			return reply, err
		}
		usual.Body = rewritten
	default:
		return reply, nil
	}
	return &usual, nil
}

// enclosed puts an object around a bare array of messages.
func enclosed(body []byte) ([]byte, error) {
	return fmt.Appendf(nil, `{"messages":%s}`, body), nil
}

// paged adds the link to the next page, which the WebSocket leaves to its clients:
// behind the last item, as long as there are any.
func paged(items, key string) func([]byte) ([]byte, error) {
	return func(body []byte) ([]byte, error) {
		var page map[string]json.RawMessage
		if err := mend.Unmarshal(body, &page); err != nil {
			return nil, err
		}
		var listed []map[string]json.RawMessage
		var last string
		if err := json.Unmarshal(page[items], &listed); err == nil && len(listed) > 0 {
			_ = json.Unmarshal(listed[len(listed)-1][key], &last)
		}
		if last == "" {
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

// posted turns the ids of messages into the hrefs that HTTP has.
func posted(body []byte) ([]byte, error) {
	var reply struct {
		IDs []string `json:"message_ids"`
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return nil, err
	}
	return plainjson.Marshal(map[string][]string{"resources": reply.IDs})
}

// single takes one message out of what is around it.
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
	return mend.Undo(reply.Message), nil
}
