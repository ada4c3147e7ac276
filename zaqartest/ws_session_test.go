package zaqartest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/zaqartest"
)

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
	c.socket().call("queue_list", "").want(200)
}

func TestADelayOverAWebSocketIsWaitedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t).socket()
		s.srv.Inject(zaqartest.Fault{Kind: "queue_list", Delay: time.Minute})
		begin := time.Now()
		s.call("queue_list", "").want(200)
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
	// A wrong upgrade gets an explanation.
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

func TestTheClosingHandshakeIsCompleted(t *testing.T) {
	t.Parallel()
	s := start(t).socket()
	if err := s.conn.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Error(err)
	}
}

func TestDroppedWebSocketsEndWithoutAClosingFrame(t *testing.T) {
	t.Parallel()
	c := start(t)
	one, other := c.socket(), c.socket()
	one.call("queue_list", "").want(200)
	other.call("queue_list", "").want(200)
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
	c.socket().call("queue_list", "").want(200)
}

func TestAClosingServerSendsAClosingFrame(t *testing.T) {
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

func TestAClientThatDoesNotReadDoesNotKeepTheServerOpen(t *testing.T) {
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
