package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/transport"
)

// guard is a server with authentication. It accepts tokens by name and records what it
// was asked.
type guard struct {
	accepts func(token string) bool
	mu      sync.Mutex
	seen    []string // "authenticate t1", "queue_get_stats", …
}

func (g *guard) play(p *scriptConn) {
	authenticated := false
	p.serve(func(r request) (int, string) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if r.Action == "authenticate" {
			token := r.header("X-Auth-Token")
			g.seen = append(g.seen, "authenticate "+token)
			if r.header("X-Project-ID") == "" || !g.accepts(token) {
				return http.StatusUnauthorized, `{"error":"Authentication failed."}`
			}
			authenticated = true
			return http.StatusOK, `{"message":"Authentified."}`
		}
		if r.header("X-Auth-Token") != "" {
			g.seen = append(g.seen, "a token in "+r.Action)
		}
		g.seen = append(g.seen, r.Action)
		if !authenticated && r.header("URL-Signature") == "" {
			return http.StatusForbidden, `{"error":"Not authentified."}`
		}
		return http.StatusOK, `{}`
	})
}

func (g *guard) saw() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return strings.Join(g.seen, ", ")
}

func anyToken(string) bool { return true }

func bearing(token string) http.Header {
	return http.Header{"X-Auth-Token": {token}, "X-Project-Id": {"p"}, "Client-Id": {"c"}}
}

func ask(t *testing.T, w transport.Transport, h http.Header) int {
	t.Helper()
	reply, err := w.Do(t.Context(), stats(h))
	if err != nil {
		t.Error(err)
		return 0
	}
	return reply.Status
}

func TestAConnectionIsAuthenticatedOnceForAll(t *testing.T) {
	t.Parallel()
	g := &guard{accepts: anyToken}
	w := startScript(t, g.play).open(t, transport.WebSocketOptions{})
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() { ask(t, w, bearing("t1")) })
	}
	group.Wait()
	if saw := g.saw(); !strings.HasPrefix(saw, "authenticate t1, queue_get_stats") || strings.Count(saw, "authenticate") != 1 || strings.Contains(saw, "a token in") {
		t.Errorf("the server saw %s", saw)
	}
}

func TestARenewedTokenIsSentOnTheSameConnection(t *testing.T) {
	t.Parallel()
	g := &guard{accepts: anyToken}
	server := startScript(t, g.play)
	w := server.open(t, transport.WebSocketOptions{})
	// A caller that still has the old token does not bring it back.
	for _, token := range []string{"t1", "t2", "t1", "t2"} {
		ask(t, w, bearing(token))
	}
	const want = "authenticate t1, queue_get_stats, authenticate t2, queue_get_stats, queue_get_stats, queue_get_stats"
	if saw := g.saw(); saw != want || server.count.Load() != 1 {
		t.Errorf("the server saw %s on %d connections", saw, server.count.Load())
	}
}

func TestARefusedTokenIsTheReply(t *testing.T) {
	t.Parallel()
	g := &guard{accepts: func(token string) bool { return token == "good" }}
	w := startScript(t, g.play).open(t, transport.WebSocketOptions{})
	for token, want := range map[string]int{"bad": http.StatusUnauthorized, "good": http.StatusOK} {
		if status := ask(t, w, bearing(token)); status != want {
			t.Errorf("%s: status %d, want %d", token, status, want)
		}
	}
	_, err := w.Do(t.Context(), stats(http.Header{"X-Auth-Token": {"other"}}))
	wantUnsent(t, err, nil)
	if err == nil || !strings.Contains(err.Error(), "project") {
		t.Errorf("a token without a project: %v", err)
	}
}

func TestASignedURLNeedsNoAuthentication(t *testing.T) {
	t.Parallel()
	g := &guard{accepts: anyToken}
	w := startScript(t, g.play).open(t, transport.WebSocketOptions{})
	signed := http.Header{"Url-Signature": {"s"}, "X-Project-Id": {"p"}, "X-Auth-Token": {"t"}}
	reply, err := w.Do(t.Context(), &transport.Request{Action: "message_list", Params: map[string]any{"queue_name": "q"}, Header: signed})
	if err != nil || reply.Status != http.StatusOK {
		t.Errorf("%v, %v", reply, err)
	}
	// An action that no signed URL allows is not sent.
	if _, err := w.Do(t.Context(), stats(signed)); !errors.Is(err, transport.ErrNoAction) {
		t.Errorf("the error is %v", err)
	}
	ask(t, w, http.Header{"X-Project-Id": {"p"}})
	if saw := g.saw(); saw != "message_list, queue_get_stats" {
		t.Errorf("the server saw %s", saw)
	}
}

func TestAServerThatLostTheAuthenticationGetsItAgainOnce(t *testing.T) {
	t.Parallel()
	for _, words := range []string{"Not authentified.", "Not authenticated."} {
		for forgets, want := range map[int]string{
			1: "authenticate, queue_get_stats, authenticate, queue_get_stats",
			2: "authenticate, queue_get_stats, authenticate, queue_get_stats",
		} {
			var seen []string
			server := startScript(t, func(p *scriptConn) {
				left := forgets
				p.serve(func(r request) (int, string) {
					seen = append(seen, r.Action)
					if r.Action == "queue_get_stats" && left > 0 {
						left--
						return http.StatusForbidden, fmt.Sprintf(`{"error":%q}`, words)
					}
					return http.StatusOK, `{}`
				})
			})
			w := server.open(t, transport.WebSocketOptions{})
			status := ask(t, w, bearing("t"))
			if got := strings.Join(seen, ", "); got != want || (status == http.StatusOK) != (forgets == 1) {
				t.Errorf("%s %d times: status %d, the server saw %s", words, forgets, status, got)
			}
		}
	}
	g := &guard{accepts: anyToken}
	w := startScript(t, g.play).open(t, transport.WebSocketOptions{})
	if status := ask(t, w, nil); status != http.StatusForbidden {
		t.Errorf("without a token the status is %d", status)
	}
}

func TestAnAuthenticationWithoutAnAnswerIsAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := startScript(t, func(p *scriptConn) { p.serve(func(request) (int, string) { return 0, "" }) })
		w := server.open(t, transport.WebSocketOptions{})
		_, err := w.Do(t.Context(), stats(bearing("t")))
		wantUnsent(t, err, nil)
		if !strings.Contains(err.Error(), "connect without a token") {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestACallerWhoLeavesDoesNotEndTheAuthentication(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &guard{accepts: func(string) bool {
			time.Sleep(time.Second)
			return true
		}}
		w := startScript(t, g.play).open(t, transport.WebSocketOptions{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := w.Do(ctx, stats(bearing("t")))
		wantUnsent(t, err, context.DeadlineExceeded)
		ask(t, w, bearing("t"))
		if saw := g.saw(); saw != "authenticate t, queue_get_stats" {
			t.Errorf("the server saw %s", saw)
		}
	})
}

// tokens hands out tokens that expire, and makes a new one once most of a token's
// lifetime has passed.
type tokens struct {
	life    time.Duration
	mu      sync.Mutex
	n       int
	expires time.Time
	refused int // how many were
	down    bool
}

func (k *tokens) Authorize(_ context.Context, h http.Header) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down {
		return errors.New("keystone is down")
	}
	if time.Until(k.expires) < k.life/4 {
		k.n++
		k.expires = time.Now().Add(k.life)
	}
	h.Set(auth.HeaderToken, fmt.Sprintf("t%d", k.n))
	h.Set(auth.HeaderProject, "p")
	return nil
}

// made returns how many there were.
func (k *tokens) made() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.n
}

func (k *tokens) Expires() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.expires
}

func (k *tokens) Invalidate(http.Header) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refused++
	k.expires = time.Time{}
	return true
}

// strict is a server that closes with 4003 when the token it got last has expired.
func strict(k *tokens) func(*scriptConn) {
	return func(p *scriptConn) {
		var expiry *time.Timer
		defer func() {
			if expiry != nil {
				expiry.Stop()
			}
		}()
		p.serve(func(r request) (int, string) {
			if r.Action == "authenticate" {
				if expiry != nil {
					expiry.Stop()
				}
				expiry = time.AfterFunc(time.Until(k.Expires()), func() { _ = p.Close(4003, "Authentication expired.") })
			}
			return http.StatusOK, `{}`
		})
	}
}

func TestAnIdleConnectionIsAuthenticatedAgainWhileSomebodyListens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &tokens{life: time.Minute}
		server := startScript(t, strict(k))
		w := server.open(t, transport.WebSocketOptions{Auth: k})
		stop := w.Notify(func(transport.Notice) {})
		ask(t, w, nil)
		pass(time.Hour)
		before := k.made()
		if n := server.count.Load(); n != 1 || before < 60 || before > 90 {
			t.Errorf("%d connections and %d tokens in an hour", n, before)
		}
		stop()
		pass(time.Hour)
		if more := k.made() - before; more > 1 || server.count.Load() != 1 {
			t.Errorf("with nobody listening, %d tokens more and %d connections", more, server.count.Load())
		}
		ask(t, w, nil)
		if n := server.count.Load(); n != 2 {
			t.Errorf("%d connections, want another one", n)
		}
	})
}

func TestATokenRefusedAtTheConnectionIsRenewedAFewTimes(t *testing.T) {
	t.Parallel()
	for refusals, want := range map[int]int{1: http.StatusOK, 4: http.StatusOK, 9: http.StatusUnauthorized} {
		renewed := min(refusals, 4)
		k := &tokens{life: time.Hour}
		g := &guard{accepts: func(string) bool {
			refusals--
			return refusals < 0
		}}
		w := startScript(t, g.play).open(t, transport.WebSocketOptions{Auth: k, ClientID: "c"})
		if status := ask(t, w, nil); status != want || k.refused != renewed {
			t.Errorf("status %d, %d tokens refused, the server saw %s", status, k.refused, g.saw())
		}
	}
}

func TestCredentialsThatFailAreTheError(t *testing.T) {
	t.Parallel()
	w := startScript(t, func(p *scriptConn) { p.serve(fine) }).open(t, transport.WebSocketOptions{Auth: &tokens{down: true}})
	_, err := w.Do(t.Context(), stats(nil))
	wantUnsent(t, err, transport.ErrNotConnected)
	if !strings.Contains(err.Error(), "keystone is down") {
		t.Error(err)
	}
}

func TestAnExpiredConnectionIsMadeAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var notices []string
		server := startScript(t, func(p *scriptConn) {
			timer := time.AfterFunc(time.Minute, func() { _ = p.Close(4003, "Authentication expired.") })
			defer timer.Stop()
			p.serve(fine)
		})
		w := server.open(t, transport.WebSocketOptions{})
		stop := w.Notify(func(n transport.Notice) { notices = append(notices, fmt.Sprint(n.Kind, n.Session, n.Err)) })
		defer stop()
		ask(t, w, bearing("t"))
		pass(90 * time.Second)
		want := []string{
			fmt.Sprint(transport.Connected, 1, nil),
			fmt.Sprint(transport.Disconnected, 1, errors.New("the server closed the connection (4003: Authentication expired.)")),
			fmt.Sprint(transport.Connected, 2, nil),
		}
		if got := strings.Join(notices, "\n"); got != strings.Join(want, "\n") {
			t.Errorf("the notices are\n%s", got)
		}
	})
}
