package transport

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/zaqar-go/zaqar/internal/plainjson"
)

// action is how servers have an action of the WebSocket.
type action struct {
	// params are those that it takes.
	params []string
	// messages is what a message to be posted may have.
	messages []string
	// signed is whether a signed URL can allow it.
	signed bool
}

// actions are those that servers carry out. Everything else stays unsent: servers
// drop parameters that they do not know without a word, and some actions that they
// do know (get_home_doc, check_node_health, ping_node, those of pools and flavors)
// have nobody who carries them out: no answer ever comes, and the connection is
// dead from then on. So is it after an authenticate without authentication, which
// is only sent with a token.
var actions = map[string]action{
	"queue_list":      {params: []string{"marker", "limit", "detailed"}},
	"queue_create":    {params: []string{"queue_name", "metadata"}},
	"queue_get":       {params: []string{"queue_name"}},
	"queue_delete":    {params: []string{"queue_name"}},
	"queue_get_stats": {params: []string{"queue_name"}},
	"queue_purge":     {params: []string{"queue_name", "resource_types"}},

	"message_post":        {signed: true, params: []string{"queue_name", "messages"}, messages: []string{"body", "ttl"}},
	"message_list":        {signed: true, params: []string{"queue_name", "marker", "limit", "echo", "include_claimed", "include_delayed"}},
	"message_get":         {signed: true, params: []string{"queue_name", "message_id"}},
	"message_get_many":    {signed: true, params: []string{"queue_name", "message_ids"}},
	"message_delete":      {signed: true, params: []string{"queue_name", "message_id", "claim_id"}},
	"message_delete_many": {signed: true, params: []string{"queue_name", "message_ids", "pop", "claim_ids"}},

	"claim_create": {params: []string{"queue_name", "limit", "ttl", "grace"}},
	"claim_get":    {params: []string{"queue_name", "claim_id"}},
	"claim_update": {params: []string{"queue_name", "claim_id", "ttl", "grace"}},
	"claim_delete": {params: []string{"queue_name", "claim_id"}},

	"subscription_create": {params: []string{"queue_name", "subscriber", "ttl", "options"}},
	"subscription_list":   {params: []string{"queue_name", "marker", "limit"}},
	"subscription_get":    {params: []string{"queue_name", "subscription_id"}},
	"subscription_delete": {params: []string{"queue_name", "subscription_id"}},
}

// parameters returns a request's parameters as the body of a frame, or an error that
// matches [ErrNoAction] when the WebSocket cannot say the request.
func parameters(req *Request) (json.RawMessage, error) {
	known, ok := actions[req.Action]
	switch {
	case req.Action == "":
		return nil, ErrNoAction
	case !ok:
		return nil, fmt.Errorf("%w: no server carries out %q", ErrNoAction, req.Action)
	}
	if !known.signed && req.Header.Get(frameSignature) != "" {
		return nil, fmt.Errorf("%w: a signed URL does not allow %s over the WebSocket", ErrNoAction, req.Action)
	}
	for name := range req.Params {
		if !slices.Contains(known.params, name) {
			return nil, fmt.Errorf("%w: %s takes no %s over the WebSocket", ErrNoAction, req.Action, name)
		}
	}
	if known.messages != nil {
		if err := known.post(req); err != nil {
			return nil, err
		}
	}
	if len(req.Params) == 0 {
		return json.RawMessage(`{}`), nil
	}
	body, err := plainjson.Marshal(req.Params)
	if err != nil {
		return nil, &Error{Err: fmt.Errorf("the parameters cannot be encoded: %w", err)}
	}
	return body, nil
}

// post looks into the messages of a post for what servers would drop.
func (a action) post(req *Request) error {
	encoded, err := plainjson.Marshal(req.Params["messages"])
	if err != nil {
		return &Error{Err: fmt.Errorf("the messages cannot be encoded: %w", err)}
	}
	var messages []map[string]json.RawMessage
	if json.Unmarshal(encoded, &messages) != nil {
		return nil // it is the server's to refuse
	}
	for _, message := range messages {
		for name := range message {
			if !slices.Contains(a.messages, name) {
				return fmt.Errorf("%w: a message takes no %s over the WebSocket", ErrNoAction, name)
			}
		}
	}
	return nil
}
