package zaqartest_test

import (
	"strings"
	"testing"
)

func TestStatsCountLiveMessages(t *testing.T) {
	c := start(t)
	c.do("POST", "/v2/queues/q/messages", `{"messages":[{"body":"first","ttl":60},{"body":"second"},{"body":"third"}]}`).want(201)
	id, _ := c.claim("?limit=1", `{"ttl":60,"grace":60}`)
	a := c.do("GET", "/v2/queues/q/stats", "").want(200)
	if a.get("messages", "claimed") != number("1") || a.get("messages", "free") != number("2") || a.get("messages", "total") != number("3") {
		t.Errorf("stats: %s", a.body)
	}
	if a.text("messages", "oldest", "claim_id") != id || a.get("messages", "newest", "claim_id") != nil {
		t.Errorf("stats: %s", a.body)
	}
	if created := a.text("messages", "newest", "created"); !strings.HasSuffix(created, "Z") || len(created) != 20 {
		t.Errorf("created %q", created)
	}
	c.srv.Advance(3600e9)
	c.do("GET", "/v2/queues/q/stats", "").want(200).wantJSON(`{"messages":{"claimed":0,"free":0,"total":0}}`)
}
