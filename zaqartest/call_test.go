package zaqartest_test

import (
	"strings"
	"testing"
)

func TestTheFirstFailureOfARequestDecides(t *testing.T) {
	c := start(t)
	all := c.with("Content-Type", "Application/X-WWW-Form-Urlencoded").with("Accept", "text/html, application/foo+json").
		with("Client-ID", "").with("X-Project-Id", "")
	const path = "/v2/queues/bad!name/messages"
	all.do("PATCH", path, "{}").wantTitle(400, "Invalid Content-Type")
	all = all.with("Content-Type", "")
	all.do("PATCH", path, "{}").wantTitle(406, "406 Not Acceptable")
	all = all.with("Accept", "text/html, application/*;q=0.1")
	all.do("PATCH", path, "{}").wantTitle(400, "Missing header value")
	all.with("Client-ID", "nobody").do("PATCH", path, "{}").wantTitle(400, "Wrong UUID value")
	all = all.with("Client-ID", alice)
	all.do("PATCH", path, "{}").wantTitle(400, "Project-Id Missing")
	all = all.with("X-Project-Id", strings.Repeat("x", 257))
	all.do("PATCH", path, "{}").wantTitle(400, "Invalid queue identification")
	all = all.with("X-Project-Id", "p")
	all.do("PATCH", path, "{}").wantTitle(400, "Invalid queue identification")
	a := all.do("PATCH", "/v2/queues/q/messages", "{}").want(405)
	if got := a.header.Get("Allow"); got != "POST, GET, DELETE, OPTIONS" {
		t.Errorf("allowed: %q", got)
	}
	a = all.do("OPTIONS", "/v2/queues/q/messages", "").want(200).wantEmpty()
	if got := a.header.Get("Allow"); got != "POST, GET, DELETE" {
		t.Errorf("OPTIONS tells of %q", got)
	}
	for _, path := range []string{path, "/nowhere"} {
		a = all.do("OPTIONS", path, "").want(200).wantEmpty()
		if got := a.header.Get("Allow"); got != "" {
			t.Errorf("OPTIONS of %s tells of %q", path, got)
		}
	}
	all.do("GET", "/v2/health", "").want(403)
}

func TestErrorsComeInAFormThatTheCallerAccepts(t *testing.T) {
	c := start(t)
	const path = "/v2/queues?limit=0"
	for accept, want := range map[string]string{
		"application/xml;q=0.5, application/json":  `{"title"`,
		"application/xml, application/json":        `{"title"`,
		"application/xml, application/json;q=0.5":  `<?xml version="1.0" encoding="UTF-8"?><error><title>Invalid API request</title><description>`,
		"text/html, */*;q=0.1":                     `{"title"`,
		"application/vnd.openstack.messaging+json": `{"title"`,
		"text/xml":      `<?xml`,
		"image/svg+xml": `<?xml`,
		"text/html":     ``,
	} {
		a := c.with("Accept", accept).do("GET", path, "")
		if a.status != 400 && a.status != 406 || !strings.HasPrefix(string(a.body), want) || want == "" && len(a.body) > 0 {
			t.Errorf("%s: %d %s", accept, a.status, a.body)
		}
	}
	c.with("Accept", "text/html").do("GET", "/nowhere", "").want(404).wantEmpty()
}

func TestAnEmptyProjectDiffersFromNone(t *testing.T) {
	c := start(t)
	c.header["X-Project-Id"] = []string{""}
	c.do("GET", "/v2/queues", "").wantTitle(400, "Empty project header not allowed")
	c.do("GET", "/v1/queues", "").wantTitle(400, "Empty project header not allowed")
	c.with("X-Project-Id", "").do("GET", "/v1/queues", "").want(204)
}

func TestClientIDsAreReadLeniently(t *testing.T) {
	c := start(t)
	c.post(`1`)
	for _, spelling := range []string{
		"3381AF92-2B9E-11E3-B191-71861300734C", "3381af922b9e11e3b19171861300734c",
		"{3381af92-2b9e-11e3-b191-71861300734c}", "urn:uuid:3381af92-2b9e-11e3-b191-71861300734c",
	} {
		if got := c.as(spelling).do("GET", "/v2/queues/q/messages", "").want(200).bodies(); got != "" {
			t.Errorf("%s is not taken for the poster", spelling)
		}
	}
}

func TestEveryAnswerHasARequestID(t *testing.T) {
	c := start(t)
	seen := map[string]bool{}
	for _, path := range []string{"/", "/nothing", "/v2/ping", "/v2/queues"} {
		id := c.do("GET", path, "").header.Get("x-openstack-request-id")
		if !strings.HasPrefix(id, "req-") || seen[id] {
			t.Errorf("%s: request id %q", path, id)
		}
		seen[id] = true
	}
}
