package transport_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/transport"
)

// beside returns a transport that prefers the WebSocket and has HTTP beside it.
func beside(t *testing.T, first *transport.WebSocket) transport.Transport {
	t.Helper()
	both := transport.Fallback(first, &other{})
	t.Cleanup(func() { _ = both.Close() })
	return both
}

// took returns how long a request took, and who answered it.
func took(t *testing.T, by transport.Transport, h http.Header) (time.Duration, string) {
	t.Helper()
	start := time.Now()
	reply, err := by.Do(t.Context(), stats(h))
	if err != nil {
		t.Fatal(err)
	}
	return time.Since(start), string(reply.Body)
}

func TestBesideHTTPCallsWaitAQuarterOfASecondForTheFirstDialAndNotForLaterOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dials := 0
		hangs := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			dials++
			<-ctx.Done()
			return nil, ctx.Err()
		}}}
		first, err := transport.NewWebSocket("ws://zaqar.test/", transport.WebSocketOptions{Client: hangs, FailFast: true})
		if err != nil {
			t.Fatal(err)
		}
		both := beside(t, first)
		second := make(chan time.Duration)
		go func() {
			time.Sleep(100 * time.Millisecond)
			waited, _ := took(t, both, nil)
			second <- waited
		}()
		if waited, by := took(t, both, nil); waited != 250*time.Millisecond || by != "second" {
			t.Errorf("the first call waited %v for %s", waited, by)
		}
		if waited := <-second; waited != 150*time.Millisecond {
			t.Errorf("a call beside it waited %v", waited)
		}
		for range 20 {
			if waited, by := took(t, both, nil); waited != 0 || by != "second" {
				t.Errorf("a later call waited %v for %s", waited, by)
			}
			pass(7 * time.Second)
		}
		if dials < 2 {
			t.Errorf("%d dials in two minutes", dials)
		}
	})
}

func TestBesideHTTPNoCallWaitsForALostConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := startScript(t, func(p *scriptConn) {
			if r, ok := p.next(); ok {
				p.answer(r, http.StatusOK, `"socket"`)
			}
			_ = p.CloseNow()
		})
		both := beside(t, server.open(t, transport.WebSocketOptions{FailFast: true}))
		bySocket := 0
		for range 20 {
			waited, by := took(t, both, nil)
			if waited != 0 {
				t.Errorf("a call waited %v for %s", waited, by)
			}
			if by == `"socket"` {
				bySocket++
			}
			pass(40 * time.Second)
		}
		if bySocket < 2 {
			t.Errorf("the WebSocket was used %d times", bySocket)
		}
	})
}

func TestBesideHTTPADeadConnectionHoldsUpNoCallThatWasNotWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		both := beside(t, startScript(t, mute).open(t, transport.WebSocketOptions{FailFast: true}))
		for range 4 { // as many abandoned requests as a connection may have
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := both.Do(ctx, stats(nil)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the error is %v", err)
			}
			cancel()
		}
		for range 3 {
			if waited, by := took(t, both, nil); waited > 250*time.Millisecond || by != "second" {
				t.Errorf("a call waited %v for %s", waited, by)
			}
		}
	})
}

func TestBesideHTTPAnAuthenticationWithoutAnAnswerHoldsUpNoCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		both := beside(t, startScript(t, mute).open(t, transport.WebSocketOptions{FailFast: true}))
		token := http.Header{}
		token.Set(auth.HeaderToken, "t")
		token.Set(auth.HeaderProject, "p")
		for range 10 {
			if waited, by := took(t, both, token); waited > 250*time.Millisecond || by != "second" {
				t.Errorf("a call waited %v for %s", waited, by)
			}
			pass(3 * time.Second)
		}
	})
}

func TestTheNextHandshakeWaitsAsLongAsTheServerAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked []time.Time
		refusing := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, time.Now())
			h := http.Header{"Retry-After": {strconv.Itoa(40 * len(asked))}}
			return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: h, Body: http.NoBody, Request: r}, nil
		})}
		first, err := transport.NewWebSocket("ws://zaqar.test/", transport.WebSocketOptions{Client: refusing, FailFast: true})
		if err != nil {
			t.Fatal(err)
		}
		both := beside(t, first)
		for range 300 {
			took(t, both, nil)
			pass(time.Second)
		}
		if len(asked) != 4 {
			t.Fatalf("%d handshakes in 300 s", len(asked))
		}
		for i := range 3 {
			if waited := asked[i+1].Sub(asked[i]); waited < time.Duration(40*(i+1))*time.Second {
				t.Errorf("handshake %d came after %v", i+2, waited)
			}
		}
	})
}
