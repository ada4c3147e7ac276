package zaqartest_test

import (
	"slices"
	"testing"
)

func TestTopicsAreLikeQueuesButApartFromThem(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.do("PUT", "/v2/queues/t", `{"a":"queue"}`).want(201)
	a := c.do("PUT", "/v2/topics/t", `{"a":"topic"}`).want(201)
	if got := a.header.Get("Location"); got != "/v2/topics/t" {
		t.Errorf("Location %q", got)
	}
	c.do("PUT", "/v2/topics/t", `{"a":"other"}`).want(204)
	c.do("PUT", "/v2/topics/u", "").want(201)
	if got := c.do("GET", "/v2/topics/t", "").want(200); got.get("a") != "topic" || got.get("_default_message_ttl") != number("3600") {
		t.Errorf("metadata: %s", got.body)
	}
	c.do("GET", "/v2/topics", "").want(200).wantJSON(`{"topics":[{"name":"t","href":"/v2/topics/t"},{"name":"u","href":"/v2/topics/u"}],
		"links":[{"rel":"next","href":"/v2/topics?marker=u"}]}`)
	if got := c.do("GET", "/v2/topics?detailed=true&limit=1", "").want(200).get("topics", 0, "metadata", "a"); got != "topic" {
		t.Errorf("listed metadata %v", got)
	}
	patching := c.with("Content-Type", "application/openstack-messaging-v2.0-json-patch")
	if got := patching.do("PATCH", "/v2/topics/t", `[{"op":"replace","path":"/metadata/a","value":2}]`).want(200).get("a"); got != number("2") {
		t.Errorf("patched: %v", got)
	}
	patching.do("PATCH", "/v2/topics/none", `[]`).wantTitle(404, "Not found")
	c.do("GET", "/v2/topics/t/stats", "").want(200).wantJSON(`{"messages":{"claimed":0,"free":0,"total":0}}`)
	c.do("POST", "/v2/topics/t/purge", `{"resource_types":["messages"]}`).want(204)
	c.do("PUT", "/v2/topics/a!", "").wantTitle(400, "Invalid topic identification")
	c.do("DELETE", "/v2/topics/t", "").want(204)
	c.do("DELETE", "/v2/topics/t", "").want(204)
	c.do("GET", "/v2/topics?marker=a", "").want(200).wantJSON(`{"topics":[{"name":"u","href":"/v2/topics/u"}],"links":[{"rel":"next","href":"/v2/topics?marker=u"}]}`)
	if got := c.do("GET", "/v2/queues/t", "").want(200).get("a"); got != "queue" {
		t.Errorf("the queue of that name has %v", got)
	}
	if got := c.srv.Queues("p"); !slices.Equal(got, []string{"t"}) {
		t.Errorf("queues: %v", got)
	}
	if seen := c.srv.Requests("topic_create"); len(seen) != 4 || seen[0].Project != "p" {
		t.Errorf("seen: %+v", seen)
	}
	c.with("X-Project-Id", "p2").do("GET", "/v2/topics", "").want(200).wantJSON(`{"topics":[],"links":[]}`)
}

func TestTopicsHaveNoMessages(t *testing.T) {
	t.Parallel()
	c := start(t)
	for _, path := range []string{"/v2/topics/t/messages", "/v2/topics/t/messages/x", "/v2/topics/t/subscriptions", "/v2/topics/t/claims", "/v2/topics/t/share", "/v1.1/topics", "/v1/topics"} {
		c.do("GET", path, "").wantTitle(404, "404 Not Found")
	}
}
