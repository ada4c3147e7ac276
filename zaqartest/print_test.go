package zaqartest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/internal/printed"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestNothingOfTheServerPrintsASecret(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-of-all"
	c := start(t, zaqartest.WithKeystone(), zaqartest.WithPooling(true), zaqartest.WithSecretKey(secret))
	user := zaqartest.User{Name: "tacocat", Password: secret, Project: "kitchen", Roles: []string{"admin"}}
	_, project := c.srv.AddUser(user)
	c.srv.AddApplicationCredential("tacocat", "robot", secret)
	login := c.do("POST", "/identity/v3/auth/tokens", `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"tacocat","domain":{"id":"default"},"password":"`+secret+`"}}},"scope":{"project":{"name":"kitchen","domain":{"id":"default"}}}}}`).want(201)
	c = c.with("X-Auth-Token", login.header.Get("X-Subject-Token"))
	c.do("PUT", "/v2/pools/p", `{"uri":"redis://u:`+secret+`@h","weight":1,"options":{"password":"`+secret+`"}}`).want(201)
	c.do("POST", "/v2/queues/q/subscriptions", `{"subscriber":"http://u:`+secret+`@127.0.0.1:1/`+secret+`?k=`+secret+`","options":{"post_headers":{"X-Key":"`+secret+`"}}}`).want(201)
	c.do("POST", messagesPath+"?limit=1&signature="+secret, `{"messages":[{"body":{"n":1}}]}`).want(201)
	if err := c.srv.WaitDeliveries(t.Context()); err != nil {
		t.Fatal(err)
	}
	subscriptions, deliveries := c.srv.Subscriptions(project, "q"), c.srv.Deliveries()
	if len(subscriptions) != 1 || len(deliveries) != 1 || len(c.srv.Requests()) != 4 || len(deliveries[0].Attempts) == 0 {
		t.Fatalf("%v %v %v", subscriptions, deliveries, c.srv.Requests())
	}
	for _, value := range []any{
		c.srv,
		struct{ srv *zaqartest.Server }{c.srv},
		[]*zaqartest.Server{c.srv},
		user, &user,
		[]zaqartest.User{user},
		c.srv.Requests(), c.srv.Requests()[3], subscriptions, subscriptions[0], deliveries, deliveries[0], deliveries[0].Attempts[0],
		c.srv.Messages(project, "q"), zaqartest.WithSecretKey(secret),
	} {
		text := printed.Everywhere(value)
		for what, hidden := range map[string]string{"the secret": secret, "a token": login.header.Get("X-Subject-Token")} {
			if strings.Contains(text, hidden) || strings.Contains(text, decimal(hidden)) || strings.Contains(text, fmt.Sprintf("%x", hidden)) {
				t.Errorf("%T shows %s: %s", value, what, text)
			}
		}
	}
}

func TestWhatAFailingTestPrintsIsReadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		receiver := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
		srv := zaqartest.RunInMemory(t, zaqartest.WithDeliveryClient(zaqartest.HandlerClient(receiver)))
		c := &client{t: t, srv: srv, header: http.Header{"Client-Id": {alice}, "X-Project-Id": {"p"}}}
		c.do("POST", "/v2/queues/q/subscriptions", `{"subscriber":"http://hooks.example/x","options":{"a":1}}`).want(201)
		c.do("POST", messagesPath, `{"messages":[{"body":{"n":1},"ttl":90}]}`).want(201)
		c.do("GET", "/v2/queues?limit=3&signature=x", "").want(200)
		if err := srv.WaitDeliveries(t.Context()); err != nil {
			t.Fatal(err)
		}
		claim, _ := c.claim("", "")
		m, s := srv.Messages("p", "q")[0], srv.Subscriptions("p", "q")[0]
		for got, want := range map[string]string{
			fmt.Sprintf("%+v", srv.Requests()): `[<subscription_create POST /v2/queues/q/subscriptions 201 of p 57 bytes> ` +
				`<message_post POST /v2/queues/q/messages 201 of p {"messages":[{"body":{"n":1},"ttl":90}]}> ` +
				`<queue_list GET /v2/queues?limit=3&[redacted] 200 of p> <claim_create POST /v2/queues/q/claims 201 of p>]`,
			fmt.Sprint(m):                "<Message " + m.ID + " ttl:6m0s claim:" + claim + ` {"n":1}>`,
			fmt.Sprint(s):                "<Subscription " + s.ID + " to http://hooks.example ttl:1h0m0s options:[a]>",
			fmt.Sprint(srv.Deliveries()): `[<Notification of q to http://hooks.example done attempts:[204] {"ttl":90,"body":{"n":1},"Message_Type":"Notification","queue_name":"q"}>]`,
			fmt.Sprint(srv):              "<Server http://zaqar.test>",
			fmt.Sprint(zaqartest.User{Name: "demo", Password: "pw", Project: "p", Roles: []string{"member"}}): "<User demo of p roles:[member]>",
			fmt.Sprint(zaqartest.Seen{Kind: "message_post", Method: "POST", Path: "/x", Body: bytes.Repeat([]byte("é"), 300)}): "<message_post POST /x unanswered " +
				strings.Repeat("é", 100) + "… (600 bytes)>",
			fmt.Sprint(zaqartest.StoredMessage{ID: "m", TTL: time.Minute, ClaimCount: 2, DelayedUntil: time.Unix(0, 0), Body: []byte("1")}): "<Message m ttl:1m0s claims:2 delayed until:1970-01-01T00:00:00Z 1>",
		} {
			if got != want {
				t.Errorf("printed\n%s, want\n%s", got, want)
			}
		}
	})
}

// decimal is how %d and %v print the bytes of a text.
func decimal(text string) string { return fmt.Sprintf("%d", []byte(text)) }
