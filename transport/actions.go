package transport

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/zaqar-go/zaqar/internal/plainjson"
)

// action describes an action of the WebSocket.
type action struct {
	// params are the parameters that servers read.
	params []string
	// messages are the members that a posted message may have.
	messages []string
	// signed is true if a signed URL can allow the action.
	signed bool
}

// actions are the actions that servers carry out. Nothing else is sent. Servers
// silently ignore unknown parameters. Some actions have a name but no implementation
// (get_home_doc, check_node_health, ping_node, those of pools and flavors): the server
// never answers them, nor anything later on that connection. The same happens with
// authenticate on a server without authentication, so it is sent only with a token.
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
// matches [ErrNoAction] if the WebSocket cannot express the request.
func parameters(req *Request) (json.RawMessage, error) {
	known, ok := actions[req.Action]
	switch {
	case req.Action == "":
		return nil, ErrNoAction
	case !ok:
		return nil, fmt.Errorf("%w: servers do not carry out %q", ErrNoAction, req.Action)
	}
	if !known.signed && req.Header.Get(frameSignature) != "" {
		return nil, fmt.Errorf("%w: a signed URL does not allow %s over the WebSocket", ErrNoAction, req.Action)
	}
	for name := range req.Params {
		if !slices.Contains(known.params, name) {
			return nil, fmt.Errorf("%w: over the WebSocket, %s has no parameter %s", ErrNoAction, req.Action, name)
		}
	}
	if known.messages != nil {
		if err := known.checkMessages(req); err != nil {
			return nil, err
		}
	}
	if len(req.Params) == 0 {
		return json.RawMessage(`{}`), nil
	}
	body, err := plainjson.Marshal(req.Params)
	if err != nil {
		return nil, &Error{Final: true, Err: fmt.Errorf("the parameters cannot be encoded: %w", err)}
	}
	return body, nil
}

// checkMessages refuses messages with members that servers would ignore.
func (a action) checkMessages(req *Request) error {
	encoded, err := plainjson.Marshal(req.Params["messages"])
	if err != nil {
		return &Error{Final: true, Err: fmt.Errorf("the messages cannot be encoded: %w", err)}
	}
	var messages []map[string]json.RawMessage
	if json.Unmarshal(encoded, &messages) != nil {
		return nil // the server will refuse it
	}
	for _, message := range messages {
		for name := range message {
			if !slices.Contains(a.messages, name) {
				return fmt.Errorf("%w: over the WebSocket, a message has no %s", ErrNoAction, name)
			}
		}
	}
	return nil
}
