package zaqartest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// hostile is a malicious request, with the statuses that it may get. The other
// hostile_ files make them.
type hostile struct {
	raw  string
	want []int
}

// request writes a request. Lines are headers. The Content-Length is added if no
// line has one.
func request(method, path, body string, lines ...string) string {
	text := method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	for _, line := range lines {
		text += line + "\r\n"
	}
	written := strings.ToLower(text)
	for name, line := range map[string]string{
		"client-id": "Client-ID: " + alice, "x-project-id": "X-Project-Id: p",
	} {
		if !strings.Contains(written, "\n"+name+":") {
			text += line + "\r\n"
		}
	}
	if body != "" && !strings.Contains(written, "\ncontent-length:") && !strings.Contains(written, "\ntransfer-encoding:") {
		text += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	return text + "\r\n" + body
}

// complaints fails the test if the server reports a failure of its own, such as a
// panic.
type complaints struct{ t *testing.T }

func (c complaints) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }
func (c complaints) WithAttrs([]slog.Attr) slog.Handler               { return c }
func (c complaints) WithGroup(string) slog.Handler                    { return c }

// Handle implements [slog.Handler].
func (c complaints) Handle(_ context.Context, r slog.Record) error {
	c.t.Errorf("the server complains: %s", r.Message)
	r.Attrs(func(a slog.Attr) bool { c.t.Logf("%s", a); return true })
	return nil
}

func TestHostileRequestsAreRefusedAndHarmNothing(t *testing.T) {
	s := zaqartest.Run(t, zaqartest.WithLogger(slog.New(complaints{t})))
	c := &client{t: t, srv: s, header: http.Header{"Client-Id": {alice}, "X-Project-Id": {"p"}}}
	ids := c.post(`{"n":1}`, `"two"`, `3`, `4`)
	claim, _ := c.claim("?limit=1", `{"ttl":43200,"grace":60}`)
	c.do("PUT", "/v1/queues/q", "").want(204)
	look := func() string {
		t.Helper()
		return fmt.Sprintf("%s\n%s\n%s",
			c.do("GET", messagesPath+"?echo=true&include_claimed=true", "").want(200).bodies(),
			c.do("GET", claimsPath+"/"+claim, "").want(200).bodies(),
			c.do("GET", "/v2/queues/q", "").want(200).body)
	}
	before := look()
	different := map[string]bool{}
	for _, requests := range [][]hostile{
		hostileBodies(claim), hostileValues(claim), hostileQueries(ids[0]), hostilePaths(), hostileHeaders(), hostileFrames(),
	} {
		for _, h := range requests {
			different[h.raw] = true
			attack(t, s, h)
		}
		if after := look(); after != before {
			t.Fatalf("the server had\n%s\nand has\n%s", before, after)
		}
	}
	if len(different) < 200 {
		t.Errorf("only %d hostile requests", len(different))
	}
	t.Logf("%d hostile requests", len(different))
	c.do("GET", "/v2/ping", "").want(204)
	c.post(`5`)
	if got := c.do("DELETE", messagesPath+"?pop=4", "").want(200).bodies(); got != `"two" 3 4 5` {
		t.Errorf("taken: %s", got)
	}
}

func TestHostileLoginsAreRefused(t *testing.T) {
	s := zaqartest.Run(t, zaqartest.WithKeystone(), zaqartest.WithLogger(slog.New(complaints{t})))
	var all []hostile
	for _, body := range hostileDocuments() {
		all = append(all, hostile{request("POST", "/identity/v3/auth/tokens", body), []int{400, 401}})
	}
	for _, part := range []string{
		`null`, `[]`, `{}`, `5`, `{"methods":null}`, `{"methods":"password"}`, `{"methods":[]}`, `{"methods":[null]}`, `{"methods":[5]}`,
		`{"methods":["password","token"]}`, `{"methods":["password"]}`, `{"methods":["password"],"password":null}`,
		`{"methods":["password"],"password":{"user":[]}}`, `{"methods":["password"],"password":{"user":{"name":null,"password":"secret"}}}`,
		`{"methods":["token"],"token":{"id":""}}`, `{"methods":["token"],"token":{"id":5}}`, `{"methods":["saml2"]}`,
		`{"methods":["application_credential"],"application_credential":{"id":"","secret":""}}`,
	} {
		all = append(all, hostile{request("POST", "/identity/v3/auth/tokens", `{"auth":{"identity":`+part+`}}`), []int{400, 401}})
	}
	for _, token := range []string{"", "x", strings.Repeat("t", 100000), "\xff\xfe", "a\tb", "null"} {
		all = append(all, hostile{request("GET", "/v2/queues", "", "X-Auth-Token: "+token), []int{401}},
			hostile{request("GET", "/identity/v3/auth/tokens", "", "X-Auth-Token: "+token, "X-Subject-Token: "+token), []int{401}})
	}
	for _, h := range all {
		attack(t, s, h)
	}
	if got := s.TokensIssued(); got != 0 {
		t.Errorf("%d tokens were issued", got)
	}
}

// attack sends a request over a connection of its own and checks the answer.
func attack(t *testing.T, s *zaqartest.Server, h hostile) {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() {
		// The server may have answered and closed before it has everything.
		_, _ = io.WriteString(conn, h.raw)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	method, _, _ := strings.Cut(h.raw, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Errorf("%.200q: no answer: %v", h.raw, err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("%.200q: half an answer: %v", h.raw, err)
	}
	if !slices.Contains(h.want, resp.StatusCode) {
		t.Errorf("%.300q: status %d, want %v; body: %.300s", h.raw, resp.StatusCode, h.want, body)
	}
	if problem := formOf(method, resp, body); problem != "" {
		t.Errorf("%.200q: status %d, %s: %.300s", h.raw, resp.StatusCode, problem, body)
	}
}

// formOf returns what is wrong with the form of an answer. Zaqar's forms are JSON
// for success; and for errors a title, or Keystone's error, or XML or no body for
// callers who accept no JSON.
func formOf(method string, resp *http.Response, body []byte) string {
	var refused struct {
		Title, Description string
		Error              struct {
			Code           int
			Title, Message string
		}
	}
	switch kind := resp.Header.Get("Content-Type"); {
	case resp.StatusCode >= 500:
		return "which is the server's fault"
	case len(body) == 0:
		silent := resp.StatusCode < 300 || method == http.MethodHead ||
			slices.Contains([]int{404, 406, http.StatusExpectationFailed}, resp.StatusCode)
		if !silent {
			return "an error without words"
		}
	case strings.HasSuffix(kind, "/xml"):
		if xml.Unmarshal(body, new(struct{})) != nil {
			return "bad XML"
		}
	case !strings.HasPrefix(kind, "application/json") || !json.Valid(body):
		return "no JSON but " + kind
	case resp.StatusCode < 300:
		return ""
	case json.Unmarshal(body, &refused) != nil || refused.Title == "" && refused.Error.Code != resp.StatusCode:
		return "an error of another form"
	case bytes.Contains(body, []byte(".go:")):
		return "the server's insides"
	}
	return ""
}
