package zaqartest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest"
)

const (
	alice = "3381af92-2b9e-11e3-b191-71861300734c"
	bob   = "3381af92-2b9e-11e3-b191-71861300734d"
)

// client sends raw requests, independent of any client library.
type client struct {
	t      *testing.T
	srv    *zaqartest.Server
	header http.Header
}

// start runs a server in memory and returns Alice, a caller of project p.
func start(t *testing.T, opts ...zaqartest.Option) *client {
	t.Helper()
	return &client{t: t, srv: zaqartest.RunInMemory(t, opts...), header: http.Header{
		"Client-Id": {alice}, "X-Project-Id": {"p"},
	}}
}

// with returns the same caller with one header changed; "" removes it.
func (c *client) with(name, value string) *client {
	other := *c
	other.header = c.header.Clone()
	other.header.Set(name, value)
	if value == "" {
		other.header.Del(name)
	}
	return &other
}

func (c *client) as(id string) *client { return c.with("Client-ID", id) }

// answer is the server's answer.
type answer struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   []byte
}

// do sends a request. body is JSON, or empty for none.
func (c *client) do(method, path, body string) answer {
	c.t.Helper()
	out, err := c.try(method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return out
}

func (c *client) try(method, path, body string) (answer, error) {
	c.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	return c.send(method, path, content)
}

func (c *client) send(method, path string, content io.Reader) (answer, error) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.srv.URL()+path, content)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header = c.header.Clone()
	resp, err := c.srv.HTTPClient().Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return answer{c.t, method + " " + path, resp.StatusCode, resp.Header, text}, err
}

// want checks the status.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: status %d, want %d; body: %s", a.what, a.status, status, a.body)
	}
	return a
}

// wantTitle checks the status and the title of an error.
func (a answer) wantTitle(status int, title string) answer {
	a.t.Helper()
	a.want(status)
	if got := a.get("title"); got != title {
		a.t.Fatalf("%s: title %q, want %q", a.what, got, title)
	}
	return a
}

// wantJSON checks the whole body.
func (a answer) wantJSON(want string) answer {
	a.t.Helper()
	var got, wanted any
	answer{a.t, "the test", 0, nil, []byte(want)}.decode(&wanted)
	a.decode(&got)
	if !reflect.DeepEqual(got, wanted) {
		a.t.Fatalf("%s: body %s, want %s", a.what, a.body, want)
	}
	return a
}

// wantEmpty checks that there is no body.
func (a answer) wantEmpty() answer {
	a.t.Helper()
	if len(a.body) != 0 {
		a.t.Fatalf("%s: body %s, want none", a.what, a.body)
	}
	return a
}

func (a answer) decode(v any) {
	a.t.Helper()
	dec := json.NewDecoder(bytes.NewReader(a.body))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		a.t.Fatalf("%s: body %q: %v", a.what, a.body, err)
	}
}

// get walks into the body: get("links", 0, "href").
func (a answer) get(path ...any) any {
	a.t.Helper()
	var at any
	a.decode(&at)
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, ok := at.(map[string]any)
			if !ok {
				a.t.Fatalf("%s: nothing at %v in %s", a.what, path, a.body)
			}
			at = m[step]
		case int:
			l, ok := at.([]any)
			if !ok || step >= len(l) {
				a.t.Fatalf("%s: nothing at %v in %s", a.what, path, a.body)
			}
			at = l[step]
		}
	}
	return at
}

// text is get for a string.
func (a answer) text(path ...any) string {
	a.t.Helper()
	s, ok := a.get(path...).(string)
	if !ok {
		a.t.Fatalf("%s: no string at %v in %s", a.what, path, a.body)
	}
	return s
}

// bodies lists the bodies of the messages in the answer, as JSON.
func (a answer) bodies() string {
	a.t.Helper()
	var list struct {
		Messages []struct{ Body json.RawMessage }
	}
	a.decode(&list)
	var out []string
	for _, m := range list.Messages {
		out = append(out, string(m.Body))
	}
	return strings.Join(out, " ")
}

// post posts bodies, given as JSON, to queue q and returns their ids.
func (c *client) post(bodies ...string) []string {
	c.t.Helper()
	var items []string
	for _, body := range bodies {
		items = append(items, `{"body":`+body+`}`)
	}
	a := c.do("POST", "/v2/queues/q/messages", `{"messages":[`+strings.Join(items, ",")+`]}`).want(201)
	var made struct{ Resources []string }
	a.decode(&made)
	for i, path := range made.Resources {
		made.Resources[i] = path[strings.LastIndex(path, "/")+1:]
	}
	return made.Resources
}

// claim claims messages of queue q. The id is "" if there are none.
func (c *client) claim(query, body string) (id string, a answer) {
	c.t.Helper()
	a = c.do("POST", "/v2/queues/q/claims"+query, body)
	location := a.header.Get("Location")
	return location[strings.LastIndex(location, "/")+1:], a
}

// number is a JSON number as answers hold it.
func number(text string) json.Number { return json.Number(text) }
