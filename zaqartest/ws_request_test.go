package zaqartest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAnInvalidRequestIsRefusedAndTheConnectionStays(t *testing.T) {
	t.Parallel()
	s := start(t).socket()
	headers := `"headers":{"Client-ID":"` + alice + `","X-Project-ID":"p"}`
	for _, text := range []string{
		``, `{`, `null`, `5`, `"x"`, `[]`, `[{"action":"queue_list"}]`, "{\"a\":\"\xff\"}", `{}`, `{"action":null}`,
		`{"a":"\ud800"}`, `{"a":9223372036854775808}`, strings.Repeat(`{"a":`, 2000) + `1` + strings.Repeat(`}`, 2000),
		`{"action":"fly",` + headers + `}`, `{"action":["queue_list"],` + headers + `}`, `{"action":{},` + headers + `}`,
		`{"action":"queue_list"}`, `{"action":"queue_list","headers":null}`, `{"action":"queue_list","headers":[]}`,
		`{"action":"queue_list","headers":{"X-Project-ID":"p"}}`, `{"action":"queue_list","headers":{"Client-ID":"` + alice + `"}}`,
		`{"action":"queue_list","headers":{"client-id":"` + alice + `","x-project-id":"p"}}`,
		`{"action":"queue_list","headers":{"Client-ID":1,"X-Project-ID":"p"}}`,
		`{"action":"queue_list","headers":{"Client-ID":"` + alice + `","X-Project-ID":"p","User-Agent":5}}`,
		`{"action":"queue_list","headers":{"Client-ID":"` + alice + `","X-Project-ID":""}}`,
		`{"action":"queue_list","body":null,` + headers + `}`, `{"action":"queue_list","body":[],` + headers + `}`,
		`{"action":"queue_list","body":{"limit":"5"},` + headers + `}`, `{"action":"queue_list","body":{"limit":5.0},` + headers + `}`,
		`{"action":"queue_list","body":{"limit":true},` + headers + `}`, `{"action":"queue_list","body":{"limit":null},` + headers + `}`,
		`{"action":"queue_list","body":{"detailed":"true"},` + headers + `}`, `{"action":"queue_list","body":{"marker":5},` + headers + `}`,
		`{"action":"queue_create",` + headers + `}`, `{"action":"queue_create","body":{},` + headers + `}`,
		`{"action":"queue_create","body":{"queue_name":5},` + headers + `}`,
		`{"action":"queue_create","body":{"queue_name":"q","metadata":[]},` + headers + `}`,
		`{"action":"message_post","body":{"queue_name":"q","messages":{}},` + headers + `}`,
		`{"action":"message_list","body":{"queue_name":"q","echo":1},` + headers + `}`,
		`{"action":"message_get_many","body":{"queue_name":"q","message_ids":[1]},` + headers + `}`,
		`{"action":"claim_update","body":{"queue_name":"q","claim_id":"c","grace":"x"},` + headers + `}`,
	} {
		s.writeRaw(websocket.MessageText, []byte(text))
		if a := s.reply(text); a.status != 400 || a.text("error") == "" || a.binary {
			t.Errorf("%.100s: %d %s", text, a.status, a.body)
		}
	}
	s.call("queue_list", "").want(200)
}

func TestInvalidMessagePackIsRefusedAndTheConnectionStays(t *testing.T) {
	t.Parallel()
	s := start(t).socket().packed()
	for _, content := range []string{
		"", "\xc1", "\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff", "\x81\x01\x02", "\x81\xa6action\xc4\x01x", "\xc0", "\x90", "{}", "\xd9", "\x81\xa6action",
		"\xdb\xff\xff\xff\xff", "\xdb\x80\x00\x00\x00", "\x81\xdb\xff\xff\xff\xff", "\x81\xa6action\xdb\xff\xff\xff\xff", "\xc9\xff\xff\xff\xff\x05",
		strings.Repeat("\x91", 100000),
	} {
		s.writeRaw(websocket.MessageBinary, []byte(content))
		if a := s.reply(fmt.Sprintf("%q", content)); a.status != 400 || a.text("error") == "" || !a.binary {
			t.Errorf("%.100q: %d %s", content, a.status, a.body)
		}
	}
	s.call("queue_list", "").want(200)
}

func TestActionsThatHangRealServersAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t).socket()
	for _, action := range []string{
		"get_home_doc", "check_node_health", "ping_node", "pool_list", "pool_create", "pool_get", "pool_update", "pool_delete",
		"flavor_list", "flavor_create", "flavor_get", "flavor_update", "flavor_delete", "queue_update", "", "None",
	} {
		s.call(action, "{}").wantError(400, action+" is not a valid action")
	}
	s.write(s.with("X-Auth-Token", "s3cr3t").request("authenticate", ""))
	a := s.reply("authenticate")
	if a.wantError(400, "authentication"); strings.Contains(string(a.request.Headers), "s3cr3t") {
		t.Errorf("echoed %s", a.request.Headers)
	}
}

func TestAnswersComeInTheOrderOfTheRequests(t *testing.T) {
	t.Parallel()
	encodings(t, func(t *testing.T, s *socket) {
		s.srv.Inject(zaqartest.Fault{Kind: "queue_create", Delay: time.Millisecond, Times: -1})
		for i := range 200 {
			action := "queue_get"
			if i%7 == 0 {
				action = "queue_create"
			}
			s.with("X-Request-Id", i).write(s.with("X-Request-Id", i).request(action, `{"queue_name":"q"}`))
		}
		for i := range 200 {
			var headers struct {
				ID int `json:"X-Request-Id"`
			}
			if err := json.Unmarshal(s.reply("a queue").request.Headers, &headers); err != nil || headers.ID != i {
				t.Fatalf("answer %d is to request %d (%v)", i, headers.ID, err)
			}
		}
	})
}

func TestAFrameIsAnsweredInItsOwnEncoding(t *testing.T) {
	t.Parallel()
	s := start(t).socket()
	for range 3 {
		s.call("queue_list", "").want(200)
		s.packed().call("queue_list", "").want(200)
	}
}

func TestAnAnswerThatMessagePackCannotHoldIsAnError(t *testing.T) {
	t.Parallel()
	s := start(t).socket()
	s.post(`1e400`)
	s.packed().call("message_list", `{"queue_name":"q","echo":true}`).wantException(500, "MessagePack")
	if a := s.call("message_list", `{"queue_name":"q","echo":true}`).want(200); a.bodies() != "1e400" {
		t.Errorf("listed %s", a.body)
	}
}

func TestAFrameThatIsTooLargeEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t).socket()
		s.call("message_post", `{"queue_name":"q","messages":[{"body":"`+strings.Repeat("x", 300<<10)+`"}]}`).wantException(400, "larger")
		_ = s.conn.Write(t.Context(), websocket.MessageText, bytes.Repeat([]byte(" "), 1<<20)) // the server may be gone before its end
		if _, _, err := s.conn.Read(t.Context()); err == nil {
			t.Error("it was answered")
		}
	})
}

func TestRequestsOverAWebSocketAreInTheLogWithoutSecrets(t *testing.T) {
	t.Parallel()
	var seen []zaqartest.Seen
	c := start(t, zaqartest.WithObserver(func(s zaqartest.Seen) { seen = append(seen, s) }))
	s := c.socket()
	s.with("X-Auth-Token", "s3cr3t").with("URL-Signature", "s3cr3t").call("queue_create", `{"queue_name":"q"}`).want(201)
	s.with("x-auth-token", "s3cr3t").call("message_delete_many", `{"queue_name":"q","pop":1}`).want(200)
	s.call("fly", "").want(400)
	logged := c.srv.Requests()
	var kinds []string
	for _, r := range logged {
		kinds = append(kinds, fmt.Sprintf("%s %s %s %d", r.Method, r.Path, r.Kind, r.Status))
	}
	want := "GET / websocket 101, WS / queue_create 201, WS / message_pop 200, WS / unknown 400"
	if got := strings.Join(kinds, ", "); got != want {
		t.Errorf("logged %s, want %s", got, want)
	}
	if strings.Contains(fmt.Sprint(logged, seen), "s3cr3t") {
		t.Errorf("a secret is in the log: %+v", logged)
	}
	r := logged[1]
	if r.Project != "p" || r.ClientID != alice || string(r.Body) != `{"queue_name":"q"}` || r.Header.Get("X-Auth-Token") != "[redacted]" || len(seen) != 4 {
		t.Errorf("logged %+v; observed %d", r, len(seen))
	}
}

func TestFaultsApplyToRequestsOverAWebSocket(t *testing.T) {
	t.Parallel()
	encodings(t, func(t *testing.T, s *socket) {
		s.srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 503, Body: `{"error":"busy"}`, Header: http.Header{"Retry-After": {"1"}}})
		request := `{"queue_name":"q","messages":[{"body":1}]}`
		s.call("queue_list", "").want(200)
		s.call("message_post", request).want(503).wantJSON(`{"error":"busy"}`)
		s.srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 500, Body: "oops"})
		s.call("message_post", request).want(500).wantJSON(`"oops"`)
		s.srv.Inject(zaqartest.Fault{Status: 502})
		s.call("message_post", request).wantException(502, "Bad Gateway")
		if got := len(s.srv.Messages("p", "q")); got != 0 {
			t.Errorf("the server acted: %d messages", got)
		}
		s.srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 503, After: true})
		s.call("message_post", request).want(503)
		s.srv.Inject(zaqartest.Fault{Kind: "message_post", Cut: true, After: true})
		s.write(s.request("message_post", request))
		if _, _, err := s.conn.Read(t.Context()); err == nil || websocket.CloseStatus(err) != -1 {
			t.Errorf("a cut connection says %v", err)
		}
		if got := len(s.srv.Messages("p", "q")); got != 2 {
			t.Errorf("%d messages are stored", got)
		}
		seen := s.srv.Requests("message_post")
		if last := seen[len(seen)-1]; last.Status != 0 || !last.Fault {
			t.Errorf("the log says %+v", last)
		}
	})
}
