package zaqartest_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

const secretKey = "SOMELONGSECRET"

// notice is a confirmation as its receiver sees it.
type notice struct {
	Type            string          `json:"Message_Type"`
	Signature       string          `json:"URL-Signature"`
	Methods         string          `json:"URL-Methods"`
	Paths           string          `json:"URL-Paths"`
	Project         string          `json:"X-Project-ID"`
	Expires         string          `json:"URL-Expires"`
	SubscribeBody   json.RawMessage `json:"SubscribeBody"`
	UnsubscribeBody json.RawMessage `json:"UnsubscribeBody"`
}

func readNotice(t *testing.T, body string) notice {
	t.Helper()
	var n notice
	if err := json.Unmarshal([]byte(body), &n); err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	return n
}

// follow does what the notice allows, without a token.
func (c *client) follow(n notice, body json.RawMessage) answer {
	c.t.Helper()
	stranger := c.with("X-Auth-Token", "").as(bob).with("X-Project-Id", n.Project).with("URL-Signature", n.Signature).
		with("URL-Methods", n.Methods).with("URL-Paths", n.Paths).with("URL-Expires", n.Expires)
	return stranger.do("PUT", n.Paths, string(body))
}

func startConfirming(t *testing.T, r *receiver, opts ...zaqartest.Option) *client {
	t.Helper()
	return startNotifying(t, r, append(opts, zaqartest.WithSecretKey(secretKey), zaqartest.WithRequireConfirmation(true))...)
}

func TestASubscriberConfirmsBeforeItGetsMessages(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	c := startConfirming(t, r)
	id := c.do("POST", subscriptionsPath, `{"subscriber":"http://hooks.test/","ttl":600}`).want(201).text("subscription_id")
	c.post(`1`)
	c.deliveries()
	got := r.all()
	if len(got) != 1 {
		t.Fatalf("before it has confirmed it got %+v", got)
	}
	first := readNotice(t, got[0].body)
	var all map[string]any
	if err := json.Unmarshal([]byte(got[0].body), &all); err != nil {
		t.Fatal(err)
	}
	path := subscriptionsPath + "/" + id + "/confirm"
	want := map[string]any{
		"Message_Type": "SubscriptionConfirmation", "Message": "You have chosen to subscribe to the queue: q",
		"URL-Signature": first.Signature, "URL-Methods": "PUT", "URL-Paths": path, "X-Project-ID": "p",
		"URL-Expires":   c.srv.Now().Add(10 * time.Minute).UTC().Format("2006-01-02T15:04:05"),
		"SubscribeBody": map[string]any{"confirmed": true}, "UnsubscribeBody": map[string]any{"confirmed": false}, "queue_name": "q",
	}
	expires, err := time.Parse("2006-01-02T15:04:05", first.Expires)
	if off := time.Until(expires) - 10*time.Minute; err != nil || off > time.Second || off < -time.Minute {
		t.Errorf("URL-Expires is %s", first.Expires)
	}
	want["URL-Expires"] = first.Expires
	if !reflect.DeepEqual(all, want) {
		t.Errorf("notice %v, want %v", all, want)
	}

	c.follow(first, first.SubscribeBody).want(204)
	c.post(`2`)
	c.deliveries()
	if got = r.all(); len(got) != 2 || !strings.Contains(got[1].body, `"body":2`) {
		t.Fatalf("once it has confirmed it got %+v", got)
	}
	c.do("POST", subscriptionsPath, `{"subscriber":"http://hooks.test/"}`).want(409)

	c.follow(first, first.UnsubscribeBody).want(204)
	c.post(`3`)
	c.deliveries()
	if got = r.all(); len(got) != 3 {
		t.Fatalf("once it has left it got %+v", got)
	}
	last := readNotice(t, got[2].body)
	if last.Type != "UnsubscribeConfirmation" || last.Paths != path || last.Expires == first.Expires {
		t.Errorf("notice: %s", got[2].body)
	}
	c.srv.Advance(11 * time.Minute)
	c.follow(first, first.SubscribeBody).wantTitle(404, "404 Not Found")
}

func TestAnUnconfirmedSubscriberIsAskedAgain(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	c := startConfirming(t, r)
	id := c.subscribe("http://hooks.test/")
	if again := c.subscribe("http://hooks.test/"); again != id {
		t.Errorf("subscriptions %s and %s", id, again)
	}
	c.subscribe("mailto:a@example.com")
	c.deliveries()
	if got := r.all(); len(got) != 2 || readNotice(t, got[1].body).Type != "SubscriptionConfirmation" {
		t.Errorf("got %+v", got)
	}
	var mail zaqartest.Delivery
	for _, d := range c.srv.Deliveries() {
		if d.State == zaqartest.DeliveryRecorded {
			mail = d
		}
	}
	n := readNotice(t, string(mail.Body))
	c.follow(n, n.SubscribeBody).want(204)
	c.post(`1`)
	if all := c.deliveries(); len(all) != 4 || all[3].Kind != "Notification" || all[3].Subscriber != "mailto:a@example.com" {
		t.Errorf("deliveries: %+v", all)
	}
}

func TestConfirmationsNeedNoTokenAndNameTheService(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	c := startConfirming(t, r, zaqartest.WithKeystone())
	c.srv.SetCatalog(
		zaqartest.CatalogEntry{Type: "messaging", Interface: "internal", URL: "http://inside.test"},
		zaqartest.CatalogEntry{Type: "messaging", Interface: "public", URL: "http://cloud.test:8888/"},
		zaqartest.CatalogEntry{Type: "messaging-websocket", Interface: "public", URL: "ws://cloud.test:9000"},
	)
	in, a := c.with("X-Project-Id", "").login(password("demo", "secret", demoScope))
	project := a.text("token", "project", "id")
	id := in.subscribe("http://hooks.test/")
	in.deliveries()
	body := r.all()[0].body
	for _, url := range []string{"http://cloud.test:8888", "ws://cloud.test:9000"} {
		if !strings.Contains(body, fmt.Sprintf("%q", url+subscriptionsPath+"/"+id+"/confirm")) {
			t.Errorf("%s is not in %s", url, body)
		}
	}
	n := readNotice(t, body)
	if n.Project != project {
		t.Errorf("project %q, want %q", n.Project, project)
	}
	c.do("PUT", n.Paths, `{"confirmed":true}`).want(401)
	c.follow(n, n.SubscribeBody).want(204)
	if !in.do("GET", subscriptionsPath+"/"+id, "").want(200).get("confirmed").(bool) {
		t.Error("it is not confirmed")
	}
	n.Signature = strings.Repeat("0", 64)
	c.follow(n, n.UnsubscribeBody).wantTitle(404, "404 Not Found")
	if !in.do("GET", subscriptionsPath+"/"+id, "").want(200).get("confirmed").(bool) {
		t.Error("a forged notice unsubscribed somebody")
	}
}

func TestConfirmationNeedsAKey(t *testing.T) {
	t.Parallel()
	if _, err := zaqartest.NewServer(zaqartest.WithRequireConfirmation(true)); err == nil || !strings.Contains(err.Error(), "WithSecretKey") {
		t.Errorf("error %v", err)
	}
}
