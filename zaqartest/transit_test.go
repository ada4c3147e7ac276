package zaqartest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// wire is a connection to a server in memory, as a client that keeps to no rules has it.
func wire(t *testing.T, srv *zaqartest.Server) net.Conn {
	t.Helper()
	transport, ok := srv.HTTPClient().Transport.(*http.Transport)
	if !ok {
		t.Fatal("the client has another transport")
	}
	conn, err := transport.DialContext(t.Context(), "tcp", "zaqar.test:80")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// lastWords reads a connection until the server closes it, and returns what it said and
// how long that took.
func lastWords(t *testing.T, conn net.Conn, start time.Time) (text string, after time.Duration) {
	t.Helper()
	content, err := io.ReadAll(conn)
	if err != nil {
		t.Errorf("the connection ended with %v", err)
	}
	return string(content), time.Since(start)
}

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

const unfinishedPost = "POST /v2/queues/q/messages HTTP/1.1\r\nHost: x\r\nX-Project-Id: p\r\nContent-Length: 100\r\n\r\n{"

func TestSlowAndIdleConnectionsAreClosed(t *testing.T) {
	for name, c := range map[string]struct {
		sent, answer string
		after        time.Duration
	}{
		"nothing sent":      {"", "", 10 * time.Second},
		"half a header":     {"GET /v2/ping HTTP/1.1\r\nHost: x\r\nX-Slow: ", "", 10 * time.Second},
		"half a body":       {unfinishedPost, "HTTP/1.1 408 ", time.Minute},
		"half a body, v1":   {strings.ReplaceAll(unfinishedPost, "v2", "v1"), "HTTP/1.1 408 ", time.Minute},
		"half a login":      {strings.ReplaceAll(unfinishedPost, "/v2/queues/q/messages", "/identity/v3/auth/tokens"), "HTTP/1.1 408 ", time.Minute},
		"half a chunk":      {strings.ReplaceAll(unfinishedPost, "Content-Length: 100", "Transfer-Encoding: chunked\r\n\r\n64"), "HTTP/1.1 401 ", time.Minute},
		"idle after a ping": {"GET /v2/ping HTTP/1.1\r\nHost: x\r\nX-Project-Id: p\r\n\r\n", "HTTP/1.1 ", 3 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := zaqartest.RunInMemory(t, zaqartest.WithKeystone())
				conn := wire(t, srv)
				start := time.Now()
				send(t, conn, c.sent)
				text, after := lastWords(t, conn, start)
				// net/http of Go 1.27 closes half a second after its last answer, so that the
				// client can read it.
				if linger := after - c.after; !strings.HasPrefix(text, c.answer) || linger != 0 && linger != 500*time.Millisecond {
					t.Errorf("after %v the server said %q, want %q after %v", after, text, c.answer, c.after)
				}
			})
		})
	}
}

func TestAClientThatDoesNotReadItsAnswerIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := zaqartest.RunInMemory(t)
		c := &client{t: t, srv: srv, header: http.Header{"Client-Id": {alice}, "X-Project-Id": {"p"}}}
		c.post(`"` + strings.Repeat("x", 100000) + `"`)
		conn := wire(t, srv)
		send(t, conn, "GET /v2/queues/q/messages?echo=true HTTP/1.1\r\nHost: x\r\nX-Project-Id: p\r\nClient-ID: "+alice+"\r\n\r\n")
		time.Sleep(answerTime)
		if text, _ := lastWords(t, conn, time.Now()); len(text) > 10000 {
			t.Errorf("it got %d bytes", len(text))
		}
	})
}

// A slow answer is not a slow client.
func TestARequestMayTakeLongerThanItsBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		c.srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Hour})
		c.post(`1`)
		time.Sleep(2 * time.Minute) // the connection is still good
		c.post(`2`)
	})
}

func TestAWebSocketMayBeIdleButNotSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := zaqartest.RunInMemory(t)
		conn := wire(t, srv)
		send(t, conn, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
		read := bufio.NewReader(conn)
		if _, err := http.ReadResponse(read, nil); err != nil { //nolint:bodyclose // it is a WebSocket
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		if srv.WebSockets() != 1 {
			t.Fatal("an idle WebSocket was closed")
		}
		start := time.Now()
		send(t, conn, "\x81\xfe\x01\x00mask{") // a text frame of 256 bytes, of which one comes
		if _, err := io.ReadAll(read); err != nil {
			t.Error(err)
		}
		if after := time.Since(start); after != time.Minute {
			t.Errorf("it was cut off after %v", after)
		}
	})
}

func TestTheHeaderOfARequestIsBounded(t *testing.T) {
	t.Parallel()
	for most, opts := range map[int][]zaqartest.Option{256 << 10: nil, 32 << 10: {zaqartest.WithMaxMemory(1 << 20)}} {
		c := start(t, opts...)
		c.with("X-Large", strings.Repeat("x", most-2000)).do("GET", "/v2/ping", "").want(204)
		c.with("X-Large", strings.Repeat("x", most+20000)).do("GET", "/v2/ping", "").want(431)
	}
}

// fill posts messages of 1 kB until the server is full, and returns how many it took.
func (c *client) fill() int {
	c.t.Helper()
	body := `{"messages":[{"body":"` + strings.Repeat("x", 1000) + `"}]}`
	for n := range 10000 {
		a := c.do("POST", messagesPath, body)
		if a.status == 503 {
			a.wantTitle(503, "Server full")
			if text := a.text("description"); !strings.Contains(text, "--max-memory") || !strings.Contains(text, "WithMaxMemory") {
				c.t.Errorf("the 503 says %s", text)
			}
			return n
		}
		a.want(201)
	}
	c.t.Fatal("the server is never full")
	return 0
}

func TestAFullServerKeepsWhatItAcceptedAndCanBeEmptied(t *testing.T) {
	t.Parallel()
	const most = 1 << 20
	c := start(t, zaqartest.WithMaxMemory(most), zaqartest.WithLimits(zaqartest.Limits{DefaultMessageTTL: 600}))
	taken := c.fill()
	if taken < 300 || taken > most/2/1000 {
		t.Errorf("%d messages of 1 kB fit into %d bytes", taken, most)
	}
	if stored := len(c.srv.Messages("p", "q")); stored != taken {
		t.Errorf("%d of %d messages are stored", stored, taken)
	}
	// Nothing else grows it, either.
	long := strings.Repeat("x", 2000)
	c.do("PUT", "/v2/queues/other", `{"about":"`+long+`"}`).want(503)
	c.do("POST", "/v2/queues/q/subscriptions", `{"subscriber":"http://127.0.0.1:1/`+long+`"}`).want(503)
	// All of it can be claimed and deleted, while it is full.
	for handled := 0; handled < taken; {
		id, a := c.claim("?limit=20", "")
		a.want(201)
		var claimed struct{ Messages []struct{ Href string } }
		a.decode(&claimed)
		for _, m := range claimed.Messages {
			c.do("DELETE", m.Href, "").want(204)
			handled++
		}
		c.do("DELETE", claimsPath+"/"+id, "").want(204)
	}
	if again := c.fill(); again != taken {
		t.Errorf("emptied, it takes %d messages instead of %d", again, taken)
	}
	// What expires makes room, too.
	c.srv.Advance(time.Hour)
	if again := c.fill(); again != taken {
		t.Errorf("after an hour it takes %d messages instead of %d", again, taken)
	}
}

func TestAllMessagesOfAFullServerCanBeClaimedAtOnce(t *testing.T) {
	t.Parallel()
	c := start(t, zaqartest.WithMaxMemory(1<<20))
	taken := c.fill()
	for held := 0; held < taken; {
		_, a := c.claim("?limit=1", "")
		a.want(201)
		held++
	}
}

func TestAFullServerSaysSoOnTheWebSocket(t *testing.T) {
	t.Parallel()
	c := start(t, zaqartest.WithMaxMemory(1<<20))
	s := c.socket()
	c.fill()
	a := s.call("message_post", `{"queue_name":"q","messages":[{"body":"`+strings.Repeat("x", 2000)+`","ttl":60}]}`).want(503)
	if !strings.Contains(string(a.body), "memory bound") {
		t.Errorf("answered %s", a.body)
	}
	s.call("message_list", `{"queue_name":"q","echo":true}`).want(200)
}

func TestAStoreThatIsFullAlreadyIsCounted(t *testing.T) {
	t.Parallel()
	kept := zaqartest.NewMemoryStore()
	first := start(t, zaqartest.WithStore(kept), zaqartest.WithMaxMemory(1<<20))
	first.fill()
	second := start(t, zaqartest.WithStore(kept), zaqartest.WithMaxMemory(1<<20))
	if n := second.fill(); n != 0 {
		t.Errorf("%d more messages were stored", n)
	}
}

func TestBodiesUnderWayAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// A quarter, 512 KiB, is for what is under way: two of the largest bodies.
		srv := zaqartest.RunInMemory(t, zaqartest.WithMaxMemory(2<<20))
		c := &client{t: t, srv: srv, header: http.Header{"Client-Id": {alice}, "X-Project-Id": {"p"}}}
		large := fmt.Sprintf("POST /v2/queues/q/messages HTTP/1.1\r\nHost: x\r\nX-Project-Id: p\r\nContent-Length: %d\r\n\r\n{", 256<<10)
		for range 2 {
			send(t, wire(t, srv), large)
		}
		synctest.Wait()
		c.do("POST", messagesPath, `{"messages":[{"body":"`+strings.Repeat("x", 5000)+`"}]}`).wantTitle(503, "Server full")
		c.post(`"small"`)
		_, a := c.claim("", "")
		a.want(201)
		time.Sleep(2 * answerTime) // both were given up, and did not read why
		synctest.Wait()
		c.do("POST", messagesPath, `{"messages":[{"body":"`+strings.Repeat("x", 5000)+`"}]}`).want(201)
	})
}

// answerTime is a little more than a client may take to receive an answer.
const answerTime = 2*time.Minute + time.Second

func TestRequestsOnAWebSocketThatNobodyAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := zaqartest.RunInMemory(t, zaqartest.WithMaxMemory(2<<20))
		c := &client{t: t, srv: srv, header: http.Header{"Client-Id": {alice}, "X-Project-Id": {"p"}}}
		srv.Inject(zaqartest.Fault{Kind: "queue_list", Times: -1, Delay: 24 * time.Hour})
		frame := []byte(`{"action":"queue_list","headers":{"Client-ID":"` + alice + `","X-Project-ID":"p"},"body":{"x":"` + strings.Repeat("x", 200_000) + `"}}`)
		s := c.socket()
		var err error
		for sent := 0; err == nil; sent++ {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			err = s.conn.Write(ctx, websocket.MessageText, frame)
			cancel()
			if sent > 10 {
				t.Fatalf("%d frames were taken", sent)
			}
		}
		_, _, err = s.conn.Read(t.Context())
		if code := websocket.CloseStatus(err); code != websocket.StatusTryAgainLater && code != -1 {
			t.Errorf("the connection ended with %v", err)
		}
		srv.DropWebSockets()
		synctest.Wait()
		c.do("POST", messagesPath, `{"messages":[{"body":"`+strings.Repeat("x", 200_000)+`"}]}`).want(201)
	})
}

func TestPushesThatNobodyReadsAreBounded(t *testing.T) {
	t.Parallel()
	c := start(t, zaqartest.WithMaxMemory(2<<20))
	for range 10 {
		s := c.socket()
		s.subscribe()
	}
	for i := range 40 {
		c.do("POST", messagesPath, `{"messages":[{"body":"`+strings.Repeat("x", 10_000)+`"}]}`).want(201)
		if c.srv.WebSockets() == 0 {
			t.Logf("all were cut off after %d pushes", i)
			break
		}
	}
	if n := c.srv.WebSockets(); n == 10 {
		t.Errorf("%d WebSockets that read nothing are open", n)
	}
	c.do("POST", messagesPath, `{"messages":[{"body":"`+strings.Repeat("x", 10_000)+`"}]}`).want(201)
}

func TestAnAnswerThatDoesNotFitIsRefusedIfItOnlyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := zaqartest.RunInMemory(t, zaqartest.WithMaxMemory(4<<20))
		c := &client{t: t, srv: srv, header: http.Header{"Client-Id": {alice}, "X-Project-Id": {"p"}}}
		for range 6 {
			c.post(`"` + strings.Repeat("x", 100_000) + `"`)
		}
		get := "GET /v2/queues/q/messages?echo=true&limit=6 HTTP/1.1\r\nHost: x\r\nX-Project-Id: p\r\nClient-ID: " + alice + "\r\n\r\n"
		send(t, wire(t, srv), get) // its answer, 600 kB, is not read
		synctest.Wait()
		c.do("GET", messagesPath+"?echo=true&limit=6", "").want(503)
		c.do("GET", messagesPath+"?echo=true&limit=3", "").want(200)
		time.Sleep(answerTime)
		synctest.Wait()
		c.do("GET", messagesPath+"?echo=true&limit=6", "").want(200)
	})
}
