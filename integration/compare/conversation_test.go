package compare

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	alice = "3381af92-2b9e-11e3-b191-71861300734c"
	bob   = "3381af92-2b9e-11e3-b191-71861300734d"
)

// conversation is the run of a scenario with one server.
type conversation struct {
	server  string // its URL
	client  *http.Client
	version string
	admin   bool
	values  map[string]string // the values of ${name}
	names   map[string]string // the names of ids
	counts  map[string]int    // of messages, claims and subscriptions
	made    map[string]bool   // paths to delete at the end
}

func newConversation(server string, client *http.Client, version, unique string) *conversation {
	c := &conversation{
		server: server, client: client, version: version,
		values: map[string]string{"unique": unique},
		names:  map[string]string{}, counts: map[string]int{}, made: map[string]bool{},
	}
	c.name("alice", alice)
	c.name("bob", bob)
	return c
}

func (c *conversation) name(name, value string) { c.values[name], c.names[value] = value, name }

// answer is a server's answer.
type answer struct {
	status int
	header http.Header
	body   []byte
}

var (
	reference  = regexp.MustCompile(`\$\{([^}]+)\}`)
	repeated   = regexp.MustCompile(`^(\d+) (.+)$`)
	thing      = regexp.MustCompile(`^/v[0-9.]+/(queues|topics|pools|flavors)/[^/?]+`)
	shared     = regexp.MustCompile(`"signature": *"([0-9a-f]+)"`)
	expires    = regexp.MustCompile(`"expires": *"([^"]+)"`)
	madeClaim  = regexp.MustCompile(`/claims/([^/?]+)$`)
	subscribed = regexp.MustCompile(`"subscription_id": *"([^"]+)"`)
	posted     = regexp.MustCompile(`"[^"?]+/messages/([^"/?]+)"`)
)

// fill replaces ${…} by values.
func (c *conversation) fill(text string) (out string, err error) {
	out = reference.ReplaceAllStringFunc(text, func(found string) string {
		name := found[2 : len(found)-1]
		if value, ok := c.values[name]; ok {
			return value
		}
		if m := repeated.FindStringSubmatch(name); m != nil {
			n, _ := strconv.Atoi(m[1])
			return strings.Repeat(m[2], n)
		}
		if n, parseErr := strconv.ParseUint(name, 0, 8); parseErr == nil {
			return string([]byte{byte(n)})
		}
		err = fmt.Errorf("nothing is known as %s", found)
		return ""
	})
	return out, err
}

// send sends one request.
func (c *conversation) send(ctx context.Context, r request) (answer, error) {
	path, err := c.fill(strings.Replace(r.path, "/v*", "/"+c.version, 1))
	if err != nil {
		return answer{}, err
	}
	body, err := c.fill(r.body)
	if err != nil {
		return answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.server, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	// Opaque keeps the path as it is written.
	req.URL = &url.URL{Scheme: req.URL.Scheme, Host: req.URL.Host, Opaque: "//" + req.URL.Host + path}
	if body == "" {
		req.Body = http.NoBody
	}
	req.Header = http.Header{
		"Client-Id": {alice}, "X-Project-Id": {c.values["unique"]},
		"Accept": {"application/json"}, "User-Agent": {"compare"},
	}
	if c.admin {
		req.Header.Set("X-Roles", "admin")
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range r.header {
		value, err := c.fill(h[1])
		switch {
		case err != nil:
			return answer{}, err
		case value == "(none)":
			req.Header.Del(h[0])
		case h[0] == "Transfer-Encoding":
			req.ContentLength = -1
		default:
			req.Header.Set(h[0], value)
		}
	}
	if made := thing.FindString(path); made != "" && r.method != http.MethodGet {
		c.made[made] = true
	}
	a, err := c.do(req)
	if err == nil {
		c.learn(r, a)
	}
	return a, err
}

func (c *conversation) do(req *http.Request) (answer, error) {
	resp, err := c.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, text}, err
}

// learn names the ids of created resources.
func (c *conversation) learn(r request, a answer) {
	if m := shared.FindStringSubmatch(string(a.body)); m != nil {
		c.counts["g"]++
		n := strconv.Itoa(c.counts["g"])
		c.values["g"+n], c.values["x"+n] = m[1], expires.FindStringSubmatch(string(a.body))[1]
		if !strings.Contains(r.body, "expires") { // the server computes it from the time
			c.names[m[1]] = "g" + n
		}
		return
	}
	if r.method != http.MethodPost || a.status != http.StatusCreated {
		return
	}
	if m := madeClaim.FindStringSubmatch(a.header.Get("Location")); m != nil {
		c.number("c", m[1])
		return
	}
	if m := subscribed.FindStringSubmatch(string(a.body)); m != nil {
		if c.names[m[1]] == "" { // an id can come twice
			c.number("s", m[1])
		}
		return
	}
	for _, m := range posted.FindAllStringSubmatch(string(a.body), -1) {
		c.number("m", m[1])
	}
}

func (c *conversation) number(kind, id string) {
	c.counts[kind]++
	c.name(kind+strconv.Itoa(c.counts[kind]), id)
}

// end deletes what the conversation created: flavors before pools.
func (c *conversation) end(ctx context.Context) error {
	for _, made := range slices.Sorted(maps.Keys(c.made)) {
		_, err := c.send(ctx, request{method: http.MethodDelete, path: made})
		if err != nil {
			return err
		}
	}
	return nil
}
