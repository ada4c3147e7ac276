package zaqartest_test

import (
	"strings"
	"testing"
)

func TestV1SaysByItsStatusWhatDoesNotExist(t *testing.T) {
	c := start(t).with("Client-ID", "")
	c.do("GET", "/v1/queues", "").want(204).wantEmpty()
	c.do("GET", "/v1/queues/q", "").want(404).wantEmpty()
	c.do("HEAD", "/v1/queues/q", "").want(404)
	c.do("GET", "/v1/queues/q/metadata", "").want(404)
	c.do("PUT", "/v1/queues/q/metadata", `{}`).want(404)
	c.do("GET", "/v1/queues/q/stats", "").want(404)
	c.do("POST", "/v1/queues/q/claims", `{"ttl":60,"grace":60}`).want(204)
	named := c.with("Client-ID", alice)
	named.do("GET", "/v1/queues/q/messages", "").want(404)
	named.do("POST", "/v1/queues/q/messages", `[{"ttl":60,"body":1}]`).want(404)
	c.do("PUT", "/v1/queues/q", `{"ignored":true}`).want(201)
	c.do("PUT", "/v1/queues/q", "").want(204)
	c.do("GET", "/v1/queues/q", "").want(204)
	c.do("HEAD", "/v1/queues/q", "").want(204)
	c.do("GET", "/v1/queues/q/metadata", "").want(200).wantJSON(`{}`)
	named.do("GET", "/v1/queues/q/messages", "").want(204).wantEmpty()
	named.do("GET", "/v1/queues/q/messages?ids=x", "").want(204).wantEmpty()
	c.do("PATCH", "/v1/queues/q", "").want(405)
}

func TestV1ReplacesAllMetadata(t *testing.T) {
	c := start(t)
	c.do("PUT", "/v1/queues/q", "").want(201)
	a := c.do("PUT", "/v1/queues/q/metadata", `{"a":1,"b":2}`).want(204)
	if got := a.header.Get("Location"); got != "/v1/queues/q/metadata" {
		t.Errorf("it is at %q", got)
	}
	c.do("PUT", "/v1/queues/q/metadata", `{"c":3}`).want(204)
	c.do("PUT", "/v1/queues/q/metadata", `{"_c":3}`).want(400)
	a = c.do("GET", "/v1/queues/q/metadata", "").want(200).wantJSON(`{"c":3}`)
	if got := a.header.Get("Content-Location"); got != "/v1/queues/q/metadata" {
		t.Errorf("content is at %q", got)
	}
}

func TestV1MessagesAreBareArraysWithoutIDs(t *testing.T) {
	c := start(t)
	c.do("PUT", "/v1/queues/q", "").want(201)
	c.with("Client-ID", "").do("POST", "/v1/queues/q/messages", `[{"ttl":60,"body":1}]`).want(400)
	c.with("Client-ID", "").do("GET", "/v1/queues/q/messages", "").want(400)
	c.do("POST", "/v1/queues/q/messages", `[{"body":1}]`).want(400)
	c.do("POST", "/v1/queues/q/messages", `{"messages":[{"ttl":60,"body":1}]}`).want(400)
	a := c.do("POST", "/v1/queues/q/messages", `[{"ttl":60,"body":1},{"ttl":60,"body":2}]`).want(201)
	if a.get("partial") != false {
		t.Errorf("posted: %s", a.body)
	}
	href := a.text("resources", 0)
	c.do("GET", href, "").want(200).wantJSON(`{"href":"` + href + `","ttl":60,"age":0,"body":1}`)
	id := href[strings.LastIndex(href, "/")+1:]
	c.do("GET", "/v1/queues/q/messages?ids="+id, "").want(200).
		wantJSON(`[{"href":"` + href + `","ttl":60,"age":0,"body":1}]`)

	for _, body := range []string{``, `{}`, `{"ttl":60}`, `{"grace":60}`} {
		c.do("POST", "/v1/queues/q/claims", body).want(400)
	}
	a = c.do("POST", "/v1/queues/q/claims?limit=1", `{"ttl":60,"grace":60}`).want(201)
	claim := a.header.Get("Location")
	if got := a.text(0, "href"); !strings.Contains(got, "?claim_id=") {
		t.Errorf("claimed: %s", a.body)
	}
	if got := c.do("GET", href, "").text("href"); got != href {
		t.Errorf("outside of the claim it is at %q", got)
	}
	c.do("PATCH", claim, `{"grace":60}`).want(400)
	c.do("PATCH", claim, `{"ttl":90}`).want(204)
	if a := c.do("GET", claim, "").want(200); a.get("ttl") != number("90") {
		t.Errorf("claim: %s", a.body)
	}
	c.do("DELETE", "/v1/queues/q/messages?pop=1", "").want(400)
	c.do("DELETE", "/v1/queues/q/messages?ids="+id, "").want(204)
	a = c.do("GET", "/v1/queues/q/messages?echo=true", "").want(200)
	if a.bodies() != "2" || !strings.HasPrefix(a.text("links", 0, "href"), "/v1/queues/q/messages?echo=true&marker=") {
		t.Errorf("listed: %s", a.body)
	}
}

func TestV11HasNoDelaysAndDoesNotPatch(t *testing.T) {
	c := start(t)
	c.do("PUT", "/v1.1/queues/q", `{"_default_message_delay":60}`).want(201)
	a := c.do("POST", "/v1.1/queues/q/messages", `{"messages":[{"body":1}]}`).want(201)
	if a.get("partial") != nil || !strings.HasPrefix(a.text("resources", 0), "/v1.1/") {
		t.Errorf("posted: %s", a.body)
	}
	if got := c.do("GET", "/v1.1/queues/q/messages?echo=true", "").want(200).bodies(); got != "1" {
		t.Errorf("listed: %s", got)
	}
	c.do("PATCH", "/v1.1/queues/q", "").want(405)
	c.do("POST", "/v1.1/queues/q/purge", "").want(404)
	c.do("POST", "/v1.1/queues/q/claims", "").want(201)
	c.do("DELETE", "/v1.1/queues/q/messages?pop=1", "").want(200).wantJSON(`{"messages":[]}`)
	c.with("Client-ID", "").do("GET", "/v1.1/", "").want(400)
}
