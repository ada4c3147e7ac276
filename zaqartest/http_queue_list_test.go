package zaqartest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestQueuesAreListedByName(t *testing.T) {
	c := start(t)
	c.do("GET", "/v2/queues", "").want(200).wantJSON(`{"queues":[],"links":[]}`)
	c.do("GET", "/v2/queues?with_count=true", "").want(200).wantJSON(`{"queues":[],"links":[]}`)
	for _, name := range []string{"c", "a.b", "b", "a.c"} {
		c.do("PUT", "/v2/queues/"+name, `{"name":"`+name+`","n":5}`).want(201)
	}
	c.with("X-Project-Id", "other").do("PUT", "/v2/queues/theirs", "").want(201)
	c.do("GET", "/v2/queues?limit=2&with_count=true", "").want(200).wantJSON(`{"queues":[
		{"name":"a.b","href":"/v2/queues/a.b"},{"name":"a.c","href":"/v2/queues/a.c"}],
		"links":[{"rel":"next","href":"/v2/queues?limit=2&marker=a.c&with_count=true"}],"count":4}`)
	a := c.do("GET", "/v2/queues?detailed=true&limit=1", "").want(200)
	if a.text("queues", 0, "metadata", "name") != "a.b" || a.get("queues", 0, "metadata", "_default_message_ttl") == nil {
		t.Errorf("details: %s", a.body)
	}
	c.do("GET", "/v1.1/queues?detailed=1&limit=1", "").want(200).wantJSON(`{"queues":[
		{"name":"a.b","href":"/v1.1/queues/a.b","metadata":{"name":"a.b","n":5}}],
		"links":[{"rel":"next","href":"/v1.1/queues?detailed=1&limit=1&marker=a.b"}]}`)
}

func TestPagesOfOneQueueGoForward(t *testing.T) {
	c := start(t)
	for i := range 5 {
		c.do("PUT", fmt.Sprintf("/v2/queues/q%d", i), "").want(201)
	}
	var names []string
	for path := "/v2/queues?limit=1"; ; {
		a := c.do("GET", path, "").want(200)
		if len(a.get("queues").([]any)) == 0 {
			break
		}
		names = append(names, a.text("queues", 0, "name"))
		path = a.text("links", 0, "href")
	}
	if want := []string{"q0", "q1", "q2", "q3", "q4"}; !slices.Equal(names, want) {
		t.Errorf("pages: %v", names)
	}
	a := c.do("GET", "/v2/queues?limit=1&marker=unknown", "").want(200)
	if got := a.text("queues", 0, "name"); got != "q0" {
		t.Errorf("an unknown marker leads to %q", got)
	}
}

func TestQueuesCanBeFiltered(t *testing.T) {
	c := start(t)
	c.do("PUT", "/v2/queues/alpha", `{"n":5,"on":true}`).want(201)
	c.do("PUT", "/v2/queues/beta", `{"n":"5"}`).want(201)
	c.do("PUT", "/v2/queues/gamma", `{"n":6}`).want(201)
	for query, want := range map[string]string{
		"name=^.e": "beta", "name=m": "gamma", "n=5": "alpha beta", "n=5&on=true": "alpha",
		"name=a$&n=6": "gamma", "n=7": "", "name=": "alpha beta gamma",
	} {
		var list struct{ Queues []struct{ Name string } }
		c.do("GET", "/v2/queues?"+query, "").want(200).decode(&list)
		var names []string
		for _, q := range list.Queues {
			names = append(names, q.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	c.do("GET", "/v2/queues?name=(", "").wantTitle(400, "Invalid parameter")
}
