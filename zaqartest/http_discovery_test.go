package zaqartest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestVersionsNeedNeitherClientNorProject(t *testing.T) {
	a := start(t).with("Client-ID", "").with("X-Project-Id", "").do("GET", "/", "").want(300)
	if a.header.Get("Location") != "" {
		t.Error("a 300 with a Location would be followed")
	}
	got := a.get("versions", 2)
	if id := a.text("versions", 2, "id"); id != "2" || a.text("versions", 2, "status") != "CURRENT" {
		t.Errorf("the last version is %v", got)
	}
	if href := a.text("versions", 2, "links", 0, "href"); href != "/v2/" {
		t.Errorf("v2 is at %q", href)
	}
	if updated := a.text("versions", 0, "updated"); updated != "2014-9-11T17:47:05Z" {
		t.Errorf("v1 was updated %q", updated)
	}
}

func TestHomeDocumentTellsOnlyWhatIsRouted(t *testing.T) {
	c := start(t)
	a := c.do("GET", "/v2/", "").want(200)
	if got := a.header.Get("Content-Type"); got != "application/json-home" {
		t.Errorf("content type %q", got)
	}
	if got := a.header.Get("Cache-Control"); got != "max-age=86400" {
		t.Errorf("cache control %q", got)
	}
	if got := a.text("resources", "rel/message_get", "href-template"); got != "/v2/queues/{queue_name}/messages/{message_id}" {
		t.Errorf("message_get is at %q", got)
	}
	if got := a.text("resources", "rel/queue", "hints", "allow", 3); got != "PATCH" {
		t.Errorf("the fourth method of a queue is %q", got)
	}
	a = c.do("GET", "/v1.1/", "").want(200)
	if a.get("resources", "rel/queue_purge") != nil {
		t.Error("v1.1 has no purge")
	}
	a = c.do("GET", "/v1/", "").want(200)
	if got := a.text("resources", "rel/queue-metadata", "href-template"); got != "/v1/queues/{queue_name}/metadata" {
		t.Errorf("queue-metadata is at %q", got)
	}
}

func TestPathsThatLeadNowhere(t *testing.T) {
	c := start(t)
	for _, path := range []string{
		"/v2", "/v3/", "/nothing", "/v2/queues/q/", "/v2/queues/q/stats/x",
		"/v1/ping", "/v1/queues/q/purge", "//v2/queues", "/identity/v3",
	} {
		c.with("Client-ID", "").do("GET", path, "").want(404).wantJSON(`{"title":"404 Not Found"}`)
	}
	c.do("GET", "/v2/queues/", "").wantTitle(400, "Invalid queue identification")
	c.do("GET", "/v2/queues/q/messages/", "").wantTitle(404, "Not found")
	c.do("GET", "/v2/queues/q/claims/", "").wantTitle(404, "Not found")
	a := c.with("Accept", "application/xml").do("GET", "/v2", "").want(404)
	if !strings.HasPrefix(string(a.body), "<?xml") {
		t.Errorf("XML was asked for: %s", a.body)
	}
}

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

func TestErrorsComeInAFormThatTheCallerTakes(t *testing.T) {
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

func TestEmptyProjectIsToldFromNone(t *testing.T) {
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

func TestPingAndHealth(t *testing.T) {
	c := start(t)
	c.do("GET", "/v2/ping", "").want(204).wantEmpty()
	c.do("HEAD", "/v1.1/ping", "").want(204)
	c.do("HEAD", "/v1/health", "").want(204)
	c.do("GET", "/v1.1/health", "").want(200)
	a := c.with("X-Roles", "member, Admin").do("GET", "/v2/health", "").want(200)
	if a.get("storage_reachable") != true {
		t.Errorf("health: %s", a.body)
	}
	for _, operation := range []string{
		"create_queue", "post_messages", "claim_messages", "list_messages", "delete_messages",
		"delete_claim", "bulk_delete_messages", "delete_queue",
	} {
		if a.get("operation_status", operation, "succeeded") != true {
			t.Errorf("%s: %s", operation, a.body)
		}
	}
	start(t, zaqartest.WithDefaultRoles("admin")).do("GET", "/v2/health", "").want(200)
	start(t, zaqartest.WithAdminMode(false)).with("X-Roles", "admin").do("GET", "/v2/health", "").want(404)
}

func TestTheHandlerServesWithoutListening(t *testing.T) {
	s, err := zaqartest.NewServer(zaqartest.WithKeystone())
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "http://here"+path, http.NoBody))
		return w
	}
	if w := get("/"); w.Code != 300 || s.URL() != "" {
		t.Errorf("status %d, URL %q", w.Code, s.URL())
	}
	if got := get("/v2/").Header().Get("WWW-Authenticate"); got != `Keystone uri="http://here/identity/v3"` {
		t.Errorf("Keystone is at %q", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if w := get("/"); w.Code != 503 {
		t.Errorf("closed, it answers %d", w.Code)
	}
}
