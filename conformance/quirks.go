package conformance

import (
	"strings"
	"testing"
	"time"
)

// collected waits until the server has removed what has expired; MongoDB looks once a
// minute. If that never happens, it fails the case.
func (s *suite) collected(t *testing.T, gone func() bool) {
	t.Helper()
	for range 30 {
		if gone() {
			return
		}
		s.Wait(10 * time.Second)
	}
	t.Error("expired items stay")
}

// quirk is a known difference of real servers. Its number is the one in
// docs/server-quirks.md.
type quirk struct {
	number int
	what   string
	// on reports whether a target has the quirk.
	on func(Target) bool
	// about are the affected operations, or parameters of operations
	// ("queue_list name").
	about []string
	// hides is true if the server cannot show whether the client is right.
	hides bool
}

func redis(t Target) bool { return t.Store == "redis" }

func mongodb(t Target) bool { return t.Store == "mongodb" }

func sqlalchemy(t Target) bool { return t.Management == "sqlalchemy" }

// proxied reports whether a proxy is on the way of what goes over HTTP.
func proxied(t Target) bool {
	return t.Proxy != "" && t.WebSocket == "" && !strings.HasPrefix(t.Endpoint, "ws")
}

func anyReal(t Target) bool { return t.Store != "" }

func realSocketAlone(t Target) bool { return anyReal(t) && strings.HasPrefix(t.Endpoint, "ws") }

func realSocket(t Target) bool { return realSocketAlone(t) || anyReal(t) && t.WebSocket != "" }

// quirks are the differences that the cases know.
var quirks = []quirk{
	{number: 5, on: redis, about: []string{"claim_create"}, what: "a claim takes messages of another claim, behind a message that became free"},
	{number: 7, on: redis, about: []string{"claim_get", "claim_update"}, what: "a claim that has expired answers 503 until it is collected"},
	{number: 8, on: redis, about: []string{"queue_get_stats"}, what: "stats answer 503 while the oldest message has expired"},
	{number: 9, on: redis, about: []string{"claim_create"}, what: "grace is reported, but messages expire with their own TTL"},
	{number: 10, on: redis, about: []string{"message_get"}, what: "message ids are global to the server"},
	{number: 15, on: redis, about: []string{"queue_list"}, what: "names are listed cut at the first dot"},
	{number: 26, on: redis, about: []string{"queue_list name", "queue_list metadata_filter"}, hides: true, what: "name and metadata filters of the queue listing are ignored"},
	{number: 36, on: redis, about: []string{"subscription_create"}, what: "after a subscription has expired, subscribing is a 503 once"},
	{number: 21, on: sqlalchemy, about: []string{"queue_list with_count"}, what: "with its queues in SQL the number of queues is not returned"},
	{number: 37, on: redis, hides: true, what: "topics need another store", about: []string{
		"topic_create", "topic_delete", "topic_get", "topic_get_stats", "topic_list", "topic_purge", "topic_update",
	}},
	{number: 42, on: func(t Target) bool { return realSocket(t) && redis(t) }, about: []string{"message_post"}, what: "over the WebSocket integers may have more than 64 bits"},
	{number: 43, on: realSocketAlone, about: []string{"subscription_create"}, what: "the WebSocket answers 500 where HTTP answers 400 or 503"},
	{number: 46, on: proxied, about: []string{"message_post"}, what: "a proxy answers 502 to a large post, whose messages are stored"},
	{number: 47, on: mongodb, what: "what has expired stays for a minute or more", about: []string{
		"message_list", "message_get", "claim_create", "subscription_create", "subscription_list", "subscription_get",
	}},
	{number: 48, on: mongodb, about: []string{"message_list"}, what: "markers are numbers, which the WebSocket does not tell; behind the id of a message nothing is listed"},
	{number: 49, on: mongodb, about: []string{"claim_create", "claim_update", "claim_delete"}, what: "a claim that is renewed or released is not counted"},
	{number: 50, on: mongodb, about: []string{"message_delete"}, what: "a claim that has ended deletes messages until another claim takes them"},
	{number: 51, on: mongodb, about: []string{"subscription_update"}, what: "a subscription that is renewed does not get younger"},
	{number: 52, on: func(t Target) bool { return realSocket(t) && mongodb(t) }, about: []string{"message_post"}, what: "over the WebSocket integers of more than 64 bits are a 500"},
	{number: 28, on: anyReal, about: []string{"message_post"}, what: "the refusal of a body that is too large can be lost with the connection"},
}

// differs reports whether the target has a quirk. The case must then check the quirk
// instead.
func (s *suite) differs(t *testing.T, number int) bool {
	t.Helper()
	for _, q := range quirks {
		if q.number == number {
			on := q.on(s.Target)
			if on && s.notes != nil {
				s.notes.meets(number)
			}
			if on {
				t.Logf("quirk %d: %s", q.number, q.what)
			}
			return on
		}
	}
	t.Fatalf("quirk %d is not in the table", number)
	return false
}
