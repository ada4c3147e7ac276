package zaqartest_test

import (
	"net/http"
	"net/http/httptest"
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

func TestHomeDocumentListsOnlyWhatIsRouted(t *testing.T) {
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
