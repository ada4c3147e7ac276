package zaqartest_test

import (
	"errors"
	"net/http"
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
		time.Sleep(time.Minute) // takes no real time
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

// brokenStore can be neither read nor written.
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
