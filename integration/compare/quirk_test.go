package compare

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// quirk is one intended difference.
type quirk struct {
	number   int      // in docs/server-quirks.md
	scenario string   // its purpose
	requests []string // each request in full, on one line
	servers  string   // the servers and versions, such as "23v2 15v1"
	says     string   // a regular expression that every line of the difference matches
	reason   string
}

const (
	everywhere = "23v2 15v1.1 15v2"
	inV2       = "23v2 15v2"
	patch      = "PATCH /v*/queues/q (Content-Type: application/openstack-messaging-v2.0-json-patch) "
)

// quirks are the intended differences. A row that explains no difference is an error.
var quirks = []quirk{
	{
		1, "Queues are listed by name",
		[]string{"GET /v*/queues?limit=1&marker=B"},
		everywhere, `body\.(queues|links)\.0.*`,
		"a marker that is the first element counts as none, so a page of one stands still",
	},
	{
		1, "A page of messages is filled",
		[]string{"GET /v*/queues/q/messages?echo=true&limit=1&marker=${m1}"},
		everywhere,
		`body\.(messages|links)\.0.*`, "the same for messages",
	},
	{
		1, "In v1 queues are there or not", []string{"GET /v*/queues?marker=q"}, "15v1", `200, ours 204`, "the same for the only queue",
	},
	{
		1, "In v1 messages are read without ids",
		[]string{"GET /v*/queues/q/messages?echo=true&limit=2&marker=${m1}"},
		"15v1",
		`body\.messages: .*`, "the same for messages of v1",
	},
	{
		3, "A claim takes the oldest messages",
		[]string{"GET /v*/queues/q/messages?echo=true&include_claimed=true"},
		everywhere,
		`503 Service temporarily unavailable, ours 200`, "claimed messages cannot be listed without a marker",
	},
	{
		4, "A page of messages is filled",
		[]string{"GET /v*/queues/q/messages?limit=2"},
		everywhere, `body\.(messages|links): \[\], ours .*`,
		"a page is cut first and filtered then, so it may be empty while more follows",
	},
	{
		5, "A released message is claimed alone",
		[]string{"POST /v*/queues/q/claims"},
		everywhere, `body\.messages: .*`,
		"a claim takes what another live claim holds, if it is behind a free message",
	},
	{
		6, "A delayed message is claimed late",
		[]string{"POST /v*/queues/q/claims"},
		inV2, `body\.messages: .*`,
		"a claim takes what is delayed, if it is behind a free message",
	},
	{
		10, "Ids lead nowhere in another queue",
		[]string{"GET /v*/queues/other/messages/${m1}", "GET /v*/queues/other/messages?ids=${m1}"},
		everywhere,
		`200, ours 404 Not found`, "ids of messages are global",
	},
	{
		13, "In v1 a post is an array",
		[]string{`POST /v*/queues/q/messages [{"ttl":60,"body":1}]`},
		"15v1", `201, ours 404 Not found`,
		"v1 takes messages for a queue that is not there",
	},
	{
		13, "In v1 a post is an array",
		[]string{`POST /v*/queues/q/claims {"ttl":60,"grace":60}`},
		"15v1", `201, ours 204`,
		"and lets them be claimed",
	},
	{
		15, "Queues with a dot can be made",
		[]string{"GET /v*/queues"},
		everywhere, `body\.(queues|links)\.0\..*`,
		"a listing cuts names at the first dot",
	},
	{
		16, "A purge and claimed messages",
		[]string{"GET /v*/queues/q/messages/${m1}"},
		inV2, `200, ours 404 Not found`,
		"a purge leaves claimed messages",
	},
	{
		17, "A post must be well formed",
		[]string{`POST /v*/queues/q/messages {"messages":[{"body":"\ud800"}]}`},
		everywhere,
		`503 Service temporarily unavailable, ours 400 Invalid request body`, "half of a surrogate pair cannot be stored",
	},
	{
		17, "Metadata is an object",
		[]string{`PUT /v*/queues/odd3 {"a":"\ud800"}`},
		everywhere,
		`503 Service temporarily unavailable, ours 400 Invalid request body`, "nor can it in metadata",
	},
	{
		17, "Metadata is an object",
		[]string{`PUT /v*/queues/odd1 {"a":NaN}`, `PUT /v*/queues/odd2 {"a":-Infinity}`},
		everywhere,
		`201, ours 400 Invalid request body`, "what is no number passes for one, and for JSON",
	},
	{
		17, "Checksums are those of Python",
		[]string{"GET /v*/queues/q/messages?ids=${m10}"},
		inV2, `(?s)body: not JSON: .* Infinity.*`,
		"1e400 comes back as Infinity, which is not JSON",
	},
	{
		18, "A post must be well formed", []string{
			`POST /v*/queues/q/messages {"messages":[1]}`, `POST /v*/queues/q/messages {"messages":[null]}`,
			`POST /v*/queues/q/messages {"messages":[[]]}`, `POST /v*/queues/q/messages {"messages":["x"]}`,
		}, everywhere, `500 Internal server error, ours 400 Invalid request body`, "a message that is no object is not foreseen",
	},
	{
		18, "In v1 a post must be well formed",
		[]string{`POST /v*/queues/q/messages [1]`},
		"15v1",
		`500 Internal server error, ours 400 Invalid request body`, "the same in v1",
	},
	{
		18, "A purge empties a queue",
		[]string{`POST /v*/queues/q/purge {"resource_types":null}`},
		inV2,
		`500 Internal server error, ours 400 Invalid API request`, "resource types of null are not foreseen",
	},
	{
		18, "Reserved keys have types and bounds", []string{
			`PUT /v*/queues/q {"_default_message_ttl":[]}`, `PUT /v*/queues/q {"_max_messages_post_size":{}}`,
			`PUT /v*/queues/q {"_retry_policy":{"minimum_delay":null}}`,
		}, inV2, `500 Internal server error, ours 400 Invalid API request`, "numbers that are empty things are not foreseen",
	},
	{
		18, "A patch that cannot be done does nothing", []string{
			patch + `{}`, patch + `{"op":"add"}`, patch + `[{"op":"add","path":5,"value":1}]`,
		}, inV2, `503 Service temporarily unavailable, ours 400 Invalid request body`, "patches of other types are not foreseen",
	},
	{
		18, "Listings have bounds",
		[]string{"GET /v*/queues?limit=,"},
		"15v1 " + everywhere,
		`500 Internal server error, ours 20[04]`, "a parameter that is a list of nothing is not foreseen",
	},
	{
		18, "A subscription must be well formed",
		[]string{
			`POST /v*/queues/q/subscriptions []`, `POST /v*/queues/q/subscriptions {"subscriber":""}`,
			`POST /v*/queues/q/subscriptions {"subscriber":null}`, `POST /v*/queues/q/subscriptions {"subscriber":5}`,
			`POST /v*/queues/q/subscriptions {"subscriber":"http://127.0.0.1:1/7","ttl":null}`,
			`POST /v*/queues/q/subscriptions {"subscriber":"trust+http://127.0.0.1:1/"}`,
		},
		inV2, `503 Service temporarily unavailable, ours 400 Invalid (API request|request body)`,
		"subscriptions that are no objects, subscribers that are nothing, and trusts without Keystone are not foreseen",
	},
	{
		18, "What is left of a subscription is in nobody's way",
		[]string{`POST /v*/queues/q/subscriptions {"subscriber":"http://127.0.0.1:1/1","ttl":0}`},
		inV2, `500 Internal server error, ours 400 Invalid API request`, "a ttl of nothing is not foreseen",
	},
	{
		22, "A guarded server wants the claims of what is deleted", []string{
			"DELETE /v*/queues/q/messages?ids=${m1}&claim_ids=nonsense",
			"DELETE /v*/queues/q/messages?ids=${m2}&claim_ids=${c1}",
			"DELETE /v*/queues/q/messages?ids=${m2},${m3}&claim_ids=${c2}",
		}, "23v2", `503 Service temporarily unavailable, ours 400 Unable to delete`, "a claim that does not fit is a failure of the store",
	},
	{
		26, "Queues are listed by name",
		[]string{"GET /v*/queues?name=b", "GET /v*/queues?n=1"},
		inV2, `body\.(queues|links).*`,
		"Redis does not filter listings; and the link to the next page forgets filters of metadata",
	},
	{
		31, "The name of a queue is short and plain",
		[]string{"PUT /v*/queues/a%0a"},
		everywhere,
		`201, ours 400 Invalid queue identification`, "a name may end with a line feed",
	},
	{
		32, "The caller must take JSON",
		[]string{
			"GET /v*/queues (Accept: application/xml)", "GET /v*/queues (Accept: application/vnd.openstack.messaging-v2+json)",
		},
		"15v1 15v1.1 15v2", `(?s)body.*Endpoint only serves.*|body\.description: only ours.*`,
		"Zaqar 15 has the description in the place of the title in 406 and 415",
	},
	{
		32, "Errors come in a form that the caller takes", []string{
			"GET /v*/queues?limit=0 (Accept: text/xml)", "GET /v*/queues?limit=0 (Accept: image/svg+xml)",
		}, "15v1.1 15v2", `(?s)body.*Endpoint only serves.*`, "the same in XML",
	},
	{
		32, "A patch that cannot be done does nothing", []string{
			"PATCH /v*/queues/q []",
			"PATCH /v*/queues/q (Content-Type: application/openstack-messaging-v2.0-json-patch; charset=utf-8) []",
			"PATCH /v*/queues/q (Content-Type: application/json-patch+json) []",
		}, "15v2", `body\.title: Accepted media type .*|body\.description: only ours.*`, "the same for 415",
	},
	{
		33, "The versions are told to everybody", []string{
			"GET / (Client-ID: (none)) (X-Project-Id: (none))", "GET / (Accept: (none))",
		}, "23v2", `body\.versions: \[map\[id:2 .*`, "Zaqar 23 has v2 alone",
	},
	{
		34, "The home document tells what there is",
		[]string{"GET /v*/"},
		everywhere,
		`body\.resources\.rel/(pools?|flavors?|queue_share|subscriptions_post\.href-vars\.limit): only theirs.*`,
		"the embedded server tells only of what it serves",
	},
	{
		34, "The home document tells of pools",
		[]string{"GET /v*/"},
		"15v2",
		`body\.resources\.rel/subscriptions_post\.href-vars\.limit: only theirs.*`, "there is a variable that no template has",
	},
	{
		35, "A version that nobody has leads nowhere",
		[]string{"GET //v2/queues"},
		inV2, `200, ours 404 404 Not Found`,
		"the web server in front of Zaqar takes two slashes at the beginning for one",
	},
	{
		36, "What is left of a subscription is in nobody's way",
		[]string{`POST /v*/queues/q/subscriptions {"subscriber":"http://127.0.0.1:1/2"}`},
		inV2, `503 Service temporarily unavailable, ours 201`,
		"the first to subscribe after a subscription has ended gets a failure of the store",
	},
	{
		18, "What is to be shared must be well formed",
		[]string{`POST /v*/queues/q/share []`, `POST /v*/queues/q/share {"methods":[1]}`, `POST /v*/queues/q/share {"expires":[]}`},
		inV2, `500 Internal server error, ours 400 Invalid API request`, "bodies, methods and ends of other types are not foreseen",
	},
	{
		18, "Flavors of v1.1 have capabilities alone",
		[]string{"PUT /v*/flavors/f-${unique} {}"},
		"15v1.1",
		`500 Internal server error, ours 400 Invalid request body`, "a flavor without capabilities is not foreseen",
	},
	{
		21, "A place is a pool once",
		[]string{`PUT /v*/pools/zz-${unique}-b {"uri":"redis://${redis}?dbid=14","weight":0}`},
		"15v2", `500 Internal server error, ours 409 Resource conflict`, "a second pool of one place is not foreseen",
	},
	{
		21, "A flavor has pools", []string{
			"GET /v*/flavors/f-${unique}", "GET /v*/flavors?detailed=true",
			`PATCH /v*/flavors/f-${unique} {"pool_list":["zz-${unique}-b"],"unknown":1}`,
		}, "15v2", `body\.(flavors\.0\.)?capabilities\.\d: \d, ours [A-Z_]+`, "capabilities are digits",
	},
	{
		25, "A signed URL opens what it names",
		[]string{"GET /v*/queues/q/messages?echo=true (URL-Signature: )"},
		"23v2",
		`404 404 Not Found, ours 200`, "a signature that is empty counts as one",
	},
	{
		37, "Topics can be made and read", []string{`PUT /v*/topics/t {"a":1}`}, inV2, `204, ours 201`, "Redis has no topics, and does not say so",
	},
	{
		37, "Topics can be made and read",
		[]string{"GET /v*/topics/t", "GET /v*/topics", "GET /v*/topics/t/stats", strings.ReplaceAll(patch, "queues/q", "topics/t") + "[]"},
		inV2, `503 Service temporarily unavailable, ours 200`, "what should be read is not there",
	},
	{
		37, "Topics have no messages", []string{
			"GET /v*/topics/t/messages", `POST /v*/topics/t/messages {"messages":[{"body":1}]}`, "GET /v*/topics/t/subscriptions",
		}, inV2, `500 Internal server error, ours 404 404 Not Found`, "messages of topics are routed, but to nobody who can serve them",
	},
	{
		38, "A pool must be well formed",
		[]string{`PUT /v*/pools/zz-${unique} {"uri":"redis://127.0.0.1:1","weight":0}`},
		"15v1 15v1.1 15v2", `400 Invalid request body, ours 201`, "the embedded server does not connect to pools",
	},
	{
		38, "A place is a pool once",
		[]string{`PUT /v*/pools/${65 z} {"uri":"redis://${redis}?dbid=15","weight":0}`},
		"15v2",
		`201, ours 400 Invalid API request`, "which names pools can have depends on the store of the pools",
	},
	{
		38, "The last pool of a flavor stays",
		[]string{"DELETE /v*/pools/zz-${unique}"},
		"15v2",
		`204, ours 403 Unable to delete`, "which pools can be deleted depends on the store of the pools",
	},
}

// book records which rows were used, by request and server.
type book struct{ used map[int]map[string]bool }

// explain returns the row that explains a difference.
func (b *book) explain(s scenario, r request, server string, lines []string) (quirk, bool) {
	for i, row := range quirks {
		if row.scenario != s.purpose || !slices.Contains(row.requests, r.String()) || !slices.Contains(strings.Fields(row.servers), server) {
			continue
		}
		says := regexp.MustCompile("^(?:" + row.says + ")$")
		if slices.ContainsFunc(lines, func(line string) bool { return !says.MatchString(line) }) {
			continue
		}
		if b.used == nil {
			b.used = map[int]map[string]bool{}
		}
		if b.used[i] == nil {
			b.used[i] = map[string]bool{}
		}
		b.used[i][r.String()+" "+server] = true
		return row, true
	}
	return quirk{}, false
}

// check reports rows that explained nothing.
func (b *book) check(t *testing.T) {
	t.Helper()
	for i, row := range quirks {
		for _, r := range row.requests {
			for server := range strings.FieldsSeq(row.servers) {
				if !b.used[i][r+" "+server] {
					t.Errorf("quirk %d does not show on %s any more: %s", row.number, server, r)
				}
			}
		}
	}
}
