package zaqartest_test

import (
	"strings"
	"testing"
)

const patchType = "application/openstack-messaging-v2.0-json-patch"

func (c *client) patch(body string) answer {
	c.t.Helper()
	return c.with("Content-Type", patchType).do("PATCH", "/v2/queues/q", body)
}

const bareMetadata = `{"_max_messages_post_size":262144,"_default_message_ttl":3600,"_default_message_delay":0,
	"_dead_letter_queue":null,"_dead_letter_queue_messages_ttl":null,"_max_claim_count":null,
	"_enable_encrypt_messages":false}`

func TestAnExistingQueueIsNotChanged(t *testing.T) {
	c := start(t)
	a := c.do("PUT", "/v2/queues/q", `{"color":"red","_mine":[1.50,{"a":null}]}`).want(201).wantEmpty()
	if got := a.header.Get("Location"); got != "/v2/queues/q" {
		t.Errorf("it is at %q", got)
	}
	a = c.do("PUT", "/v2/queues/q", `{"color":"blue"}`).want(204)
	if got := a.header.Get("Location"); got != "/v2/queues/q" {
		t.Errorf("it is at %q", got)
	}
	a = c.do("GET", "/v2/queues/q", "").want(200)
	if a.text("color") != "red" || a.get("_default_message_ttl") == nil {
		t.Errorf("metadata: %s", a.body)
	}
	if !strings.Contains(string(a.body), `[1.50,{"a":null}]`) {
		t.Errorf("a value changed its spelling: %s", a.body)
	}
	c.do("GET", "/v1.1/queues/q", "").want(200).wantJSON(`{"color":"red","_mine":[1.50,{"a":null}]}`)
}

func TestAMissingQueueLooksEmpty(t *testing.T) {
	c := start(t)
	c.do("GET", "/v2/queues/q", "").want(200).wantJSON(bareMetadata)
	c.do("GET", "/v1.1/queues/q", "").want(200).wantJSON(`{}`)
	c.patch(`[]`).wantTitle(404, "Not found")
	c.do("DELETE", "/v2/queues/q", "").want(204)
	c.do("GET", "/v2/queues/q/stats", "").want(200).wantJSON(`{"messages":{"claimed":0,"free":0,"total":0}}`)
	c.do("POST", "/v2/queues/q/purge", "").want(204)
	if got := c.srv.Queues("p"); len(got) != 0 {
		t.Errorf("queues: %v", got)
	}
}

func TestMetadataThatZaqarCannotUseIsRefused(t *testing.T) {
	c := start(t)
	for _, body := range []string{
		`[]`, `"text"`, `{`, `{"_max_messages_post_size":0}`, `{"_max_messages_post_size":262145}`,
		`{"_default_message_ttl":59}`, `{"_default_message_ttl":"60"}`, `{"_default_message_delay":901}`,
		`{"_dead_letter_queue_messages_ttl":1.5}`, `{"_max_claim_count":"many"}`,
		`{"_enable_encrypt_messages":1}`, `{"_retry_policy":{"minimum_delay":5,"maximum_delay":14}}`,
		`{"_retry_policy":{"retry_backoff_function":"wild"}}`, `{"_retry_policy":[1]}`,
		`{"n":9223372036854775808}`, `{"x":"` + strings.Repeat("x", 65536) + `"}`,
	} {
		if a := c.do("PUT", "/v2/queues/q", body); a.status != 400 {
			t.Errorf("%.60s: status %d", body, a.status)
		}
	}
	if got := c.srv.Queues("p"); len(got) != 0 {
		t.Errorf("queues: %v", got)
	}
	c.do("PUT", "/v2/queues/q", `{"_retry_policy":{"maximum_delay":15},"_dead_letter_queue":"not there",
		"_flavor":"x","_max_claim_count":0,"_default_message_ttl":null}`).want(201)
}

func TestQueueNames(t *testing.T) {
	c := start(t)
	for _, name := range []string{"a", "A-b_c.d", strings.Repeat("x", 64)} {
		c.do("PUT", "/v2/queues/"+name, "").want(201)
	}
	for _, name := range []string{"a%20b", "%C3%A9", strings.Repeat("x", 65), "a%0A"} {
		c.do("PUT", "/v2/queues/"+name, "").wantTitle(400, "Invalid queue identification")
	}
}

func TestPatchChangesSingleKeys(t *testing.T) {
	c := start(t)
	c.do("PUT", "/v2/queues/q", `{"a":1,"b/c":2,"~":3}`).want(201)
	c.patch(`[{"op":"add","path":"/metadata/new","value":{"deep":[1]}},
		{"op":"replace","path":"/metadata/a","value":null},
		{"op":"remove","path":"/metadata/b~1c"},
		{"op":"replace","path":"/metadata/~0","value":"tilde"},
		{"op":"replace","path":"/metadata/_default_message_ttl","value":120},
		{"op":"remove","path":"/metadata/_max_claim_count"}]`).want(200)
	c.do("GET", "/v1.1/queues/q", "").want(200).
		wantJSON(`{"new":{"deep":[1]},"a":null,"~":"tilde","_default_message_ttl":120}`)
	a := c.patch(`[]`).want(200)
	if a.get("_max_messages_post_size") == nil {
		t.Errorf("a patch answers with all metadata: %s", a.body)
	}
}

func TestAPatchIsAppliedInFullOrNotAtAll(t *testing.T) {
	c := start(t)
	c.do("PUT", "/v2/queues/q", `{"a":1}`).want(201)
	first := `{"op":"add","path":"/metadata/b","value":1},`
	c.patch(`[`+first+`{"op":"remove","path":"/metadata/zzz"}]`).wantTitle(409, "Resource conflict")
	c.patch(`[` + first + `{"op":"replace","path":"/metadata/zzz","value":1}]`).want(409)
	c.patch(`[`+first+`{"op":"add","path":"/metadata/_default_message_ttl","value":1}]`).
		wantTitle(400, "Invalid request body")
	c.do("GET", "/v1.1/queues/q", "").wantJSON(`{"a":1}`)
}

func TestPatchRefusesOtherDialects(t *testing.T) {
	c := start(t)
	c.do("PUT", "/v2/queues/q", "").want(201)
	for _, mediaType := range []string{"application/json", "application/json-patch+json", patchType + "; charset=utf-8"} {
		c.with("Content-Type", mediaType).do("PATCH", "/v2/queues/q", `[]`).want(415)
	}
	for _, body := range []string{
		``, `{}`, `[1]`, `[{}]`, `[{"op":"copy","path":"/metadata/a","from":"/metadata/b"}]`,
		`[{"op":"add","path":"/metadata/a"}]`, `[{"op":"add","path":"/other/a","value":1}]`,
		`[{"op":"add","path":"/metadata/a/b","value":1}]`, `[{"op":"add","path":"/metadata","value":1}]`,
		`[{"op":"add","path":"metadata/a","value":1}]`, `[{"op":"add","path":"/metadata/~2","value":1}]`,
		`[{"op":"add","path":"/metadata/","value":1}]`, `[{"op":"remove","path":["metadata","a"]}]`,
	} {
		if a := c.patch(body); a.status != 400 || a.get("title") != "Invalid request body" {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

func TestParametersAreChecked(t *testing.T) {
	c := start(t)
	for _, query := range []string{"limit=0", "limit=21", "limit=-1", "limit=x", "limit=1.5", "limit=99999999999999999999", "detailed=TRUE", "with_count=maybe"} {
		c.do("GET", "/v2/queues?"+query, "").want(400)
	}
	for _, query := range []string{"limit=", "limit=20", "limit=30&limit=2", "detailed=yes", "detailed=off"} {
		c.do("GET", "/v2/queues?"+query, "").want(200)
	}
}

func TestADeletedQueueLeavesNothingBehind(t *testing.T) {
	c := start(t)
	ids := c.post(`1`, `2`)
	id, _ := c.claim("?limit=1", "")
	c.do("DELETE", "/v2/queues/q", "").want(204).wantEmpty()
	c.do("GET", "/v2/queues/q/claims/"+id, "").want(404)
	c.do("PUT", "/v2/queues/q", "").want(201)
	c.do("GET", "/v2/queues/q/claims/"+id, "").want(404)
	c.do("GET", "/v2/queues/q/messages/"+ids[1], "").want(404)
	if got := c.srv.Messages("p", "q"); len(got) != 0 {
		t.Errorf("messages: %v", got)
	}
}
