package zaqartest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// wsAction is a row of the table of what a WebSocket can ask for.
type wsAction struct {
	name     string
	required string // required fields of the body
	optional string // optional fields
	// signedMethod is the method that a pre-signed URL must allow. "" means that no
	// URL allows the action.
	signedMethod string
	serve        func(*wsRequest) (wsAnswer, error)
}

// authenticateAction is the only action that is not an operation of HTTP.
const authenticateAction = "authenticate"

// wsActions is the table. Real servers know more actions by name. They never answer
// those, and the connection hangs from then on; this server refuses them.
var wsActions = []wsAction{
	{name: authenticateAction}, // the session handles it
	{name: "queue_list", optional: "marker limit detailed", serve: wsListQueues},
	{name: "queue_create", required: "queue_name", optional: "metadata", serve: wsCreateQueue},
	{name: "queue_get", required: "queue_name", serve: wsGetQueue},
	{name: "queue_delete", required: "queue_name", serve: wsDeleteQueue},
	{name: "queue_get_stats", required: "queue_name", serve: wsGetStats},
	{name: "queue_purge", required: "queue_name", optional: "resource_types", serve: wsPurgeQueue},
	{name: "message_post", required: "queue_name messages", signedMethod: "POST", serve: wsPostMessages},
	{
		name: "message_list", required: "queue_name", optional: "marker limit echo include_claimed include_delayed",
		signedMethod: "GET", serve: wsListMessages,
	},
	{name: "message_get", required: "queue_name message_id", signedMethod: "GET", serve: wsGetMessage},
	{name: "message_get_many", required: "queue_name message_ids", signedMethod: "GET", serve: wsGetMessages},
	{name: "message_delete", required: "queue_name message_id", optional: "claim_id", signedMethod: "DELETE", serve: wsDeleteMessage},
	{
		name: "message_delete_many", required: "queue_name", optional: "message_ids claim_ids pop",
		signedMethod: "DELETE", serve: wsDeleteMessages,
	},
	{name: "claim_create", required: "queue_name", optional: "limit ttl grace", serve: wsCreateClaim},
	{name: "claim_get", required: "queue_name claim_id", serve: wsGetClaim},
	{name: "claim_update", required: "queue_name claim_id", optional: "ttl grace", serve: wsUpdateClaim},
	{name: "claim_delete", required: "queue_name claim_id", serve: wsDeleteClaim},
	{name: "subscription_create", required: "queue_name", optional: "subscriber ttl options", serve: wsCreateSubscription},
	{name: "subscription_list", required: "queue_name", optional: "marker limit", serve: wsListSubscriptions},
	{name: "subscription_get", required: "queue_name subscription_id", serve: wsGetSubscription},
	{name: "subscription_delete", required: "queue_name subscription_id", serve: wsDeleteSubscription},
}

// fieldTypes are the types of the body's fields, the same for all actions. Other
// fields are ignored.
var fieldTypes = map[string]func(json.RawMessage) bool{
	"queue_name": rawjson.IsText, "marker": rawjson.IsText, "message_id": rawjson.IsText, "claim_id": rawjson.IsText,
	"subscriber": rawjson.IsText, "subscription_id": rawjson.IsText,
	"limit": rawjson.IsInteger, "ttl": rawjson.IsInteger, "grace": rawjson.IsInteger, "pop": rawjson.IsInteger,
	"detailed": rawjson.IsBool, "echo": rawjson.IsBool, "include_claimed": rawjson.IsBool, "include_delayed": rawjson.IsBool,
	"messages": rawjson.IsArray, "message_ids": rawjson.IsTexts, "claim_ids": rawjson.IsTexts, "resource_types": rawjson.IsArray,
	"metadata": rawjson.IsObject, "options": rawjson.IsObject,
}

// textHeaders are the headers that must be strings if they are present.
var textHeaders = []string{"User-Agent", "Date", "Accept", "Client-ID", "X-Project-ID", "X-Auth-Token"}

// findAction returns the action that a request names.
func findAction(value json.RawMessage) (*wsAction, error) {
	name, ok := rawjson.Text(value)
	for i := range wsActions {
		if ok && wsActions[i].name == name {
			return &wsActions[i], nil
		}
	}
	switch {
	case !ok && string(value) == "null":
		name = "None"
	case !ok:
		name = string(value)
	}
	return nil, rejected("%.200s is not a valid action", name)
}

// read checks the form of a request and returns its parts.
func (row *wsAction) read(request fields) (headers, body fields, err error) {
	headers, err = rawjson.Object(request["headers"])
	required := []string{"Client-ID", "X-Project-ID"}
	if row.name == authenticateAction {
		required = []string{"X-Auth-Token", "X-Project-ID"}
	}
	if err != nil || !has(headers, required...) {
		return nil, nil, badForm("the headers must have %s", strings.Join(required, " and "))
	}
	for _, name := range textHeaders {
		if value, present := headers[name]; present && !rawjson.IsText(value) {
			return nil, nil, badForm("the header %s must be text", name)
		}
	}
	value, present := request["body"]
	if body, err = rawjson.Object(value); present && err != nil {
		return nil, nil, badForm("the body must be a map")
	}
	needed := strings.Fields(row.required)
	if !has(body, needed...) {
		return nil, nil, badForm("the body must have %s", strings.Join(needed, " and "))
	}
	for _, name := range append(needed, strings.Fields(row.optional)...) {
		if value, present := body[name]; present && !fieldTypes[name](value) {
			return nil, nil, badForm("%s has the wrong type", name)
		}
	}
	return headers, body, nil
}

func has(f fields, names ...string) bool {
	for _, name := range names {
		if _, present := f[name]; !present {
			return false
		}
	}
	return true
}

// badForm refuses a request that does not have the form of its action.
func badForm(format string, args ...any) error {
	return rejected("Schema validation failed: %s.", fmt.Sprintf(format, args...))
}
