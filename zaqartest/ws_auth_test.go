package zaqartest_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// authenticated opens a WebSocket and authenticates it with a token of the user
// demo.
func authenticated(t *testing.T) (s *socket, in *client) {
	t.Helper()
	in, a := startWithKeystone(t).login(password("demo", "secret", demoScope))
	s = in.socket().with("X-Project-ID", a.text("token", "project", "id"))
	s.authenticate(in)
	return s, in
}

// authenticate presents the token of a caller.
func (s *socket) authenticate(in *client) {
	s.t.Helper()
	s.with("X-Auth-Token", in.header.Get("X-Auth-Token")).call("authenticate", "").want(200).wantJSON(`{"message":"Authentified."}`)
}

// wantExpired waits until the connection is closed because its token has expired.
func (s *socket) wantExpired() {
	s.t.Helper()
	_, content, err := s.conn.Read(s.t.Context())
	if err == nil {
		s.t.Fatalf("the connection is open: %s", content)
	}
	want := websocket.CloseError{Code: 4003, Reason: "Authentication expired."}
	if got, ok := errors.AsType[websocket.CloseError](err); !ok || got != want {
		s.t.Fatalf("it was closed with %v, want %v", err, want)
	}
}

func TestAWebSocketDoesNothingBeforeAuthentication(t *testing.T) {
	t.Parallel()
	s, in := authenticated(t)
	encodings := map[string]*socket{"JSON": in.socket(), "MessagePack": in.socket().packed()}
	for name, other := range encodings {
		t.Run(name, func(t *testing.T) {
			other.header = s.header
			other.call("queue_create", `{"queue_name":"q"}`).wantError(403, "Not authentified.")
			other.with("X-Auth-Token", in.header.Get("X-Auth-Token")).call("queue_create", `{"queue_name":"q"}`).wantError(403, "Not authentified.")
			other.call("fly", "").wantError(400, "not a valid action")
			other.call("queue_create", `{}`).wantError(400, "Schema")
			for _, token := range []any{"", "wrong"} {
				other.with("X-Auth-Token", token).call("authenticate", "").wantError(401, "Authentication failed.")
			}
			other.call("authenticate", "").want(400)
			other.with("X-Auth-Token", 5).call("authenticate", "").want(400)
			other.with("X-Project-ID", nil).with("X-Auth-Token", "x").call("authenticate", "").want(400)
			other.call("queue_create", `{"queue_name":"q"}`).wantError(403, "Not authentified.")
			other.authenticate(in)
			other.call("queue_create", `{"queue_name":"`+name+`"}`).want(201)
		})
	}
	if got := s.srv.Queues(s.header["X-Project-ID"].(string)); len(got) != 2 {
		t.Errorf("the queues are %v", got)
	}
}

func TestOnlyTheTokensProjectCanBeNamedOnAWebSocket(t *testing.T) {
	t.Parallel()
	s, in := authenticated(t)
	_, other := s.srv.AddUser(zaqartest.User{Name: "eve", Password: "pw", Project: "evil"})
	for _, project := range []any{other, "", "demo"} {
		s.with("X-Project-ID", project).call("queue_create", `{"queue_name":"q"}`).wantError(403, "Not authenticated.")
	}
	// The project of authenticate itself does not matter.
	s.with("X-Project-ID", other).authenticate(in)
	s.call("queue_create", `{"queue_name":"q"}`).want(201)
	s.with("X-Project-ID", other).call("queue_create", `{"queue_name":"q"}`).wantError(403, "Not authenticated.")
	if got := s.srv.Queues(other); len(got) != 0 {
		t.Errorf("a caller chose its project: %v", got)
	}
}

func TestATokenWithoutAProjectAllowsNothingOnAWebSocket(t *testing.T) {
	t.Parallel()
	in, _ := startWithKeystone(t).login(password("demo", "secret", ""))
	s := in.socket().with("X-Project-ID", "p")
	s.authenticate(in)
	s.call("queue_list", "").wantError(403, "Not authenticated.")
	s.with("X-Project-ID", "").call("queue_list", "").want(400)
}

func TestAWebSocketIsClosedWhenItsTokenExpires(t *testing.T) {
	t.Parallel()
	s, in := authenticated(t)
	s.call("queue_list", "").want(200)
	s.srv.Advance(time.Hour - time.Minute)
	s.call("queue_list", "").want(200)
	s.srv.Advance(time.Minute)
	s.wantExpired()
	again := in.socket().with("X-Project-ID", s.header["X-Project-ID"])
	again.with("X-Auth-Token", in.header.Get("X-Auth-Token")).call("authenticate", "").wantError(401, "Authentication failed.")
}

func TestAWebSocketIsClosedWhenItsTokenExpiresWithoutAdvance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := authenticated(t)
		begin := time.Now()
		s.wantExpired()
		if lived := time.Since(begin); lived != time.Hour {
			t.Errorf("it lived for %v", lived)
		}
		synctest.Wait()
		if got := s.srv.WebSockets(); got != 0 {
			t.Errorf("%d are open", got)
		}
	})
}

func TestAuthenticatingAgainReplacesTheExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, in := authenticated(t)
		begin := time.Now()
		<-time.After(50 * time.Minute)
		fresh, _ := in.login(password("demo", "secret", demoScope))
		s.authenticate(fresh)
		<-time.After(50 * time.Minute)
		s.call("queue_list", "").want(200)
		// A bad token does not end what a good one began.
		s.with("X-Auth-Token", "wrong").call("authenticate", "").wantError(401, "Authentication failed.")
		s.call("queue_list", "").want(200)
		s.wantExpired()
		if lived := time.Since(begin); lived != 110*time.Minute {
			t.Errorf("it lived for %v", lived)
		}
	})
}

func TestAnOlderTokenBringsTheExpiryForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, in := authenticated(t)
		s.srv.SetTokenTTL(time.Minute)
		short, _ := in.login(password("demo", "secret", demoScope))
		s.authenticate(short)
		begin := time.Now()
		s.wantExpired()
		if lived := time.Since(begin); lived != time.Minute {
			t.Errorf("it lived for %v", lived)
		}
	})
}

func TestARevokedTokenIsRefusedOnAWebSocket(t *testing.T) {
	t.Parallel()
	s, in := authenticated(t)
	s.srv.RevokeTokens()
	s.with("X-Auth-Token", in.header.Get("X-Auth-Token")).call("authenticate", "").wantError(401, "Authentication failed.")
	// The WebSocket stays authenticated.
	s.call("queue_list", "").want(200)
	s.srv.Advance(time.Hour)
	s.wantExpired()
}

func TestTheLogOfAWebSocketHasNoTokens(t *testing.T) {
	t.Parallel()
	s, in := authenticated(t)
	token := in.header.Get("X-Auth-Token")
	seen := s.srv.Requests("authenticate")
	if len(seen) != 1 || seen[0].Header.Get("X-Auth-Token") != "[redacted]" || len(seen[0].Body) != 0 || seen[0].Status != 200 {
		t.Errorf("logged %+v", seen)
	}
	if token == "" {
		t.Error("there was no token")
	}
}

func TestAFaultCanApplyToAuthentication(t *testing.T) {
	t.Parallel()
	s, in := authenticated(t)
	s.srv.Inject(zaqartest.Fault{Kind: "authenticate", Status: 503, Body: `{"error":"later"}`})
	s.with("X-Auth-Token", in.header.Get("X-Auth-Token")).call("authenticate", "").wantError(503, "later")
	s.authenticate(in)
}
