package zaqartest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

const subscriptionsPath = "/v2/queues/q/subscriptions"

// subscribe subscribes a subscriber to queue q and returns the id.
func (c *client) subscribe(subscriber string) string {
	c.t.Helper()
	return c.do("POST", subscriptionsPath, `{"subscriber":"`+subscriber+`"}`).want(201).text("subscription_id")
}

func TestASubscriptionIsMadeReadChangedAndDeleted(t *testing.T) {
	t.Parallel()
	c := start(t)
	a := c.do("POST", subscriptionsPath, `{"subscriber":"http://127.0.0.1:1/hook","ttl":600,"options":{"a":[1.50]}}`).want(201)
	if got := a.header.Get("Location"); got != subscriptionsPath {
		t.Errorf("Location %q", got)
	}
	id := a.text("subscription_id")
	path := subscriptionsPath + "/" + id
	want := `{"id":"` + id + `","source":"q","subscriber":"%s","ttl":%d,"age":%d,"options":%s,"confirmed":%v}`
	c.do("GET", path, "").want(200).wantJSON(fmt.Sprintf(want, "http://127.0.0.1:1/hook", 600, 0, `{"a":[1.50]}`, false))
	c.srv.Advance(100 * time.Second)
	c.do("GET", path, "").want(200).wantJSON(fmt.Sprintf(want, "http://127.0.0.1:1/hook", 600, 100, `{"a":[1.50]}`, false))

	a = c.do("PATCH", path, `{"options":{},"unknown":1,"ttl":null}`).want(204).wantEmpty()
	if got := a.header.Get("Location"); got != path {
		t.Errorf("Location %q", got)
	}
	c.do("PATCH", path, `{"subscriber":"mailto:a@example.com"}`).want(204)
	c.do("GET", path, "").want(200).wantJSON(fmt.Sprintf(want, "mailto:a@example.com", 600, 100, `{}`, false))
	c.do("PATCH", path, `{"ttl":700}`).want(204)
	c.do("GET", path, "").want(200).wantJSON(fmt.Sprintf(want, "mailto:a@example.com", 700, 0, `{}`, false))

	a = c.do("PUT", path+"/confirm", `{"confirmed":true}`).want(204).wantEmpty()
	if got := a.header.Get("Location"); got != path+"/confirm" {
		t.Errorf("Location %q", got)
	}
	c.do("GET", path, "").want(200).wantJSON(fmt.Sprintf(want, "mailto:a@example.com", 700, 0, `{}`, true))
	c.do("PUT", path+"/confirm", `{"confirmed":false}`).want(204)
	c.do("GET", path, "").want(200).wantJSON(fmt.Sprintf(want, "mailto:a@example.com", 700, 0, `{}`, false))

	held := c.srv.Subscriptions("p", "q")
	if len(held) != 1 || held[0].ID != id || held[0].Subscriber != "mailto:a@example.com" || held[0].TTL != 700*time.Second ||
		held[0].Expires.Sub(held[0].Created) != held[0].TTL || string(held[0].Options) != `{}` || held[0].Confirmed {
		t.Errorf("held: %+v", held)
	}
	c.do("DELETE", path, "").want(204).wantEmpty()
	if held := c.srv.Subscriptions("p", "q"); len(held) != 0 {
		t.Errorf("held: %+v", held)
	}
	c.do("DELETE", path, "").want(204)
	c.do("DELETE", subscriptionsPath+"/nonsense", "").want(204)
	for _, gone := range []answer{
		c.do("GET", path, ""), c.do("PATCH", path, `{"ttl":60}`), c.do("PUT", path+"/confirm", `{"confirmed":true}`),
		c.do("GET", subscriptionsPath+"/nonsense", ""),
	} {
		gone.wantTitle(404, "Not found")
	}
}

func TestASubscriptionLivesForItsTTL(t *testing.T) {
	t.Parallel()
	c := start(t)
	id := c.subscribe("http://127.0.0.1:1/")
	if got := c.do("GET", subscriptionsPath+"/"+id, "").want(200).get("ttl"); got != number("3600") {
		t.Errorf("ttl %v", got)
	}
	c.srv.Advance(time.Hour - time.Second)
	c.do("PATCH", subscriptionsPath+"/"+id, `{"ttl":60}`).want(204)
	c.srv.Advance(59 * time.Second)
	c.do("GET", subscriptionsPath+"/"+id, "").want(200)
	c.srv.Advance(time.Second)
	c.do("GET", subscriptionsPath+"/"+id, "").want(404)
	c.do("GET", subscriptionsPath, "").want(200).wantJSON(`{"subscriptions":[],"links":[]}`)
	if again := c.subscribe("http://127.0.0.1:1/"); again == id {
		t.Error("an expired subscription came back")
	}
}

func TestASubscriberHasOneSubscriptionToAQueue(t *testing.T) {
	t.Parallel()
	c := start(t)
	id := c.subscribe("http://127.0.0.1:1/a")
	if again := c.subscribe("http://127.0.0.1:1/a"); again != id {
		t.Errorf("unconfirmed, the same subscriber got %s and then %s", id, again)
	}
	c.do("PUT", subscriptionsPath+"/"+id+"/confirm", `{"confirmed":true}`).want(204)
	a := c.do("POST", subscriptionsPath, `{"subscriber":"http://127.0.0.1:1/a"}`).wantTitle(409, "Resource conflict")
	if got := a.header.Get("Location"); got != subscriptionsPath {
		t.Errorf("Location %q", got)
	}
	other := c.subscribe("http://127.0.0.1:1/b")
	c.do("PATCH", subscriptionsPath+"/"+other, `{"subscriber":"http://127.0.0.1:1/a"}`).wantTitle(409, "Resource conflict")
	c.do("PATCH", subscriptionsPath+"/"+id, `{"subscriber":"http://127.0.0.1:1/a"}`).want(204)
	c.do("POST", "/v2/queues/q2/subscriptions", `{"subscriber":"http://127.0.0.1:1/a"}`).want(201)
	c.with("X-Project-Id", "p2").do("POST", subscriptionsPath, `{"subscriber":"http://127.0.0.1:1/a"}`).want(201)
	c.with("X-Project-Id", "p2").do("GET", subscriptionsPath+"/"+id, "").want(404)
}

func TestSubscriptionsAreListedByID(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.do("GET", "/v2/queues/none/subscriptions", "").want(200).wantJSON(`{"subscriptions":[],"links":[]}`)
	var ids []string
	for i := range 25 {
		ids = append(ids, c.subscribe(fmt.Sprintf("http://127.0.0.1:1/%d", i)))
	}
	slices.Sort(ids)
	var listed []string
	path := subscriptionsPath + "?limit=1&unknown=1"
	for range 30 {
		a := c.do("GET", path, "").want(200)
		if len(a.get("subscriptions").([]any)) == 0 {
			break
		}
		listed = append(listed, a.text("subscriptions", 0, "id"))
		path = a.text("links", 0, "href")
		if strings.Contains(path, "unknown") {
			t.Fatalf("next %s", path)
		}
	}
	if !slices.Equal(listed, ids) {
		t.Errorf("listed %v, want %v", listed, ids)
	}
	if got := len(c.do("GET", subscriptionsPath, "").want(200).get("subscriptions").([]any)); got != 10 {
		t.Errorf("%d on a page", got)
	}
	if got := c.do("GET", subscriptionsPath+"?marker=nonsense&limit=20", "").want(200).text("subscriptions", 0, "id"); got != ids[0] {
		t.Errorf("after a marker that is nothing: %s, want %s", got, ids[0])
	}
	c.do("GET", subscriptionsPath+"?limit=21", "").wantTitle(400, "Invalid API request")
	c.do("GET", subscriptionsPath+"?limit=x", "").wantTitle(400, "Invalid parameter")
}

func TestSubscriptionsOutliveTheirQueueAndEndWithAPurge(t *testing.T) {
	t.Parallel()
	c := start(t)
	id := c.subscribe("http://127.0.0.1:1/")
	if got := c.srv.Queues("p"); !slices.Equal(got, []string{"q"}) {
		t.Errorf("a subscription makes its queue; there are %v", got)
	}
	c.do("DELETE", "/v2/queues/q", "").want(204)
	c.do("GET", subscriptionsPath+"/"+id, "").want(200)
	c.do("POST", "/v2/queues/q/purge", `{"resource_types":["messages"]}`).want(204)
	c.do("GET", subscriptionsPath+"/"+id, "").want(200)
	for i := range 12 {
		c.subscribe(fmt.Sprintf("http://127.0.0.1:1/%d", i))
	}
	c.do("POST", "/v2/queues/q/purge", `{"resource_types":["subscriptions"]}`).want(204)
	c.do("GET", subscriptionsPath, "").want(200).wantJSON(`{"subscriptions":[],"links":[]}`)
	c.subscribe("http://127.0.0.1:1/")
	c.do("POST", "/v2/queues/q/purge", "").want(204)
	c.do("GET", subscriptionsPath, "").want(200).wantJSON(`{"subscriptions":[],"links":[]}`)
}

func TestBadSubscriptionsAreRefused(t *testing.T) {
	t.Parallel()
	c := start(t)
	for _, body := range []string{
		"", `{}`, `{"ttl":60}`, `{"subscriber":""}`, `{"subscriber":null}`, `{"subscriber":5}`, `{"subscriber":"x"}`,
		`{"subscriber":"ftp://x/"}`, `{"subscriber":"://x"}`, `{"subscriber":"trust+ftp://x/"}`,
		`{"subscriber":"http://x/","ttl":59}`, `{"subscriber":"http://x/","ttl":0}`, `{"subscriber":"http://x/","ttl":"60"}`,
		`{"subscriber":"http://x/","ttl":60.5}`, `{"subscriber":"http://x/","ttl":null}`, `{"subscriber":"http://x/","ttl":true}`,
		`{"subscriber":"http://x/","ttl":9223372036854775807}`, `{"subscriber":"http://x/","ttl":253402300800}`,
		`{"subscriber":"http://x/","options":[1]}`, `{"subscriber":"http://x/","options":"x"}`, `{"subscriber":"http://x/","options":1}`,
		`{"subscriber":"http://x/","options":{"_retry_policy":{"minimum_delay":30}}}`,
	} {
		c.do("POST", subscriptionsPath, body).wantTitle(400, "Invalid API request")
	}
	c.do("POST", subscriptionsPath, `[]`).wantTitle(400, "Invalid request body")
	c.do("POST", subscriptionsPath, `nonsense`).wantTitle(400, "Invalid request body")
	c.do("GET", subscriptionsPath, "").want(200).wantJSON(`{"subscriptions":[],"links":[]}`)

	for _, options := range []string{`null`, `{}`, `[]`, `false`} {
		c.do("POST", subscriptionsPath, `{"subscriber":"http://x/`+options+`","options":`+options+`}`).want(201)
	}
	id := c.subscribe("HTTPS://x/")
	for _, body := range []string{
		"", `{}`, `{"ttl":59}`, `{"ttl":0}`, `{"subscriber":""}`, `{"subscriber":"x:y"}`, `{"options":1}`, `[]`, `[1]`,
	} {
		c.do("PATCH", subscriptionsPath+"/"+id, body).wantTitle(400, "Invalid API request")
	}
	for _, body := range []string{`{"unknown":1}`, `{"ttl":null}`, `{"subscriber":5}`} {
		c.do("PATCH", subscriptionsPath+"/"+id, body).wantTitle(400, "Unable to update subscription")
	}
	for _, body := range []string{"", `{}`, `{"confirmed":null}`, `{"confirmed":1}`, `{"confirmed":"true"}`} {
		c.do("PUT", subscriptionsPath+"/"+id+"/confirm", body).wantTitle(400, "Invalid API request")
	}
	c.do("PUT", subscriptionsPath+"/"+id+"/confirm", `[]`).want(400)
	c.do("POST", subscriptionsPath+"/"+id, "").want(405)
	c.do("GET", subscriptionsPath+"/"+id+"/confirm", "").want(405)
	for _, version := range []string{"v1", "v1.1"} {
		c.do("GET", "/"+version+"/queues/q/subscriptions", "").want(404)
	}
}

func TestTheDefaultLifeOfSubscriptionsIsALimit(t *testing.T) {
	t.Parallel()
	c := start(t, zaqartest.WithLimits(zaqartest.Limits{DefaultSubscriptionTTL: 120, MaxSubscriptionsPerPage: 5}))
	id := c.subscribe("http://127.0.0.1:1/")
	if got := c.do("GET", subscriptionsPath+"/"+id, "").want(200).get("ttl"); got != number("120") {
		t.Errorf("ttl %v", got)
	}
	c.do("GET", subscriptionsPath+"?limit=6", "").want(400)
	if _, err := zaqartest.NewServer(zaqartest.WithLimits(zaqartest.Limits{DefaultSubscriptionTTL: 59})); err == nil {
		t.Error("a default below the least is taken")
	}
}
