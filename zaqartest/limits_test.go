package zaqartest_test

import (
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest"
)

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
