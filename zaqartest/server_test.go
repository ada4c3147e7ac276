package zaqartest_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAServerOnARealSocket(t *testing.T) {
	s := zaqartest.Run(t)
	c := &client{t: t, srv: s, header: http.Header{"Client-Id": {alice}, "X-Project-Id": {"p"}}}
	if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") || s.KeystoneURL() != s.URL()+"/identity/v3" {
		t.Errorf("it is at %q and %q", s.URL(), s.KeystoneURL())
	}
	c.post(`1`)
	if err := s.Listen("127.0.0.1:0"); err == nil {
		t.Error("it listens twice")
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if a, err := c.try("GET", "/v2/ping", ""); err == nil {
		t.Errorf("a closed server answers %d", a.status)
	}
	if err := s.Listen("127.0.0.1:0"); err == nil {
		t.Error("a closed server listens")
	}
}

func TestInMemoryEveryHostIsTheServer(t *testing.T) {
	c := start(t)
	if got := c.srv.URL(); got != "http://zaqar.test" {
		t.Errorf("it is at %q", got)
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://elsewhere:1234/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.srv.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != 300 {
		t.Errorf("status %d, %v", resp.StatusCode, err)
	}
}

// The bubble fails the test if a goroutine of the server outlives it.
func TestInABubbleTimeIsTheBubbles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		c.do("POST", messagesPath, `{"messages":[{"body":1,"ttl":60},{"body":2,"ttl":3600}]}`).want(201)
		time.Sleep(time.Minute) // which takes none
		if got := c.do("GET", messagesPath+"?echo=true", "").bodies(); got != "2" {
			t.Errorf("left: %s", got)
		}
		c.srv.Advance(time.Hour)
		if got := time.Until(c.srv.Now()); got != time.Hour {
			t.Errorf("the server is %v ahead", got)
		}
		if got := c.do("GET", messagesPath+"?echo=true", "").bodies(); got != "" {
			t.Errorf("left: %s", got)
		}
	})
}

func TestRequestsAreRemembered(t *testing.T) {
	c := start(t, zaqartest.WithRequestLog(3))
	c.with("X-Auth-Token", "s3cret").with("URL-Signature", "s1gned").with("Authorization", "Basic x").
		do("GET", "/v2/queues?limit=5", "").want(404)
	c.post(`{"n":1}`)
	seen := c.srv.Requests()
	if len(seen) != 2 {
		t.Fatalf("seen: %+v", seen)
	}
	list, post := seen[0], seen[1]
	if list.Kind != "queue_list" || list.Method != "GET" || list.Path != "/v2/queues?limit=5" ||
		list.Project != "p" || list.ClientID != alice || list.Status != 404 || list.Fault {
		t.Errorf("seen: %+v", list)
	}
	if text := fmt.Sprint(seen); strings.Contains(text, "s3cret") || strings.Contains(text, "s1gned") || strings.Contains(text, "Basic x") {
		t.Errorf("a secret is told: %s", text)
	}
	if list.Header.Get("X-Auth-Token") != "[redacted]" {
		t.Errorf("header: %v", list.Header)
	}
	if string(post.Body) != `{"messages":[{"body":{"n":1}}]}` || post.Status != 201 {
		t.Errorf("seen: %+v", post)
	}
	for _, path := range []string{"/v2/ping", "/nowhere"} {
		c.do("GET", path, "")
	}
	var kinds []string
	for _, s := range c.srv.Requests() {
		kinds = append(kinds, s.Kind)
	}
	if want := []string{"message_post", "ping", "unknown"}; !slices.Equal(kinds, want) {
		t.Errorf("kinds: %v", kinds)
	}
	if got := c.srv.Requests("ping", "home"); len(got) != 1 {
		t.Errorf("pings: %+v", got)
	}
	c.srv.ResetRequests()
	if got := c.srv.Requests(); len(got) != 0 {
		t.Errorf("seen: %+v", got)
	}
}

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

// brokenStore cannot be written or read.
type brokenStore struct{}

func (brokenStore) View(func(zaqartest.Reader) error) error   { return errors.New("broken") }
func (brokenStore) Update(func(zaqartest.Writer) error) error { return errors.New("broken") }
func (brokenStore) Close() error                              { return nil }

func TestAStoreThatFailsIsUnavailable(t *testing.T) {
	c := start(t, zaqartest.WithStore(brokenStore{}), zaqartest.WithDefaultRoles("admin"))
	for _, request := range []string{
		"GET /v2/ping", "GET /v2/queues", "PUT /v2/queues/q", "GET /v2/queues/q", "DELETE /v2/queues/q",
		"GET /v2/queues/q/stats", "POST /v2/queues/q/purge", "POST /v2/queues/q/messages", "GET /v2/queues/q/messages",
		"GET /v2/queues/q/messages/m", "DELETE /v2/queues/q/messages/m", "DELETE /v2/queues/q/messages?pop=1",
		"POST /v2/queues/q/claims", "GET /v2/queues/q/claims/c", "DELETE /v2/queues/q/claims/c",
	} {
		method, path, _ := strings.Cut(request, " ")
		c.do(method, path, "").wantTitle(503, "Service temporarily unavailable")
	}
	if a := c.do("GET", "/v2/health", "").want(200); a.get("storage_reachable") != false {
		t.Errorf("health: %s", a.body)
	}
}

func TestLimitsCanBeSet(t *testing.T) {
	limits := zaqartest.Limits{
		MaxMessagesPerPage: 3, MaxMessagesPerClaimOrPop: 2, MaxQueuesPerPage: 1, MaxMessagesPostSize: 100,
		MaxQueueMetadata: 20, MaxMessageTTL: 100, DefaultMessageTTL: 70, MaxClaimTTL: 90, DefaultClaimTTL: 80,
	}
	c := start(t, zaqartest.WithLimits(limits))
	c.post(`1`, `2`, `3`, `4`)
	if got := c.do("GET", messagesPath+"?echo=true", "").bodies(); got != "1 2 3" {
		t.Errorf("page: %s", got)
	}
	if _, a := c.claim("", ""); a.bodies() != "1 2" || a.get("messages", 0, "ttl") != number("140") {
		t.Errorf("claim: %s", a.body)
	}
	for _, request := range []string{
		"GET /v2/queues?limit=2", "GET " + messagesPath + "?limit=4", "POST " + claimsPath + "?limit=3",
		"PUT /v2/queues/q {\"key\":\"0123456789012\"}", "POST " + claimsPath + ` {"ttl":91}`,
		"POST " + messagesPath + ` {"messages":[{"body":1,"ttl":101}]}`,
		"POST " + messagesPath + ` {"messages":[{"body":"` + strings.Repeat("x", 80) + `"}]}`,
	} {
		parts := append(strings.SplitN(request, " ", 3), "")
		c.do(parts[0], parts[1], parts[2]).want(400)
	}
	if _, err := zaqartest.NewServer(zaqartest.WithLimits(zaqartest.Limits{MaxMessageTTL: 1})); err == nil {
		t.Error("limits that contradict each other are taken")
	}
}
