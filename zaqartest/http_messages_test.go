package zaqartest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

const messagesPath = "/v2/queues/q/messages"

func TestOwnMessagesAreListedOnRequest(t *testing.T) {
	c := start(t)
	c.post(`"alice 1"`, `"alice 2"`)
	c.as(bob).post(`"bob 1"`)
	c.post(`"alice 3"`)
	if got := c.do("GET", messagesPath, "").bodies(); got != `"bob 1"` {
		t.Errorf("without echo: %s", got)
	}
	if got := c.do("GET", messagesPath+"?echo=true", "").bodies(); got != `"alice 1" "alice 2" "bob 1" "alice 3"` {
		t.Errorf("with echo: %s", got)
	}
}

func TestAPageIsFullWhileMoreFollows(t *testing.T) {
	c := start(t)
	c.post(`1`, `2`, `3`, `4`, `5`)
	c.as(bob).post(`"b1"`)
	c.post(`6`)
	c.as(bob).post(`"b2"`)
	a := c.do("GET", messagesPath+"?limit=2", "").want(200)
	if got := a.bodies(); got != `"b1" "b2"` {
		t.Errorf("page: %s", got)
	}
	c.do("GET", a.text("links", 0, "href"), "").want(200).wantJSON(`{"messages":[],"links":[]}`)
}

func TestMarkersOutliveTheirMessages(t *testing.T) {
	c := start(t)
	ids := c.post(`1`, `2`, `3`, `4`)
	var got []string
	path := messagesPath + "?echo=true&limit=1"
	for {
		a := c.do("GET", path, "").want(200)
		if a.bodies() == "" {
			break
		}
		got = append(got, a.bodies())
		c.do("DELETE", messagesPath+"/"+a.text("messages", 0, "id"), "").want(204)
		path = a.text("links", 0, "href")
	}
	if want := []string{"1", "2", "3", "4"}; !slices.Equal(got, want) {
		t.Errorf("pages: %v", got)
	}
	c.post(`5`)
	if got := c.do("GET", messagesPath+"?echo=true&marker="+ids[3], "").bodies(); got != "5" {
		t.Errorf("after the last deleted one: %s", got)
	}
	for _, marker := range []string{"0", "unknown", bob} {
		if got := c.do("GET", messagesPath+"?echo=true&marker="+marker, "").bodies(); got != "5" {
			t.Errorf("marker %s: %s", marker, got)
		}
	}
}

func TestTheLinkRepeatsTheRequest(t *testing.T) {
	c := start(t)
	id := c.post(`1`)[0]
	a := c.do("GET", messagesPath+"?limit=3&echo=True&include_claimed=no", "").want(200)
	want := messagesPath + "?echo=true&include_claimed=false&include_delayed=true&limit=3&marker=" + id
	if got := a.text("links", 0, "href"); got != want {
		t.Errorf("link %q, want %q", got, want)
	}
	for _, query := range []string{"limit=0", "limit=21", "limit=x", "echo=TRUE", "include_claimed=2", "include_delayed=maybe"} {
		c.do("GET", messagesPath+"?"+query, "").want(400)
	}
}

func TestClaimedMessagesAreListedOnRequest(t *testing.T) {
	c := start(t)
	c.post(`1`, `2`)
	id, _ := c.claim("?limit=1", "")
	if got := c.do("GET", messagesPath+"?echo=true", "").bodies(); got != "2" {
		t.Errorf("free: %s", got)
	}
	a := c.do("GET", messagesPath+"?echo=true&include_claimed=true", "").want(200)
	if got := a.bodies(); got != "1 2" {
		t.Errorf("all: %s", got)
	}
	if got := a.text("messages", 0, "href"); !strings.HasSuffix(got, "?claim_id="+id) {
		t.Errorf("the claimed one is at %q", got)
	}
}

func TestMessagesByID(t *testing.T) {
	c := start(t)
	ids := c.post(`1`, `2`, `3`)
	other := c.with("X-Project-Id", "other").post(`"theirs"`)[0]
	a := c.do("GET", messagesPath+"?ids="+ids[2]+","+ids[0]+"&ids="+other+",nonsense,"+bob, "").want(200)
	if got := a.bodies(); got != "3 1" {
		t.Errorf("found: %s", got)
	}
	if a.get("links") != nil {
		t.Error("there is no next page of ids")
	}
	c.do("GET", messagesPath+"?ids="+other, "").wantTitle(404, "Not found")
	c.do("GET", messagesPath+"/"+other, "").want(404)
	c.do("DELETE", messagesPath+"/"+other, "").want(204)
	if len(c.srv.Messages("other", "q")) != 1 {
		t.Error("an id reached into another project")
	}
	c.do("GET", messagesPath+"?ids="+strings.Repeat("x,", 21), "").want(400)
	c.do("DELETE", messagesPath+"?ids="+strings.Repeat("x,", 21), "").want(400)
	c.do("GET", "/v2/queues/none/messages?ids="+ids[0], "").want(404)
}

func TestMessagesExpire(t *testing.T) {
	c := start(t)
	id := c.post(`1`)[0]
	c.do("POST", messagesPath, `{"messages":[{"body":"long","ttl":7200}]}`).want(201)
	c.srv.Advance(3599 * time.Second)
	a := c.do("GET", messagesPath+"/"+id, "").want(200)
	if a.get("age") != number("3599") || a.get("ttl") != number("3600") {
		t.Errorf("message: %s", a.body)
	}
	c.srv.Advance(time.Second)
	c.do("GET", messagesPath+"/"+id, "").want(404)
	if got := c.do("GET", messagesPath+"?echo=true", "").bodies(); got != `"long"` {
		t.Errorf("left: %s", got)
	}
}

func TestDelayCountsOnlyWhereTheQueueHasOne(t *testing.T) {
	c := start(t)
	c.do("POST", messagesPath, `{"messages":[{"body":1,"delay":"ignored"}]}`).want(201)
	if got := c.do("GET", messagesPath+"?echo=true", "").bodies(); got != "1" {
		t.Errorf("messages: %s", got)
	}
	c.do("DELETE", "/v2/queues/q", "").want(204)
	c.do("PUT", "/v2/queues/q", `{"_default_message_delay":5}`).want(201)
	c.do("POST", messagesPath, `{"messages":[{"body":"a"},{"body":"b","delay":0},{"body":"c","delay":10}]}`).want(201)
	for _, delay := range []string{"-1", "901", `"1"`} {
		c.do("POST", messagesPath, `{"messages":[{"body":1,"delay":`+delay+`}]}`).want(400)
	}
	if got := c.do("GET", messagesPath+"?echo=true", "").bodies(); got != `"b"` {
		t.Errorf("visible: %s", got)
	}
	if got := c.do("GET", messagesPath+"?echo=true&include_delayed=true", "").bodies(); got != `"a" "b" "c"` {
		t.Errorf("all: %s", got)
	}
	if _, a := c.claim("", ""); a.bodies() != `"b"` {
		t.Errorf("claimed: %s", a.bodies())
	}
	c.srv.Advance(5 * time.Second)
	if _, a := c.claim("", ""); a.bodies() != `"a"` {
		t.Errorf("claimed: %s", a.bodies())
	}
	if got := c.srv.Messages("p", "q")[2].DelayedUntil.Sub(c.srv.Now()); got <= 0 || got > 5*time.Second {
		t.Errorf("c is hidden for %v", got)
	}
}

func TestChecksums(t *testing.T) {
	c := start(t, zaqartest.WithChecksums(true))
	c.post(`{"b": [1, 2.0], "a":"é"}`, `null`)
	a := c.do("GET", messagesPath+"?echo=true", "").want(200)
	// md5 of {"b": [1, 2.0], "a": "\u00e9"}
	if got := a.text("messages", 0, "checksum"); got != "MD5:f8162e2f2b019065170e8b2523657572" {
		t.Errorf("checksum %q", got)
	}
	if a.get("messages", 1, "checksum") != nil {
		t.Errorf("null has no checksum: %s", a.body)
	}
}
