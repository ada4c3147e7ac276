package zaqartest_test

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPostCreatesTheQueueAndReturnsIDsInOrder(t *testing.T) {
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

func TestABadPostStoresNothingButCreatesTheQueue(t *testing.T) {
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
