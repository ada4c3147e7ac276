package zaqartest_test

import "testing"

func TestPurgeRemovesClaimedMessagesToo(t *testing.T) {
	c := start(t)
	c.post(`1`, `2`)
	c.claim("?limit=1", "")
	c.do("POST", "/v2/queues/q/purge", `{"resource_types":[]}`).want(204)
	c.do("POST", "/v2/queues/q/purge", `{"resource_types":["subscriptions"]}`).want(204)
	if got := c.srv.Messages("p", "q"); len(got) != 2 {
		t.Errorf("%d messages are left", len(got))
	}
	for _, body := range []string{`{}`, `[]`, `{"resource_types":"messages"}`, `{"resource_types":["queues"]}`, `{"resource_types":[1]}`} {
		c.do("POST", "/v2/queues/q/purge", body).want(400)
	}
	c.do("POST", "/v2/queues/q/purge", `{"resource_types":["messages"]}`).want(204)
	if got := c.srv.Messages("p", "q"); len(got) != 0 {
		t.Errorf("%d messages are left", len(got))
	}
}
