package zaqartest_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// push waits for a pushed message in the socket's encoding and returns its body.
func (s *socket) push() string {
	s.t.Helper()
	content, binary := s.read()
	var pushed struct {
		Request, Headers json.RawMessage
		Body             json.RawMessage
		Type             string `json:"Message_Type"`
	}
	if err := json.Unmarshal(content, &pushed); err != nil || pushed.Type != "Notification" ||
		pushed.Request != nil || pushed.Headers != nil || binary != s.binary {
		s.t.Fatalf("pushed, binary %t: %s (%v)", binary, content, err)
	}
	return string(pushed.Body)
}

// subscribe makes the socket a subscriber of queue q.
func (s *socket) subscribe() (id string) {
	s.t.Helper()
	return s.call("subscription_create", `{"queue_name":"q","ttl":600}`).want(201).text("subscription_id")
}

func TestAWebSocketSubscribesItself(t *testing.T) {
	t.Parallel()
	encodings(t, func(t *testing.T, s *socket) {
		c := &client{t: t, srv: s.srv, header: map[string][]string{"Client-Id": {alice}, "X-Project-Id": {"p"}}}
		s.call("subscription_list", `{"queue_name":"q"}`).want(200).wantJSON(`{"subscriptions":[]}`)
		a := s.call("subscription_create", `{"queue_name":"q","ttl":600,"options":{"a":1}}`).want(201)
		id := a.text("subscription_id")
		if a.text("message") != "Subscription q created." || len(s.srv.Queues("p")) != 1 {
			t.Errorf("answered %s", a.body)
		}
		s.call("subscription_create", `{"queue_name":"q"}`).want(409).wantJSON(`"Subscription q not created."`)
		s.call("subscription_create", `{"queue_name":"q","subscriber":""}`).want(409)

		a = s.call("subscription_get", `{"queue_name":"q","subscription_id":"`+id+`"}`).want(200)
		subscriber := a.text("subscriber")
		item := `{"id":"` + id + `","source":"q","subscriber":"` + subscriber + `","ttl":600,"age":0,"options":{"a":1},"confirmed":false}`
		a.wantJSON(item)
		s.call("subscription_list", `{"queue_name":"q","limit":1}`).want(200).wantJSON(`{"subscriptions":[` + item + `]}`)
		if got := c.do("GET", "/v2/queues/q/subscriptions", "").want(200).text("subscriptions", 0, "subscriber"); got != subscriber || !strings.HasPrefix(got, "http://") {
			t.Errorf("the subscriber is %q over HTTP, %q here", got, subscriber)
		}

		c.post(`{"by":"HTTP"}`)
		if got := s.push(); got != `{"by":"HTTP"}` {
			t.Errorf("pushed %s", got)
		}
		// The push of one's own post arrives before the answer.
		s.write(s.request("message_post", `{"queue_name":"q","messages":[{"body":1,"ttl":100},{"body":2}]}`))
		content, _ := s.read()
		if string(content) != `{"ttl":100,"body":1,"Message_Type":"Notification","queue_name":"q"}` {
			t.Errorf("pushed %s", content)
		}
		if got := s.push(); got != "2" {
			t.Errorf("pushed %s", got)
		}
		s.reply("the post").want(201)

		s.call("subscription_delete", `{"queue_name":"q","subscription_id":"`+id+`"}`).want(204).wantJSON(`"Subscription ` + id + ` removed."`)
		s.call("subscription_delete", `{"queue_name":"q","subscription_id":"`+id+`"}`).want(204)
		s.call("subscription_get", `{"queue_name":"q","subscription_id":"`+id+`"}`).wantException(404, "subscription")
		c.post(`3`)
		s.call("subscription_list", `{"queue_name":"q"}`).want(200)
		s.subscribe()
	})
}

func TestPushesHaveTheEncodingOfTheLatestSubscription(t *testing.T) {
	t.Parallel()
	c := start(t)
	s := c.socket()
	s.subscribe()
	c.post(`1`)
	s.push()
	s.packed().call("subscription_create", `{"queue_name":"other"}`).want(201)
	c.post(`2`)
	if got := s.packed().push(); got != "2" {
		t.Errorf("pushed %s", got)
	}
	// A failed post pushes nothing.
	s.call("subscription_create", `{"queue_name":"q"}`).want(409)
	s.call("subscription_create", `{"queue_name":"q","subscriber":"http://127.0.0.1:1/"}`).want(201)
	c.post(`3`)
	if got := s.packed().push(); got != "3" {
		t.Errorf("pushed %s", got)
	}
}

func TestEachSubscriberGetsEachMessage(t *testing.T) {
	t.Parallel()
	c := start(t)
	one, other, stranger := c.socket(), c.socket().packed(), c.with("X-Project-Id", "other").socket()
	for _, s := range []*socket{one, other, stranger} {
		s.subscribe()
	}
	c.post(`1`, `2`, `3`)
	for _, s := range []*socket{one, other} {
		if got := s.push() + s.push() + s.push(); got != "123" {
			t.Errorf("pushed %s", got)
		}
	}
	// The other WebSocket subscribed to another queue.
	stranger.call("queue_list", "").want(200)
}

func TestSubscriptionsEndWithTheirWebSocket(t *testing.T) {
	t.Parallel()
	c := start(t)
	count := func() int {
		list, _ := c.do("GET", "/v2/queues/q/subscriptions", "").want(200).get("subscriptions").([]any)
		return len(list)
	}
	s, kept := c.socket(), c.socket()
	s.subscribe()
	kept.call("subscription_create", `{"queue_name":"q","subscriber":"mailto:a@b.test"}`).want(201)
	if got := count(); got != 2 {
		t.Errorf("%d subscriptions", got)
	}
	c.srv.DropWebSockets()
	if got := count(); got != 1 {
		t.Errorf("%d subscriptions after all connections were cut", got)
	}
	c.post(`1`)
}

func TestSubscriptionsEndWithTheClosingHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		s := c.socket()
		s.subscribe()
		_ = s.conn.Close(1000, "")
		synctest.Wait()
		if a := c.do("GET", "/v2/queues/q/subscriptions", "").want(200); len(a.get("subscriptions").([]any)) != 0 || c.srv.WebSockets() != 0 {
			t.Errorf("left: %s", a.body)
		}
	})
}

func TestTheSubscriptionOfAWebSocketExpires(t *testing.T) {
	t.Parallel()
	c := start(t)
	s := c.socket()
	s.subscribe()
	c.srv.Advance(10 * time.Minute)
	c.post(`1`)
	s.call("subscription_list", `{"queue_name":"q"}`).want(200).wantJSON(`{"subscriptions":[]}`)
	s.subscribe()
	c.post(`2`)
	if got := s.push(); got != "2" {
		t.Errorf("pushed %s", got)
	}
}

func TestABadSubscriptionIsRefusedOnAWebSocket(t *testing.T) {
	t.Parallel()
	s := start(t).socket()
	for body, words := range map[string]string{
		`{"queue_name":"a b"}`:                             "name",
		`{"queue_name":"q","ttl":59}`:                      "ttl",
		`{"queue_name":"q","ttl":0}`:                       "ttl",
		`{"queue_name":"q","ttl":999999999999}`:            "ttl",
		`{"queue_name":"q","subscriber":"gopher://x"}`:     "subscriber",
		`{"queue_name":"q","subscriber":"x"}`:              "subscriber",
		`{"queue_name":"q","subscriber":"trust+http://x"}`: "trust",
		`{"queue_name":"q","options":{"_retry_policy":5}}`: "_retry_policy",
	} {
		s.call("subscription_create", body).wantException(400, words)
	}
	for _, body := range []string{
		`{}`, `{"queue_name":"q","subscriber":5}`, `{"queue_name":"q","subscriber":null}`, `{"queue_name":"q","ttl":"60"}`, `{"queue_name":"q","options":[]}`,
	} {
		s.call("subscription_create", body).wantError(400, "Schema")
	}
	s.call("subscription_list", `{"queue_name":"q","limit":21}`).wantException(400, "limit")
	s.call("subscription_get", `{"queue_name":"q"}`).wantError(400, "Schema")
}

func TestNobodyElseMakesAWebSocketASubscriber(t *testing.T) {
	t.Parallel()
	c := start(t)
	s := c.socket()
	s.subscribe()
	subscriber := s.call("subscription_list", `{"queue_name":"q"}`).want(200).text("subscriptions", 0, "subscriber")
	c.do("POST", "/v2/queues/other/subscriptions", `{"subscriber":"`+subscriber+`"}`).want(201)
	c.with("X-Project-Id", "other").do("POST", "/v2/queues/q/subscriptions", `{"subscriber":"`+subscriber+`"}`).want(201)
	c.do("POST", "/v2/queues/other/messages", `{"messages":[{"body":1}]}`).want(201)
	c.with("X-Project-Id", "other").post(`2`)
	c.post(`3`)
	if got := s.push(); got != "3" {
		t.Errorf("pushed %s", got)
	}
	if got := c.srv.Deliveries(); len(got) != 0 {
		t.Errorf("delivered %+v", got)
	}
}

func TestAWebSocketThatMustConfirmGetsNoPushes(t *testing.T) {
	t.Parallel()
	c := start(t, zaqartest.WithRequireConfirmation(true), zaqartest.WithSecretKey("k"))
	s := c.socket()
	id := s.subscribe()
	c.post(`1`)
	c.do("PUT", "/v2/queues/q/subscriptions/"+id+"/confirm", `{"confirmed":true}`).want(204)
	c.post(`2`)
	if got := s.push(); got != "2" {
		t.Errorf("pushed %s", got)
	}
}

func TestPushesCanBeLostAndLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		s := c.socket()
		s.subscribe()
		c.srv.Inject(zaqartest.Fault{Kind: "push", Cut: true})
		c.srv.Inject(zaqartest.Fault{Kind: "push", Delay: time.Minute})
		c.srv.Inject(zaqartest.Fault{Status: 503}) // of requests
		begin := time.Now()
		c.do("GET", "/v2/ping", "").want(503)
		c.post(`1`, `2`, `3`)
		if got := s.push(); got != "3" || time.Since(begin) != 0 {
			t.Errorf("pushed %s after %v", got, time.Since(begin))
		}
		if got := s.push(); got != "2" || time.Since(begin) != time.Minute {
			t.Errorf("pushed %s after %v", got, time.Since(begin))
		}
		s.call("queue_list", "").want(200)
	})
}

func TestAClientThatReadsNoPushesIsCutOffAndDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		slow, quick := c.socket(), c.socket()
		slow.subscribe()
		begin := time.Now()
		large := `"` + strings.Repeat("x", 200<<10) + `"`
		for range 30 {
			c.post(large)
			quick.post(large)
		}
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("posts took %v", waited)
		}
		synctest.Wait()
		if got := c.srv.WebSockets(); got != 1 {
			t.Errorf("%d are open", got)
		}
		if got := len(c.srv.Messages("p", "q")); got != 60 {
			t.Errorf("%d messages are stored", got)
		}
		if a := quick.call("subscription_list", `{"queue_name":"q"}`).want(200); len(a.get("subscriptions").([]any)) != 0 {
			t.Errorf("left: %s", a.body)
		}
	})
}

func TestATrustIsMadeForASubscriberOverAWebSocket(t *testing.T) {
	t.Parallel()
	s, _ := authenticated(t)
	id := s.call("subscription_create", `{"queue_name":"q","subscriber":"trust+http://127.0.0.1:1/"}`).want(201).text("subscription_id")
	if got := s.call("subscription_get", `{"queue_name":"q","subscription_id":"`+id+`"}`).want(200).text("options", "trust_id"); got == "" {
		t.Error("there is no trust")
	}
}
