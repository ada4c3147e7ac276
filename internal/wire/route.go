// Package wire describes each operation of Zaqar for each version of the API and each
// transport: method, path, query, body and action. A difference between versions is a
// row in the table of that version (v1.go, v1_1.go, v2.go), not a branch in the code
// that calls.
//
// [Encode] turns an operation and its parameters into a transport.Request; the Decode
// functions read replies. Only this package uses seconds and raw JSON.
package wire

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Version is a version of the API, in the form that is used in paths.
type Version string

// The versions, oldest first.
const (
	V1   Version = "v1"
	V1_1 Version = "v1.1"
	V2   Version = "v2"
)

// Op names an operation. If the WebSocket has an action for it, that has the same name.
type Op string

// The operations.
const (
	Versions          Op = "versions"
	Home              Op = "home"
	Ping              Op = "ping"
	Health            Op = "health"
	QueueList         Op = "queue_list"
	QueueCreate       Op = "queue_create"
	QueueExists       Op = "queue_exists"
	QueueGet          Op = "queue_get"
	QueueUpdate       Op = "queue_update"
	QueueReplace      Op = "queue_replace"
	QueueDelete       Op = "queue_delete"
	QueueStats        Op = "queue_get_stats"
	QueuePurge        Op = "queue_purge"
	MessagePost       Op = "message_post"
	MessageList       Op = "message_list"
	MessageGet        Op = "message_get"
	MessageGetMany    Op = "message_get_many"
	MessageDelete     Op = "message_delete"
	MessageDeleteMany Op = "message_delete_many"
	MessagePop        Op = "message_pop"
	ClaimCreate       Op = "claim_create"
	ClaimGet          Op = "claim_get"
	ClaimUpdate       Op = "claim_update"
	ClaimDelete       Op = "claim_delete"

	SubscriptionCreate  Op = "subscription_create"
	SubscriptionList    Op = "subscription_list"
	SubscriptionGet     Op = "subscription_get"
	SubscriptionUpdate  Op = "subscription_update"
	SubscriptionDelete  Op = "subscription_delete"
	SubscriptionConfirm Op = "subscription_confirm"
	QueueShare          Op = "queue_share"
)

// Route describes one operation in one version of the API.
type Route struct {
	// Method and Path are HTTP's. The {names} in Path are replaced by parameters.
	Method string
	Path   string
	// Query names the parameters in the query, Body those that are members of the JSON
	// body. BodyIs names a parameter that is the whole body.
	Query  []string
	Body   []string
	BodyIs string
	// Message names the members that a posted message may have in addition to its body.
	Message []string
	// Spread names a parameter of type url.Values that is added to the query as it is.
	Spread string
	// Type is the Content-Type if it is not application/json.
	Type string
	// Action is the WebSocket's action, "" if there is none.
	Action string
	// Repeatable is true if the operation is idempotent, so that a repetition does no harm.
	Repeatable bool
	// Sweeps is true if the operation deletes everything in a queue. It is not Repeatable,
	// because a late repetition would delete what others have posted since. That is worse
	// than duplicates, so no option allows it.
	Sweeps bool
	// Success are the statuses of a success, and Answer is what its body has, if it has
	// one. Any other 2xx is not the service's.
	Success []int
	Answer  Shape

	// The differences between versions behind the same call:

	// Empty is the body that replaces a 204. Absent is the body that replaces a 404
	// because other versions answer like this. If Absent is "", a 404 is an error.
	Empty, Absent string
	// Silent is true if a 404 has no body that explains it.
	Silent bool
	// Bare is true if messages come as an array without an object around it.
	Bare bool
	// TTL is the TTL in seconds to send if the caller gives none, 0 for none.
	TTL int64
	// NeedsQueue is true if the queue must be created first.
	NeedsQueue bool
	// OwnKeys is true if the metadata must not contain Zaqar's own keys.
	OwnKeys bool
	// HidesClaims is true if a message does not show which claim holds it.
	HidesClaims bool
}

// Table contains a version's operations.
type Table map[Op]*Route

var tables = map[Version]Table{V1: v1, V1_1: v1_1, V2: v2}

// Unsupported reports an operation, or a parameter of an operation, that a version does
// not have.
type Unsupported struct {
	Op      Op
	Version Version
	Param   string // "" for the whole operation
}

func (e *Unsupported) Error() string {
	if e.Param != "" {
		return fmt.Sprintf("%s: API %s has no %s here", e.Op, e.Version, e.Param)
	}
	return fmt.Sprintf("%s: API %s has no such operation", e.Op, e.Version)
}

// Lookup returns a version's row for an operation, which nobody may change.
func Lookup(v Version, op Op) (*Route, error) {
	route, ok := tables[v][op]
	if !ok {
		return nil, &Unsupported{Op: op, Version: v}
	}
	return route, nil
}

// Ops returns the operations that a version has, sorted by name.
func Ops(v Version) []Op { return slices.Sorted(maps.Keys(tables[v])) }

// Takes reports whether a version has an operation with this parameter.
func Takes(v Version, op Op, param string) bool {
	route, ok := tables[v][op]
	return ok && route.takes(param)
}

func (r *Route) takes(param string) bool {
	return slices.Contains(r.Query, param) || slices.Contains(r.Body, param) || slices.Contains(r.Message, param) ||
		r.BodyIs == param || r.Spread == param || strings.Contains(r.Path, "{"+param+"}")
}
