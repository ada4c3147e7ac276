package wire

import (
	"maps"
	"strconv"
)

// Params are an operation's parameters under the WebSocket's names. An absent parameter
// is not sent.
type Params map[string]any

// Args are an operation's parameters. Those of posts, claims and deletions are fields, so
// that these calls make no map. More has all others. The zero value of a field is an absent
// parameter.
type Args struct {
	Queue, Message, Claim string
	Limit                 int
	Times                 *Times
	IDs, ClaimIDs         []string
	Messages              []Outgoing
	More                  Params
}

// Times are those of a claim, in seconds.
type Times struct{ TTL, Grace int64 }

// names are the parameters that are fields of Args.
var names = [...]string{"queue_name", "message_id", "claim_id", "limit", "ttl", "grace", "ids", "claim_ids", "messages"}

// text returns a parameter as it stands in a path or in a query, "" if it is absent, is
// no text or is in More.
func (a *Args) text(name string) string {
	switch name {
	case "queue_name":
		return a.Queue
	case "message_id":
		return a.Message
	case "claim_id":
		return a.Claim
	case "limit":
		if a.Limit != 0 {
			return strconv.Itoa(a.Limit)
		}
	}
	return ""
}

// list returns a parameter that is a list of ids, nil if it is none.
func (a *Args) list(name string) []string {
	switch name {
	case "ids":
		return a.IDs
	case "claim_ids":
		return a.ClaimIDs
	}
	return nil
}

// has reports whether a parameter is there as a field.
func (a *Args) has(name string) bool {
	switch name {
	case "ttl", "grace":
		return a.Times != nil
	case "messages":
		return a.Messages != nil
	}
	return a.text(name) != "" || a.list(name) != nil
}

// params returns all parameters.
func (a *Args) params() Params {
	all := make(Params, len(a.More)+4)
	maps.Copy(all, a.More)
	for _, name := range names {
		if !a.has(name) {
			continue
		}
		switch name {
		case "limit":
			all[name] = a.Limit
		case "ttl":
			all[name] = a.Times.TTL
		case "grace":
			all[name] = a.Times.Grace
		case "messages":
			all[name] = a.Messages
		case "ids", "claim_ids":
			all[name] = a.list(name)
		default:
			all[name] = a.text(name)
		}
	}
	return all
}

// unknown returns a parameter that an operation does not have, "" if it has them all.
func (a *Args) unknown(route *Route) string {
	for name := range a.More {
		if !route.takes(name) {
			return name
		}
	}
	for _, name := range names {
		if a.has(name) && !route.takes(name) {
			return name
		}
	}
	return ""
}
