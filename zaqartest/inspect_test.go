package zaqartest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAnObserverSeesEachRequestAnswered(t *testing.T) {
	t.Parallel()
	var seen atomic.Pointer[zaqartest.Seen]
	srv := zaqartest.Run(t, zaqartest.WithObserver(func(s zaqartest.Seen) { seen.Store(&s) }))
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/v2/queues/wot", nil)
	req.Header.Set("Client-Id", "3381af92-2b9e-11e3-b191-71861300734c")
	req.Header.Set("X-Project-Id", "p")
	req.Header.Set("X-Auth-Token", "s3cr3t")
	srv.Handler().ServeHTTP(httptest.NewRecorder(), req)
	got := seen.Load()
	if got == nil || got.Kind != "queue_create" || got.Status != http.StatusCreated || got.Project != "p" || got.Header.Get("X-Auth-Token") != "[redacted]" {
		t.Errorf("it saw %+v", got)
	}
}

func TestRequestsAreLogged(t *testing.T) {
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
		t.Errorf("a secret is logged: %s", text)
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
