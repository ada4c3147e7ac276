package zaqartest_test

import (
	"bytes"
	"context"
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

func TestWhatIsNoRequestIsRefusedAndTheConnectionStays(t *testing.T) {
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
	s.ask("queue_list", "").want(200)
}

func TestWhatIsNoMessagePackIsRefusedAndTheConnectionStays(t *testing.T) {
	t.Parallel()
	s := start(t).socket().packed()
	for _, content := range []string{
		"", "\xc1", "\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff", "\x81\x01\x02", "\x81\xa6action\xc4\x01x", "\xc0", "\x90", "{}", "\xd9", "\x81\xa6action",
		strings.Repeat("\x91", 100000),
	} {
		s.writeRaw(websocket.MessageBinary, []byte(content))
		if a := s.reply(fmt.Sprintf("%q", content)); a.status != 400 || a.text("error") == "" || !a.binary {
			t.Errorf("%.100q: %d %s", content, a.status, a.body)
		}
	}
	s.ask("queue_list", "").want(200)
}

func TestActionsThatRealServersDieOfAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t).socket()
	for _, action := range []string{
		"get_home_doc", "check_node_health", "ping_node", "pool_list", "pool_create", "pool_get", "pool_update", "pool_delete",
		"flavor_list", "flavor_create", "flavor_get", "flavor_update", "flavor_delete", "queue_update", "", "None",
	} {
		s.ask(action, "{}").wantError(400, action+" is not a valid action")
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

func TestAFrameOfEachEncodingIsAnsweredInKind(t *testing.T) {
	t.Parallel()
	s := start(t).socket()
	for range 3 {
		s.ask("queue_list", "").want(200)
		s.packed().ask("queue_list", "").want(200)
	}
}

func TestWhatMessagePackCannotSayIsAnErrorInItsPlace(t *testing.T) {
	t.Parallel()
	s := start(t).socket()
	s.post(`1e400`)
	s.packed().ask("message_list", `{"queue_name":"q","echo":true}`).wantException(500, "MessagePack")
	if a := s.ask("message_list", `{"queue_name":"q","echo":true}`).want(200); a.bodies() != "1e400" {
		t.Errorf("listed %s", a.body)
	}
}

func TestAFrameThatIsTooLargeEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t).socket()
		s.ask("message_post", `{"queue_name":"q","messages":[{"body":"`+strings.Repeat("x", 300<<10)+`"}]}`).wantException(400, "larger")
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
	s.with("X-Auth-Token", "s3cr3t").with("URL-Signature", "s3cr3t").ask("queue_create", `{"queue_name":"q"}`).want(201)
	s.with("x-auth-token", "s3cr3t").ask("message_delete_many", `{"queue_name":"q","pop":1}`).want(200)
	s.ask("fly", "").want(400)
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

func TestFaultsBefallRequestsOverAWebSocket(t *testing.T) {
	t.Parallel()
	encodings(t, func(t *testing.T, s *socket) {
		s.srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 503, Body: `{"error":"busy"}`, Header: http.Header{"Retry-After": {"1"}}})
		request := `{"queue_name":"q","messages":[{"body":1}]}`
		s.ask("queue_list", "").want(200)
		s.ask("message_post", request).want(503).wantJSON(`{"error":"busy"}`)
		s.srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 500, Body: "oops"})
		s.ask("message_post", request).want(500).wantJSON(`"oops"`)
		s.srv.Inject(zaqartest.Fault{Status: 502})
		s.ask("message_post", request).wantException(502, "Bad Gateway")
		if got := len(s.srv.Messages("p", "q")); got != 0 {
			t.Errorf("the server acted: %d messages", got)
		}
		s.srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 503, After: true})
		s.ask("message_post", request).want(503)
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

func TestAWebSocketCanBeRefused(t *testing.T) {
	t.Parallel()
	c := start(t)
	for _, f := range []zaqartest.Fault{{Status: 503}, {Cut: true}} {
		f.Kind, f.Times = "websocket", -1 // net/http tries again
		c.srv.Inject(f)
		conn, status, err := c.dial("")
		if err == nil {
			_ = conn.CloseNow()
			t.Errorf("%+v: it was opened", f)
		}
		if status != f.Status {
			t.Errorf("the answer is %d", status)
		}
		c.srv.ClearFaults()
	}
	c.socket().ask("queue_list", "").want(200)
}

func TestADelayOverAWebSocketIsWaitedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t).socket()
		s.srv.Inject(zaqartest.Fault{Kind: "queue_list", Delay: time.Minute})
		begin := time.Now()
		s.ask("queue_list", "").want(200)
		if waited := time.Since(begin); waited != time.Minute {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestADelayOverAWebSocketEndsWithItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t).socket()
		s.srv.Inject(zaqartest.Fault{Kind: "queue_create", Delay: time.Hour, After: true})
		s.write(s.request("queue_create", `{"queue_name":"q"}`))
		synctest.Wait()
		begin := time.Now()
		_ = s.conn.CloseNow()
		synctest.Wait()
		if got := s.srv.Queues("p"); len(got) != 0 || s.srv.WebSockets() != 0 || time.Since(begin) > time.Second {
			t.Errorf("the server acted: %v; %d sockets after %v", got, s.srv.WebSockets(), time.Since(begin))
		}
	})
}

func TestHTTPIsServedBesideTheWebSocket(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.do("GET", "/", "").want(300)
	c.with("Upgrade", "websocket").with("Connection", "Upgrade").do("GET", "/v2/ping", "").want(204)
	for _, path := range []string{"", "/", "/v2", "/anything/at/all"} {
		conn, status, err := c.dial(path, "zaqar")
		if err != nil {
			t.Errorf("%q: %v", path, err)
			continue
		}
		if conn.Subprotocol() != "" || status != 101 {
			t.Errorf("%q: %d, and the protocol %q was agreed on", path, status, conn.Subprotocol())
		}
		_ = conn.CloseNow()
	}
	// What asks for it in a wrong way is told so.
	c.with("Upgrade", "websocket").with("Connection", "Upgrade").do("POST", "/", "").want(405)
}

func TestAWebSocketBySocket(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	if want := "ws" + strings.TrimPrefix(srv.URL(), "http"); srv.WebSocketURL() != want {
		t.Errorf("the URL is %s, want %s", srv.WebSocketURL(), want)
	}
	c := &client{t: t, srv: srv, header: http.Header{"Client-Id": {alice}, "X-Project-Id": {"p"}}}
	s := c.socket()
	s.post(`1`)
	if err := s.conn.Ping(s.conn.CloseRead(t.Context())); err != nil {
		t.Errorf("a ping: %v", err)
	}
	if got := c.do("GET", "/v2/queues/q/messages?echo=true", "").want(200).bodies(); got != "1" {
		t.Errorf("listed %s", got)
	}
}

func TestAGoodbyeIsAnswered(t *testing.T) {
	t.Parallel()
	s := start(t).socket()
	if err := s.conn.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Error(err)
	}
}

func TestDroppedWebSocketsEndWithoutAGoodbye(t *testing.T) {
	t.Parallel()
	c := start(t)
	one, other := c.socket(), c.socket()
	one.ask("queue_list", "").want(200)
	other.ask("queue_list", "").want(200)
	if got := c.srv.WebSockets(); got != 2 {
		t.Errorf("%d are open", got)
	}
	if got := c.srv.DropWebSockets(); got != 2 || c.srv.WebSockets() != 0 {
		t.Errorf("%d were dropped, %d are open", got, c.srv.WebSockets())
	}
	for _, s := range []*socket{one, other} {
		if _, _, err := s.conn.Read(t.Context()); err == nil || websocket.CloseStatus(err) != -1 {
			t.Errorf("a dropped connection says %v", err)
		}
	}
	c.socket().ask("queue_list", "").want(200)
}

func TestAServerThatClosesSaysGoodbye(t *testing.T) {
	t.Parallel()
	s := start(t).socket()
	said := make(chan error)
	go func() {
		_, _, err := s.conn.Read(context.WithoutCancel(t.Context()))
		said <- err
	}()
	if err := s.srv.Close(); err != nil {
		t.Error(err)
	}
	if err := <-said; websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the goodbye is %v", err)
	}
}

func TestAClientThatDoesNotListenDoesNotKeepTheServerOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t).socket()
		for range 5 {
			s.write(s.request("queue_list", ""))
		}
		synctest.Wait()
		begin := time.Now()
		if err := s.srv.Close(); err != nil {
			t.Error(err)
		}
		if waited := time.Since(begin); waited > 2*time.Second {
			t.Errorf("Close took %v", waited)
		}
	})
}

func TestAClientThatNeverReadsIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t).socket()
		s.write(s.request("queue_list", ""))
		synctest.Wait()
		<-time.After(time.Minute)
		synctest.Wait()
		if got := s.srv.WebSockets(); got != 0 {
			t.Errorf("%d are open", got)
		}
	})
}
