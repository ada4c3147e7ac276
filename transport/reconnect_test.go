package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/transport"
)

// pass advances the bubble's time and waits until all goroutines are idle.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// mute reads requests and answers none.
func mute(p *scriptConn) { p.serve(func(request) (int, string) { return 0, "" }) }

func TestListenersAreReconnectedWithGrowingPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kick := make(chan struct{})
		server := startScript(t, func(p *scriptConn) {
			go func() {
				<-kick
				_ = p.CloseNow()
			}()
			p.serve(fine)
		})
		w := server.open(t, transport.WebSocketOptions{})
		var notices []transport.Notice
		stop := w.Notify(func(n transport.Notice) { notices = append(notices, n) })
		pass(time.Hour)
		if n := server.dials.Load(); n != 0 {
			t.Errorf("%d dials before anybody asked", n)
		}
		ask(t, w, nil)
		pass(time.Minute)
		server.down.Store(true)
		kick <- struct{}{}
		pass(10 * time.Minute)
		if n := server.dials.Load(); n < 20 || n > 120 {
			t.Errorf("%d dials in ten minutes", n)
		}
		if len(notices) != 2 || notices[1].Kind != transport.Disconnected {
			t.Errorf("the notices are %+v", notices)
		}
		server.down.Store(false)
		pass(time.Minute)
		if len(notices) != 3 || notices[2].Kind != transport.Connected || notices[2].Session != 2 || notices[2].Attempts < 20 {
			t.Errorf("the notices are %+v", notices)
		}
		stop()
		server.down.Store(true)
		before := server.dials.Load()
		kick <- struct{}{}
		pass(time.Hour)
		if n := server.dials.Load(); n != before {
			t.Errorf("%d dials with nobody listening", n-before)
		}
		if len(notices) != 3 {
			t.Errorf("notified after the stop: %+v", notices)
		}
	})
}

func TestALateListenerIsNotifiedOfTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := startScript(t, func(p *scriptConn) { p.serve(fine) }).open(t, transport.WebSocketOptions{})
		ask(t, w, nil)
		var notices []transport.Notice
		stop := w.Notify(func(n transport.Notice) { notices = append(notices, n) })
		synctest.Wait()
		stop()
		stop()
		if len(notices) != 1 || notices[0].Kind != transport.Connected || notices[0].Session != 1 {
			t.Errorf("the notices are %+v", notices)
		}
	})
}

func TestARequestWaitsForTheNextConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := startScript(t, func(p *scriptConn) {
			p.serve(func(r request) (int, string) {
				if p.number == 1 {
					_ = p.CloseNow()
				}
				return http.StatusOK, `{}`
			})
		})
		w := server.open(t, transport.WebSocketOptions{})
		_, err := w.Do(t.Context(), stats(nil))
		wantSent(t, err, nil) // it was in flight
		server.down.Store(true)
		time.AfterFunc(20*time.Second, func() { server.down.Store(false) })
		ask(t, w, nil)
		if n := server.count.Load(); n != 2 {
			t.Errorf("there were %d connections", n)
		}

		server.down.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		ask(t, w, nil) // the connection is there
		_ = w.Close()
		_, err = w.Do(ctx, stats(nil))
		wantUnsent(t, err, transport.ErrClosed)
	})
}

func TestAWaitForAConnectionEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := startScript(t, func(p *scriptConn) {
			if _, ok := p.next(); ok && p.number == 1 {
				_ = p.CloseNow()
			}
		})
		w := server.open(t, transport.WebSocketOptions{})
		_, err := w.Do(t.Context(), stats(nil))
		wantSent(t, err, nil)
		server.down.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		_, err = w.Do(ctx, stats(nil))
		wantUnsent(t, err, context.DeadlineExceeded)
		if took := time.Since(start); took != 10*time.Second || !strings.Contains(err.Error(), "closed pipe") {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

func TestADeadConnectionIsNoticed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		play   func(*scriptConn)
		limit  time.Duration
		within time.Duration
	}{
		"the server reads nothing":            {func(p *scriptConn) { <-p.ctx.Done() }, time.Hour, 30 * time.Second},
		"the server answers pings only":       {mute, time.Hour, 80 * time.Second},
		"three requests in a row are in vain": {mute, 12 * time.Second, 40 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := startScript(t, func(p *scriptConn) {
				if p.number == 1 {
					test.play(p)
					return
				}
				p.serve(fine)
			})
			w := server.open(t, transport.WebSocketOptions{})
			start := time.Now()
			for failed := 0; ; failed++ {
				ctx, cancel := context.WithTimeout(t.Context(), test.limit)
				_, err := w.Do(ctx, stats(nil))
				cancel()
				if err == nil {
					break
				}
				wantSent(t, err, nil)
				if failed > 10 {
					t.Fatal("no new connection")
				}
			}
			if took := time.Since(start); took > test.within || server.count.Load() != 2 {
				t.Errorf("%s: %v and %d connections", name, took, server.count.Load())
			}
		})
	}
}

func TestAnIdleConnectionThatDiedIsMadeAgainForListeners(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := startScript(t, func(p *scriptConn) {
			if p.number > 1 {
				p.serve(fine)
				return
			}
			r, _ := p.next()
			p.answer(r, http.StatusOK, `{}`)
			<-p.ctx.Done()
		})
		w := server.open(t, transport.WebSocketOptions{})
		defer w.Notify(func(transport.Notice) {})()
		ask(t, w, nil)
		pass(2 * time.Minute)
		if n := server.count.Load(); n != 2 {
			t.Errorf("there were %d connections", n)
		}
	})
}

func TestAServerThatClosesAtOnceIsNotFlooded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := startScript(t, func(p *scriptConn) { _ = p.CloseNow() })
		w := server.open(t, transport.WebSocketOptions{Timeout: time.Minute})
		_, err := w.Do(t.Context(), stats(nil))
		if _, ok := errors.AsType[*transport.Error](err); !ok {
			t.Error(err)
		}
		if n := server.count.Load(); n > 30 {
			t.Errorf("%d connections in a minute", n)
		}
	})
}

func TestWhatTheWebSocketCannotDoGoesOverTheOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := startScript(t, func(p *scriptConn) {
			if p.number == 1 {
				if r, ok := p.next(); ok {
					p.answer(r, http.StatusOK, `{"first":true}`)
				}
				return
			}
			p.serve(fine)
		})
		first := server.open(t, transport.WebSocketOptions{FailFast: true})
		second := &other{}
		both := transport.Fallback(first, second)
		var notices []transport.Notice
		defer both.(transport.Notifier).Notify(func(n transport.Notice) { notices = append(notices, n) })()

		by := func(req *transport.Request, want string) {
			t.Helper()
			reply, err := both.Do(t.Context(), req)
			if err != nil || string(reply.Body) != want {
				t.Errorf("%s: %v, %v, want %s", req.Action, reply, err, want)
			}
		}
		lesser := stats(nil)
		lesser.Lesser = true
		by(lesser, "second")
		by(stats(nil), `{"first":true}`)
		by(&transport.Request{Method: http.MethodGet, Path: "/v2/health"}, "second")
		server.down.Store(true)
		synctest.Wait()
		by(stats(nil), "second") // while the first is not connected
		own := &transport.Request{Action: "subscription_create", Params: map[string]any{"queue_name": "q"}}
		_, err := both.Do(t.Context(), own)
		wantUnsent(t, err, transport.ErrNotConnected)
		own.Params["subscriber"] = "http://a"
		by(own, "second")
		server.down.Store(false)
		pass(time.Minute)
		by(stats(nil), `{}`)
		if len(notices) != 3 {
			t.Errorf("notices: %+v", notices)
		}
		if err := both.Close(); err != nil || !second.closed {
			t.Errorf("%v, closed %v", err, second.closed)
		}
	})
	both := transport.Fallback(&other{}, &other{})
	both.(transport.Notifier).Notify(func(transport.Notice) {})()
}

// other is a transport that answers at once.
type other struct{ closed bool }

func (o *other) Do(context.Context, *transport.Request) (*transport.Response, error) {
	return &transport.Response{Status: http.StatusOK, Body: []byte("second")}, nil
}

func (o *other) Close() error {
	o.closed = true
	return nil
}

func TestASlowListenerLosesPushesAndNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const pushed = 1_000
		server := startScript(t, func(p *scriptConn) {
			r, _ := p.next()
			for i := range pushed {
				p.say(fmt.Sprintf(`{"ttl":60,"body":%d,"Message_Type":"Notification","queue_name":"q"}`, i))
			}
			p.answer(r, http.StatusOK, `{}`)
			p.serve(fine)
		})
		w := server.open(t, transport.WebSocketOptions{})
		var slow, quick int
		release := make(chan struct{})
		stopSlow := w.Notify(func(n transport.Notice) {
			<-release
			if n.Kind == transport.Pushed {
				slow++
			}
		})
		stopQuick := w.Notify(func(n transport.Notice) {
			if n.Kind == transport.Pushed && n.Queue == "q" && n.Session == 1 && strings.HasPrefix(string(n.Body), `{"ttl":60,"body":`) {
				quick++
			}
		})
		ask(t, w, nil)
		close(release)
		synctest.Wait()
		stopSlow()
		stopQuick()
		if slow == 0 || slow > 300 || quick < slow {
			t.Errorf("the slow one got %d notices, the quick one %d", slow, quick)
		}
	})
}
