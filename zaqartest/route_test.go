package zaqartest_test

import (
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestEveryOperationHasAKind(t *testing.T) {
	c := start(t, zaqartest.WithKeystone())
	for request, want := range map[string]string{
		"GET /": "versions", "GET /v2/": "home", "GET /v2/ping": "ping", "GET /v2/health": "health",
		"GET /v2/queues": "queue_list", "PUT /v2/queues/q": "queue_create", "GET /v2/queues/q": "queue_get",
		"PATCH /v2/queues/q": "queue_update", "DELETE /v2/queues/q": "queue_delete",
		"GET /v2/queues/q/stats": "queue_get_stats", "POST /v2/queues/q/purge": "queue_purge",
		"POST /v2/queues/q/messages": "message_post", "GET /v2/queues/q/messages": "message_list",
		"GET /v2/queues/q/messages?ids=a": "message_get_many", "GET /v2/queues/q/messages/m": "message_get",
		"DELETE /v2/queues/q/messages/m": "message_delete", "DELETE /v2/queues/q/messages?ids=a": "message_delete_many",
		"DELETE /v2/queues/q/messages?pop=1": "message_pop", "POST /v2/queues/q/claims": "claim_create",
		"GET /v2/queues/q/claims/c": "claim_get", "PATCH /v2/queues/q/claims/c": "claim_update",
		"DELETE /v2/queues/q/claims/c": "claim_delete", "POST /identity/v3/auth/tokens": "token_issue",
		"GET /identity/v3/auth/tokens": "token_validate", "DELETE /identity/v3/auth/tokens": "token_revoke",
		"GET /identity/": "identity_versions", "GET /identity/v3": "identity_versions",
		"GET /identity/v3/auth/catalog": "catalog", "GET /identity/v3/users": "unknown", "POST /v2/ping": "unknown",
	} {
		c.srv.ResetRequests()
		method, path, _ := strings.Cut(request, " ")
		c.do(method, path, "")
		if got := c.srv.Requests(); len(got) != 1 || got[0].Kind != want {
			t.Errorf("%s: %v, want %s", request, got, want)
		}
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
