package zaqartest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAMessageIsPostedToWebhooks(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	c := startNotifying(t, r)
	id := c.subscribe("http://hooks.test/a?b=c")
	c.do("POST", messagesPath, `{"messages":[{"body":{"n":1.50},"ttl":300},{"body":null}]}`).want(201)
	all := c.deliveries()
	if len(all) != 2 {
		t.Fatalf("deliveries: %+v", all)
	}
	for _, d := range all {
		if d.State != zaqartest.DeliveryDone || d.SubscriptionID != id || d.Queue != "q" || d.Project != "p" ||
			d.Kind != "Notification" || len(d.Attempts) != 1 || d.Attempts[0].Status != 200 || !d.Next.IsZero() {
			t.Errorf("delivery: %+v", d)
		}
	}
	got := r.all()
	var bodies []string
	for _, request := range got {
		if request.method != "POST" || request.url != "http://hooks.test/a?b=c" || request.header.Get("Content-Type") != "application/json" {
			t.Errorf("request: %+v", request)
		}
		bodies = append(bodies, request.body)
	}
	slices.Sort(bodies)
	want := []string{
		`{"ttl":300,"body":{"n":1.50},"Message_Type":"Notification","queue_name":"q"}`,
		`{"ttl":3600,"body":null,"Message_Type":"Notification","queue_name":"q"}`,
	}
	if !slices.Equal(bodies, want) {
		t.Errorf("bodies %v, want %v", bodies, want)
	}
	c.do("DELETE", subscriptionsPath+"/"+id, "").want(204)
	c.post(`1`)
	c.do("POST", "/v2/queues/other/messages", `{"messages":[{"body":1}]}`).want(201)
	if all := c.deliveries(); len(all) != 2 {
		t.Errorf("notified without a subscription: %+v", all)
	}
}

func TestSubscribersGetMessagesPostedInOlderVersions(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	c := startNotifying(t, r)
	c.subscribe("https://hooks.test/")
	c.do("POST", "/v1.1/queues/q/messages", `{"messages":[{"body":1}]}`).want(201)
	c.do("POST", "/v1/queues/q/messages", `[{"body":1,"ttl":60}]`).want(201)
	if all := c.deliveries(); len(all) != 2 {
		t.Errorf("deliveries: %+v", all)
	}
}

func TestANotificationNamesTheDelayOnQueuesWithDelays(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	c := startNotifying(t, r)
	c.do("PUT", "/v2/queues/q", `{"_default_message_delay":5}`).want(201)
	c.subscribe("http://hooks.test/")
	c.do("POST", messagesPath, `{"messages":[{"body":1,"delay":7}]}`).want(201)
	c.deliveries()
	if got := r.all(); len(got) != 1 || got[0].body != `{"ttl":3600,"delay":7,"body":1,"Message_Type":"Notification","queue_name":"q"}` {
		t.Errorf("got %+v", got)
	}
}

func TestASubscriptionShapesWhatItsWebhookGets(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	c := startNotifying(t, r)
	for i, options := range []string{
		`{"post_headers":{"X-Token":"abc","content-type":"text/plain","Host":"virtual.test"}}`,
		`{"post_data":"{\"alert\":\"$zaqar_message$\",\"text\":\"$zaqar_message$ here\"}"}`,
		`null`, `[]`,
	} {
		c.do("POST", subscriptionsPath, fmt.Sprintf(`{"subscriber":"http://hooks.test/%d","options":%s}`, i, options)).want(201)
	}
	c.post(`"x"`)
	c.deliveries()
	got := map[string]received{}
	for _, request := range r.all() {
		got[request.url] = request
	}
	const plain = `{"ttl":3600,"body":"x","Message_Type":"Notification","queue_name":"q"}`
	first := got["http://hooks.test/0"]
	if first.header.Get("X-Token") != "abc" || first.header.Get("Content-Type") != "text/plain" || first.body != plain {
		t.Errorf("with post_headers: %+v", first)
	}
	if want := `{"alert":` + plain + `,"text":"$zaqar_message$ here"}`; got["http://hooks.test/1"].body != want {
		t.Errorf("with post_data: %s", got["http://hooks.test/1"].body)
	}
	for _, path := range []string{"http://hooks.test/2", "http://hooks.test/3"} {
		if got[path].body != plain {
			t.Errorf("%s got %q", path, got[path].body)
		}
	}
}

func TestANoticeThatCanNeverBeDeliveredFailsAtOnce(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	c := startNotifying(t, r)
	for _, subscription := range []string{
		`{"subscriber":"http:"}`, `{"subscriber":"https://"}`, `{"subscriber":"http://[::1"}`, `{"subscriber":"http://a b/%zz"}`,
		`{"subscriber":"http://x/1","options":{"post_headers":5}}`, `{"subscriber":"http://x/2","options":{"post_headers":{"a":5}}}`,
		`{"subscriber":"http://x/3","options":{"post_data":{}}}`, `{"subscriber":"trust+http://x/4","options":{"trust_id":"nobody"}}`,
		`{"subscriber":"trust+http://x/5","options":{"trust_id":5}}`,
	} {
		c.do("POST", subscriptionsPath, subscription).want(201)
	}
	c.post(`1`)
	for _, d := range c.deliveries() {
		if d.Subscriber == "trust+http://x/5" { // it names no trust, so it needs no token
			continue
		}
		if d.State != zaqartest.DeliveryFailed || len(d.Attempts) != 1 || d.Attempts[0].Err == nil {
			t.Errorf("delivery: %+v", d)
		}
	}
	if n := len(c.srv.Deliveries()); n != 9 {
		t.Errorf("%d deliveries", n)
	}
}

func TestATrustedWebhookGetsATokenOfTheSubscriber(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	c := startWithKeystone(t, zaqartest.WithDeliveryClient(zaqartest.HandlerClient(r)))
	in, a := c.login(password("demo", "secret", demoScope))
	project := a.text("token", "project", "id")
	id := in.do("POST", subscriptionsPath, `{"subscriber":"trust+https://hooks.test/a","ttl":600,"options":{"a":1}}`).want(201).text("subscription_id")
	trust := in.do("GET", subscriptionsPath+"/"+id, "").want(200).text("options", "trust_id")
	if len(trust) != 32 {
		t.Errorf("trust %q", trust)
	}
	in.post(`1`)
	if d := in.deliveries()[0]; d.Header.Get("X-Auth-Token") != "[redacted]" || d.State != zaqartest.DeliveryDone {
		t.Errorf("delivery: %+v", d)
	}
	got := r.all()
	if len(got) != 1 || got[0].url != "https://hooks.test/a" {
		t.Fatalf("got %+v", got)
	}
	holder := c.with("X-Auth-Token", got[0].header.Get("X-Auth-Token"))
	holder.do("GET", "/v2/queues", "").want(200)
	if seen := c.srv.Requests("queue_list"); seen[0].Project != project {
		t.Errorf("the token is for project %q, want %q", seen[0].Project, project)
	}
	c.srv.Advance(601 * time.Second)
	in, _ = c.login(password("demo", "secret", demoScope))
	in.do("POST", subscriptionsPath, `{"subscriber":"trust+https://hooks.test/b","options":{"trust_id":"`+trust+`"}}`).want(201)
	in.post(`1`)
	if all := in.deliveries(); all[len(all)-1].State != zaqartest.DeliveryFailed {
		t.Errorf("with a trust that has ended: %+v", all[len(all)-1])
	}
	start(t).do("POST", subscriptionsPath, `{"subscriber":"trust+http://x/"}`).wantTitle(400, "Invalid API request")
}
