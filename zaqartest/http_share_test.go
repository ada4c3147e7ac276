package zaqartest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// signedBy returns a caller without a token who has the pre-signed URL of an answer.
func (c *client) signedBy(a answer) *client {
	c.t.Helper()
	join := func(key string) string {
		var out []string
		for _, item := range a.get(key).([]any) {
			out = append(out, item.(string))
		}
		return strings.Join(out, ",")
	}
	return c.as(bob).with("X-Auth-Token", "").with("X-Project-Id", a.text("project")).with("URL-Signature", a.text("signature")).
		with("URL-Methods", join("methods")).with("URL-Paths", join("paths")).with("URL-Expires", a.text("expires"))
}

func TestAQueueIsSharedByASignedURL(t *testing.T) {
	t.Parallel()
	c := start(t, zaqartest.WithSecretKey(secretKey)).with("X-Project-Id", "wireU")
	a := c.do("POST", "/v2/queues/uq/share", `{"expires":"2036-01-01T02:00:00+02:00"}`).want(200)
	a.wantJSON(`{"paths":["/v2/queues/uq/messages"],"methods":["GET"],"project":"wireU","expires":"2036-01-01T00:00:00",
		"signature":"a6aaa5c404a17b2f55c2d83e29fdba186f75e02548050f3319b45857426928c0"}`)
	if len(c.srv.Queues("wireU")) != 0 {
		t.Error("a share made a queue")
	}
	a = c.do("POST", "/v2/queues/uq/share", `{"paths":["subscriptions","messages"],"methods":["POST","GET"],"expires":"2036-01-01"}`).want(200)
	if fmt.Sprint(a.get("paths"), a.get("methods")) != "[/v2/queues/uq/messages /v2/queues/uq/subscriptions] [GET POST]" || len(a.text("signature")) != 64 {
		t.Errorf("share: %s", a.body)
	}
	a = c.do("POST", "/v2/queues/uq/share", `{}`).want(200)
	end, err := time.Parse("2006-01-02T15:04:05", a.text("expires"))
	if left := end.Sub(c.srv.Now()); err != nil || left > 24*time.Hour || left < 24*time.Hour-time.Minute {
		t.Errorf("it ends at %s", a.text("expires"))
	}
}

func TestBadSharesAreRefused(t *testing.T) {
	t.Parallel()
	c := start(t, zaqartest.WithSecretKey(secretKey))
	for _, body := range []string{
		`[]`, `[1]`, `{"unknown":1}`, `{"paths":["queues"]}`, `{"paths":"messages"}`, `{"paths":[1]}`, `{"paths":{"a":1}}`,
		`{"methods":"GET"}`, `{"methods":[1]}`, `{"methods":{"a":1}}`, `{"expires":"2020-01-01T00:00:00"}`, `{"expires":2080000000}`,
		`{"expires":"2080000000"}`, `{"expires":"tomorrow"}`, `{"expires":[]}`, `{"expires":0}`, `{"expires":""}`,
	} {
		c.do("POST", "/v2/queues/q/share", body).wantTitle(400, "Invalid API request")
	}
	c.do("POST", "/v2/queues/q/share", "").want(400)
	c.do("POST", "/v2/queues/q/share", "nonsense").wantTitle(400, "Invalid request body")
	c.do("POST", "/v1.1/queues/q/share", "{}").want(404)
	start(t).do("POST", "/v2/queues/q/share", "{}").wantTitle(400, "Invalid API request")
}

func TestASignedURLAllowsWhatItNamesUntilItExpires(t *testing.T) {
	t.Parallel()
	c := startWithKeystone(t, zaqartest.WithSecretKey(secretKey))
	in, _ := c.login(password("demo", "secret", demoScope))
	ids := in.post(`1`, `2`)
	in.do("POST", "/v2/queues/q2/messages", `{"messages":[{"body":9}]}`).want(201)
	a := in.do("POST", "/v2/queues/q/share", `{"methods":["GET","POST"],"paths":["messages","claims"]}`).want(200)
	out := c.signedBy(a)
	if got := out.do("GET", messagesPath, "").want(200).bodies(); got != "1 2" {
		t.Errorf("listed %s", got)
	}
	out.do("GET", messagesPath+"/"+ids[0], "").want(200)
	out.do("GET", messagesPath+"?ids="+ids[1], "").want(200)
	out.do("POST", messagesPath, `{"messages":[{"body":3}]}`).want(201)
	out.do("POST", claimsPath, `{}`).want(201)
	for what, refused := range map[string]answer{
		"another method":       out.do("DELETE", messagesPath+"/"+ids[0], ""),
		"another part":         out.do("GET", subscriptionsPath, ""),
		"the queue":            out.do("GET", "/v2/queues/q", ""),
		"another queue":        out.do("GET", "/v2/queues/q2/messages", ""),
		"a longer name":        out.do("GET", "/v2/queues/q/messagesx", ""),
		"another project":      out.with("X-Project-Id", "other").do("GET", messagesPath, ""),
		"no project":           out.with("X-Project-Id", "").do("GET", messagesPath, ""),
		"more methods":         out.with("URL-Methods", "GET,POST,DELETE").do("DELETE", messagesPath+"/"+ids[0], ""),
		"other paths":          out.with("URL-Paths", "/v2/queues/q").do("GET", messagesPath, ""),
		"no paths":             out.with("URL-Paths", "").do("GET", messagesPath, ""),
		"a later end":          out.with("URL-Expires", "2036-01-01T00:00:00").do("GET", messagesPath, ""),
		"no end":               out.with("URL-Expires", "").do("GET", messagesPath, ""),
		"another signature":    out.with("URL-Signature", strings.Repeat("0", 64)).do("GET", messagesPath, ""),
		"half a signature":     out.with("URL-Signature", a.text("signature")[:32]).do("GET", messagesPath, ""),
		"a path that is none":  out.do("GET", "/v2/nowhere", ""),
		"capitals":             out.with("URL-Signature", strings.ToUpper(a.text("signature"))).do("GET", messagesPath, ""),
		"a token beside a lie": in.with("URL-Signature", "nonsense").do("GET", messagesPath, ""),
	} {
		if refused.status != 404 || refused.text("title") != "404 Not Found" {
			t.Errorf("%s: %d %s", what, refused.status, refused.body)
		}
	}
	// Neither the order of the lists nor the zone of the expiry matters.
	out.with("URL-Methods", "POST,GET").with("URL-Paths", "/v2/queues/q/messages,/v2/queues/q/claims").
		with("URL-Expires", a.text("expires")+"Z").do("GET", messagesPath, "").want(200)
	out.with("URL-Signature", "").do("GET", messagesPath, "").want(401)
	out.with("Client-ID", "").do("GET", messagesPath, "").wantTitle(400, "Missing header value")
	c.srv.Advance(24 * time.Hour)
	out.do("GET", messagesPath, "").wantTitle(404, "404 Not Found")
}

func TestASignedURLGivesNoRolesAndNoOlderVersion(t *testing.T) {
	t.Parallel()
	c := startWithKeystone(t, zaqartest.WithSecretKey(secretKey))
	in, _ := c.login(password("demo", "secret", demoScope))
	out := c.signedBy(in.do("POST", "/v2/queues/q/share", `{}`).want(200)).with("X-Roles", "admin")
	out.do("GET", "/v2/health", "").want(404)
	out.do("GET", "/v1.1/queues/q/messages", "").want(401)
	if seen := fmt.Sprint(c.srv.Requests()); strings.Contains(seen, out.header.Get("URL-Signature")) {
		t.Error("a signature is logged")
	}
}
