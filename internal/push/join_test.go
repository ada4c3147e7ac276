package push_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/internal/push"
	"github.com/zaqar-go/zaqar/observe"
)

// slowServer counts the subscriptions that it has. Each call takes a while.
type slowServer struct {
	made, deleted atomic.Int64
}

func (s *slowServer) Subscribe(context.Context, string, time.Duration) (string, error) {
	time.Sleep(30 * time.Millisecond)
	return fmt.Sprint(s.made.Add(1)), nil
}

func (s *slowServer) Renew(context.Context, string, string, time.Duration) error {
	return fault.Unsupported
}

func (s *slowServer) Unsubscribe(context.Context, string, string) error {
	time.Sleep(20 * time.Millisecond)
	s.deleted.Add(1)
	return nil
}

func (s *slowServer) Ping(context.Context) error { return nil }

func (s *slowServer) RetryAfter(error) time.Duration { return 0 }

func (s *slowServer) Observe(context.Context, observe.Event) {}

// member is a listener that knows whether it may be called.
type member struct {
	joined atomic.Bool
	woken  atomic.Int64
	late   atomic.Int64 // calls after it had left
}

func (m *member) Wake(bool) { m.called() }
func (m *member) Live(bool) { m.called() }

func (m *member) called() {
	m.woken.Add(1)
	if !m.joined.Load() {
		m.late.Add(1)
	}
}

func TestListenersMayJoinAndLeaveWhilePushesCome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, service := &slowServer{}, newService()
		hub := push.New(server, service)
		var members sync.WaitGroup
		woken := atomic.Int64{}
		for i := range 12 {
			queue := fmt.Sprint("q", i%3)
			if i%3 == 0 {
				queue = "q" // the one that is pushed
			}
			members.Go(func() {
				for range 50 {
					m := &member{}
					m.joined.Store(true)
					hub.Join(queue, m)
					time.Sleep(time.Duration(7*i) * time.Millisecond)
					hub.Leave(queue, m)
					m.joined.Store(false)
					hub.Leave(queue, m) // has no effect
					woken.Add(m.woken.Load())
					time.Sleep(time.Duration(i) * time.Millisecond)
					if n := m.late.Load(); n > 0 {
						t.Errorf("it was called %d times after it had left", n)
					}
				}
			})
		}
		service.change(func() { service.subscriptions["s"] = subscribed("q", 1) })
		for range 20 {
			service.post("m")
			service.reconnect(10 * time.Millisecond)
			service.change(func() { service.subscriptions["s"] = subscribed("q", service.session) })
			time.Sleep(40 * time.Millisecond)
		}
		members.Wait()
		synctest.Wait()
		if woken.Load() == 0 || server.made.Load() == 0 {
			t.Errorf("%d subscriptions were made, and listeners were called %d times", server.made.Load(), woken.Load())
		}
		if len(service.listeners) != 0 {
			t.Errorf("the hub without listeners still follows the transport, %d times", len(service.listeners))
		}
	})
}
