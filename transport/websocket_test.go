package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/transport"
)

func TestAFrameNamesItsHeadersAsServersWantThem(t *testing.T) {
	t.Parallel()
	for _, packed := range []bool{false, true} {
		seen := make(chan request, 1)
		server := startScript(t, func(p *scriptConn) {
			p.serve(func(r request) (int, string) {
				seen <- r
				return http.StatusCreated, `{"message_ids":["a"]}`
			})
		})
		w := server.open(t, transport.WebSocketOptions{MessagePack: packed})
		reply, err := w.Do(t.Context(), &transport.Request{
			Op: "message_post", Action: "message_post",
			Params: map[string]any{"queue_name": "q", "messages": []map[string]any{{"body": "<&>", "ttl": 60}}},
			Header: http.Header{
				"Client-Id": {"c"}, "X-Project-Id": {"p"}, "User-Agent": {"x"},
				"Url-Signature": {"s"}, "Url-Expires": {"e"}, "Url-Methods": {"GET,POST"}, "Url-Paths": {"/a,/b"},
			},
		})
		if err != nil || reply.Status != http.StatusCreated || string(reply.Body) != `{"message_ids":["a"]}` || reply.Dialect != transport.Frames {
			t.Fatalf("%+v, %v", reply, err)
		}
		r := <-seen
		if id := r.header("X-Request-Id"); id == "" {
			t.Error("it has no id")
		}
		delete(r.Headers, "X-Request-Id")
		got := fmt.Sprintf("%s %s %s", r.Action, r.Headers, r.Body)
		const want = `message_post map[Client-ID:"c" URL-Expires:"e" URL-Methods:["GET","POST"] URL-Paths:["/a","/b"] URL-Signature:"s" X-Project-ID:"p"] ` +
			`{"messages":[{"body":"<&>","ttl":60}],"queue_name":"q"}`
		if got != want {
			t.Errorf("packed %v: the frame is\n%s, want\n%s", packed, got, want)
		}
	}
}

func TestWhatServersLackIsNotSent(t *testing.T) {
	t.Parallel()
	w := startScript(t, func(p *scriptConn) { p.serve(fine) }).open(t, transport.WebSocketOptions{})
	for _, req := range []transport.Request{
		{},
		{Method: http.MethodGet, Path: "/v2/queues"},
		{Action: "get_home_doc"},
		{Action: "check_node_health"},
		{Action: "ping_node"},
		{Action: "pool_list"},
		{Action: "flavor_create"},
		{Action: "authenticate"},
		{Action: "nothing"},
		{Action: "queue_list", Params: map[string]any{"name": "x"}},
		{Action: "queue_list", Params: map[string]any{"with_count": true}},
		{Action: "message_delete_many", Params: map[string]any{"ids": []string{"a"}}},
		{Action: "message_post", Params: map[string]any{"messages": []any{map[string]any{"body": 1}, map[string]any{"body": 1, "delay": 5}}}},
	} {
		if reply, err := w.Do(t.Context(), &req); !errors.Is(err, transport.ErrNoAction) {
			t.Errorf("%s %v: %v, %v", req.Action, req.Params, reply, err)
		}
	}
	_, err := w.Do(t.Context(), &transport.Request{Action: "queue_get", Params: map[string]any{"queue_name": make(chan int)}})
	wantUnsent(t, err, nil)
}

func TestMessagePackRefusesWhatItCannotCarry(t *testing.T) {
	t.Parallel()
	w := startScript(t, func(p *scriptConn) { p.serve(fine) }).open(t, transport.WebSocketOptions{MessagePack: true})
	req := stats(nil)
	req.Action, req.Params["metadata"] = "queue_create", json.RawMessage("123456789012345678901234567890")
	_, err := w.Do(t.Context(), req)
	wantUnsent(t, err, nil)
}

func TestTheEndpointIsAWebSocketsURL(t *testing.T) {
	t.Parallel()
	for endpoint, good := range map[string]bool{
		"ws://a": true, "wss://a:9000/": true, "http://a/socket": true, "HTTPS://a": true, "Ws://[::1]:9000": true,
		"": false, "a:9000": false, "ftp://a": false, "ws://": false, "ws://user:s3cret@a": false, "ws://a/?token=s3cret": false, "ws://%zz": false,
	} {
		w, err := transport.NewWebSocket(endpoint, transport.WebSocketOptions{})
		if (err == nil) != good || err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", endpoint, err)
		}
		if err == nil && w.Endpoint() != endpoint {
			t.Errorf("%q became %q", endpoint, w.Endpoint())
		}
	}
}

func TestManyRequestsShareOneConnection(t *testing.T) {
	t.Parallel()
	server := startScript(t, func(p *scriptConn) {
		p.serve(func(r request) (int, string) { return http.StatusOK, string(r.Body) })
	})
	w := server.open(t, transport.WebSocketOptions{})
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			req := stats(nil)
			req.Params["queue_name"] = fmt.Sprint(i)
			reply, err := w.Do(t.Context(), req)
			if want := fmt.Sprintf(`{"queue_name":"%d"}`, i); err != nil || string(reply.Body) != want {
				t.Errorf("%v, %v, want %s", reply, err, want)
			}
		})
	}
	group.Wait()
	if n := server.count.Load(); n != 1 {
		t.Errorf("there were %d connections", n)
	}
}

func TestAnImpatientCallerDisturbsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := startScript(t, func(p *scriptConn) {
			p.serve(func(r request) (int, string) {
				time.Sleep(5 * time.Millisecond)
				return http.StatusOK, `{}`
			})
		})
		w := server.open(t, transport.WebSocketOptions{})
		var group sync.WaitGroup
		for range 15 {
			group.Go(func() {
				for range 30 {
					if _, err := w.Do(t.Context(), stats(nil)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		gaveUp := 0
		group.Go(func() {
			for range 60 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				if _, err := w.Do(ctx, stats(nil)); errors.Is(err, context.DeadlineExceeded) {
					gaveUp++
				} else if err != nil {
					t.Error(err)
				}
				cancel()
			}
		})
		group.Wait()
		if n := server.count.Load(); n != 1 || gaveUp < 20 {
			t.Errorf("%d connections, gave up %d times", n, gaveUp)
		}
	})
}

func TestRequestsThatNobodyWaitsForDoNotPileUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seen := 0
		server := startScript(t, func(p *scriptConn) {
			p.serve(func(request) (int, string) {
				seen++
				return 0, ""
			})
		})
		w := server.open(t, transport.WebSocketOptions{})
		for i := range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			_, err := w.Do(ctx, stats(nil))
			wantError(t, err, context.DeadlineExceeded, i < 4)
			cancel()
		}
		synctest.Wait()
		if seen != 4 {
			t.Errorf("the server was sent %d requests", seen)
		}
	})
}

func TestACallerWhoLeavesWhileItsFrameIsWrittenCutsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := startScript(t, func(p *scriptConn) {
			time.Sleep(8 * time.Second) // does not read
			p.serve(fine)
		})
		w := server.open(t, transport.WebSocketOptions{})
		long := stats(nil)
		long.Action, long.Params["metadata"] = "queue_create", strings.Repeat("x", 1<<20)
		var group sync.WaitGroup
		group.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := w.Do(ctx, long)
			wantSent(t, err, context.DeadlineExceeded)
		})
		synctest.Wait()
		group.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, err := w.Do(ctx, stats(nil)) // waits behind the long one
			wantUnsent(t, err, context.DeadlineExceeded)
		})
		group.Go(func() {
			if _, err := w.Do(t.Context(), stats(nil)); err != nil {
				t.Error(err)
			}
		})
		group.Wait()
		if n := server.count.Load(); n != 1 {
			t.Errorf("there were %d connections", n)
		}
	})
}

func TestARequestWithoutADeadlineEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := startScript(t, func(p *scriptConn) {
			p.serve(func(request) (int, string) { return 0, "" })
		}).open(t, transport.WebSocketOptions{Timeout: 5 * time.Second})
		start := time.Now()
		_, err := w.Do(t.Context(), stats(nil))
		wantSent(t, err, context.DeadlineExceeded)
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestCloseEndsWhatIsInFlight(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(*scriptConn){
		"a server that answers the close": func(p *scriptConn) { p.serve(func(request) (int, string) { return 0, "" }) },
		"one that does not":               func(p *scriptConn) { <-p.ctx.Done() },
	} {
		synctest.Test(t, func(t *testing.T) {
			server := startScript(t, play)
			w := server.open(t, transport.WebSocketOptions{})
			var notices []transport.Notice
			w.Notify(func(n transport.Notice) { notices = append(notices, n) })
			done := make(chan error)
			go func() {
				_, err := w.Do(t.Context(), stats(nil))
				done <- err
			}()
			synctest.Wait()
			go func() { _ = w.Close() }()
			wantSent(t, <-done, transport.ErrClosed)
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			_, err := w.Do(t.Context(), stats(nil))
			wantUnsent(t, err, transport.ErrClosed)
			if len(notices) != 2 || notices[1].Kind != transport.Disconnected || !errors.Is(notices[1].Err, transport.ErrClosed) {
				t.Errorf("%s: notices %+v", name, notices)
			}
			w.Notify(func(transport.Notice) { t.Error("notified after the close") })()
		})
	}
}

func TestAConnectionThatWasNeverThereIsAnErrorAtOnce(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other host was asked") }))
	defer elsewhere.Close()
	for name, test := range map[string]struct {
		handler http.Handler
		says    string
	}{
		"no WebSocket":  {http.NotFoundHandler(), "404 Not Found"},
		"a page":        {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>") }), "200 OK"},
		"a redirection": {http.RedirectHandler(elsewhere.URL+"/?a=s3cret", http.StatusFound), "it leads to another port"},
	} {
		server := httptest.NewServer(test.handler)
		w, err := transport.NewWebSocket(server.URL, transport.WebSocketOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Do(t.Context(), stats(nil))
		wantUnsent(t, err, transport.ErrNotConnected)
		if !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error is %q", name, err)
		}
		_ = w.Close()
		server.Close()
	}
	w, err := transport.NewWebSocket("ws://127.0.0.1:1", transport.WebSocketOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Do(t.Context(), stats(nil))
	wantUnsent(t, err, transport.ErrNotConnected)
	_ = w.Close()
}

func TestTheHandshakeGoesByTheCallersClientAndWithoutCredentials(t *testing.T) {
	t.Parallel()
	var shaken http.Header
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shaken = r.Header.Clone()
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		p := &scriptConn{Conn: conn, ctx: context.WithoutCancel(r.Context())}
		p.serve(fine)
		_ = conn.CloseNow()
	}))
	defer server.Close()
	w, err := transport.NewWebSocket("wss"+strings.TrimPrefix(server.URL, "https")+"/any/path", transport.WebSocketOptions{Client: server.Client()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	if _, err := w.Do(t.Context(), stats(http.Header{"X-Auth-Token": {"t"}, "X-Project-Id": {"p"}})); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"X-Auth-Token", "X-Project-Id", "Sec-Websocket-Protocol"} {
		if shaken.Get(name) != "" {
			t.Errorf("the handshake has %s", name)
		}
	}
}

func wantSent(t *testing.T, err, cause error) { t.Helper(); wantError(t, err, cause, true) }

func wantUnsent(t *testing.T, err, cause error) { t.Helper(); wantError(t, err, cause, false) }

func wantError(t *testing.T, err, cause error, sent bool) {
	t.Helper()
	e, ok := errors.AsType[*transport.Error](err)
	if !ok || e.MaybeSent != sent || cause != nil && !errors.Is(err, cause) {
		t.Errorf("the error is %#v %v, want %v with MaybeSent %v", err, err, cause, sent)
	}
}
