package zaqartest_test

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

const messagesPath = "/v2/queues/q/messages"

func TestPostMakesTheQueueAndTellsIDsInOrder(t *testing.T) {
	c := start(t)
	a := c.do("POST", messagesPath, `{"messages":[{"body":{"n":1},"ttl":60,"extra":1},{"body":null}]}`).want(201)
	stored := c.srv.Messages("p", "q")
	if len(stored) != 2 || stored[0].TTL != time.Minute || stored[1].TTL != time.Hour || stored[0].ClientID != alice {
		t.Fatalf("stored: %+v", stored)
	}
	first, second := stored[0].ID, stored[1].ID
	a.wantJSON(`{"resources":["/v2/queues/q/messages/` + first + `","/v2/queues/q/messages/` + second + `"]}`)
	if got, want := a.header.Get("Location"), messagesPath+"?ids="+first+","+second; got != want {
		t.Errorf("they are at %q, want %q", got, want)
	}
	c.do("GET", messagesPath+"/"+first, "").want(200).
		wantJSON(`{"id":"` + first + `","href":"/v2/queues/q/messages/` + first + `","ttl":60,"age":0,"body":{"n":1}}`)
}

func TestABadPostStoresNothingButMakesTheQueue(t *testing.T) {
	c := start(t)
	for _, body := range []string{
		`[]`, `{}`, `{"messages":[]}`, `{"messages":{}}`, `{"messages":[1]}`, `{"messages":[{}]}`,
		`{"messages":null}`, `{"Messages":[{"body":1}]}`,
		`{"messages":[{"body":1},{"body":1,"ttl":59}]}`, `{"messages":[{"body":1,"ttl":1209601}]}`,
		`{"messages":[{"body":1,"ttl":60.5}]}`, `{"messages":[{"body":1,"ttl":"60"}]}`,
		`{"messages":[{"body":1,"ttl":null}]}`, `{"messages":[{"body":1,"ttl":true}]}`,
		`{"messages":[{"body":9223372036854775808}]}`, `{"messages":[{"body":"\ud800"}]}`,
		`{"messages":[{"body":"` + "\xff" + `"}]}`, `{"messages":[{"body":NaN}]}`, `"text"`, `{"messages":[{"body":1}]`,
		`{"messages":[{"body":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}]}`,
		strings.Repeat("[", 100000),
		`{"messages":[{"body":"` + strings.Repeat("x", 262144) + `"}]}`,
	} {
		if a := c.do("POST", messagesPath, body); a.status != 400 {
			t.Errorf("%.60s: status %d: %s", body, a.status, a.body)
		}
	}
	c.do("POST", messagesPath, "").wantTitle(400, "Invalid request body")
	if got := c.srv.Messages("p", "q"); len(got) != 0 {
		t.Errorf("stored: %v", got)
	}
	if got := c.srv.Queues("p"); !slices.Equal(got, []string{"q"}) {
		t.Errorf("queues: %v", got)
	}
}

func TestBodiesComeBackAsTheyWentIn(t *testing.T) {
	c := start(t)
	bodies := []string{
		`null`, `"<a href=\"x\">&</a>"`, `12345678901234567.890123456789`, `1e400`, `-0.0`, `9223372036854775807`,
		`{"b":1,"a":{"ü":"\ud83d\ude00"}}`, `[]`, `""`, `false`, strings.Repeat("[", 800) + strings.Repeat("]", 800),
	}
	c.post(bodies...)
	got := c.do("GET", messagesPath+"?echo=true&limit=20", "").want(200).bodies()
	if want := strings.Join(bodies, " "); got != want {
		t.Errorf("bodies:\n%s\nwant\n%s", got, want)
	}
}

func TestBodiesOfUnknownLengthAreNotRead(t *testing.T) {
	c := start(t)
	chunked := struct{ io.Reader }{strings.NewReader(`{"messages":[{"body":1}]}`)}
	a, err := c.send("POST", messagesPath, chunked)
	if err != nil {
		t.Fatal(err)
	}
	a.wantTitle(400, "Invalid request body")
	if got := a.text("description"); got != "Request body can not be empty" {
		t.Errorf("description %q", got)
	}
	a, err = c.send("PUT", "/v2/queues/new", struct{ io.Reader }{strings.NewReader(`{"color":"red"}`)})
	if err != nil {
		t.Fatal(err)
	}
	a.want(201)
	c.do("GET", "/v2/queues/new", "").wantJSON(bareMetadata)
}

func TestMetadataOfTheQueueRulesPosts(t *testing.T) {
	c := start(t)
	c.do("PUT", "/v2/queues/q", `{"_default_message_ttl":90,"_max_messages_post_size":60}`).want(201)
	c.post(`1`)
	if got := c.srv.Messages("p", "q")[0].TTL; got != 90*time.Second {
		t.Errorf("ttl %v", got)
	}
	c.do("POST", messagesPath, `{"messages":[{"body":"`+strings.Repeat("x", 60)+`"}]}`).wantTitle(400, "Invalid API request")
}

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

func TestDeletionNeedsTheClaimOfAClaimedMessage(t *testing.T) {
	c := start(t)
	ids := c.post(`1`, `2`, `3`)
	first, _ := c.claim("?limit=1", "")
	second, _ := c.claim("?limit=1", `{"ttl":60}`)
	path := messagesPath + "/" + ids[0]
	c.do("DELETE", path, "").wantTitle(403, "Unable to delete")
	c.do("DELETE", path+"?claim_id="+second, "").wantTitle(403, "Unable to delete")
	c.do("DELETE", path+"?claim_id=nonsense", "").wantTitle(400, "Unable to delete")
	c.do("DELETE", path+"?claim_id="+alice, "").wantTitle(400, "Unable to delete")
	c.do("DELETE", messagesPath+"/"+ids[2]+"?claim_id="+first, "").wantTitle(400, "Unable to delete")
	c.do("DELETE", path+"?claim_id="+first, "").want(204).wantEmpty()
	c.do("DELETE", path+"?claim_id="+first, "").want(204)
	c.do("DELETE", messagesPath+"/"+ids[2], "").want(204)
	c.do("DELETE", "/v2/queues/none/messages/"+ids[2]+"?claim_id=x", "").want(204)
	c.srv.Advance(time.Minute)
	c.do("DELETE", messagesPath+"/"+ids[1]+"?claim_id="+second, "").wantTitle(400, "Unable to delete")
	c.do("DELETE", messagesPath+"/"+ids[1], "").want(204)
}

func TestBulkDeletionPassesOverClaims(t *testing.T) {
	c := start(t)
	ids := c.post(`1`, `2`, `3`)
	c.claim("?limit=1", "")
	c.do("DELETE", messagesPath+"?ids="+ids[0]+","+ids[1]+",nonsense", "").want(204).wantEmpty()
	if got := c.srv.Messages("p", "q"); len(got) != 1 || got[0].ID != ids[2] {
		t.Errorf("left: %v", got)
	}
	c.do("DELETE", messagesPath, "").want(400)
	c.do("DELETE", messagesPath+"?ids="+ids[2]+"&pop=1", "").want(400)
	c.do("DELETE", "/v2/queues/none/messages?ids="+ids[2], "").want(204)
}

func TestGuardedBulkDeletionWantsClaims(t *testing.T) {
	c := start(t, zaqartest.WithClaimGuardedBulkDelete(true))
	ids := c.post(`1`, `2`, `3`)
	first, _ := c.claim("?limit=1", "")
	second, _ := c.claim("?limit=1", "")
	list := messagesPath + "?ids=" + ids[0] + "," + ids[1]
	c.do("DELETE", list, "").want(400)
	c.do("DELETE", list+"&claim_ids="+first, "").want(400)
	c.do("DELETE", messagesPath+"?ids="+ids[2]+"&claim_ids="+first, "").want(400)
	if got := c.srv.Messages("p", "q"); len(got) != 3 {
		t.Errorf("%d messages are left", len(got))
	}
	c.do("DELETE", list+"&claim_ids="+first+","+second, "").want(204)
	c.do("DELETE", messagesPath+"/"+ids[2], "").want(204)
}

func TestPopTakesTheOldestFreeMessages(t *testing.T) {
	c := start(t)
	c.do("DELETE", messagesPath+"?pop=1", "").want(200).wantJSON(`{"messages":[]}`)
	ids := c.post(`1`, `2`, `3`)
	c.claim("?limit=1", "")
	a := c.do("DELETE", messagesPath+"?pop=1", "").want(200)
	if a.text("messages", 0, "id") != ids[1] || a.get("messages", 0, "claim_count") != number("0") ||
		a.text("messages", 0, "claim_id") == "" || a.get("messages", 0, "href") != nil {
		t.Errorf("popped: %s", a.body)
	}
	if got := c.do("DELETE", messagesPath+"?pop=20", "").bodies(); got != "3" {
		t.Errorf("popped: %s", got)
	}
	for _, pop := range []string{"0", "21", "x", "-1"} {
		c.do("DELETE", messagesPath+"?pop="+pop, "").want(400)
	}
	if got := c.srv.Messages("p", "q"); len(got) != 1 || got[0].ID != ids[0] {
		t.Errorf("left: %v", got)
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
