package subscriber_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// onSocket runs a test on driven time over the embedded server's WebSocket, first alone
// and then with HTTP beside it.
func onSocket(t *testing.T, test func(t *testing.T, srv *zaqartest.Server, client, other *zaqar.Client)) {
	t.Helper()
	for _, beside := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			srv := zaqartest.RunInMemory(t)
			options := []zaqar.ConnectOption{zaqar.WithHTTPClient(srv.HTTPClient()), zaqar.WithProject("p")}
			other, err := zaqar.Connect(t.Context(), srv.URL(), options...)
			if err != nil {
				t.Fatal(err)
			}
			endpoint := srv.WebSocketURL()
			if beside {
				endpoint = srv.URL()
				options = append(options, zaqar.WithWebSocket(srv.WebSocketURL()))
			}
			client, err := zaqar.Connect(t.Context(), endpoint, options...)
			if err != nil {
				t.Fatal(err)
			}
			test(t, srv, client, other)
			for _, c := range []*zaqar.Client{client, other} {
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestOverTheWebSocketMessagesAreHeardAsTheyArePosted(t *testing.T) {
	t.Parallel()
	onSocket(t, func(t *testing.T, srv *zaqartest.Server, client, other *zaqar.Client) {
		queues := []string{"a", "b", "c"}
		sub := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), queues...)
		r := clienttest.Receive(t.Context(), sub)
		time.Sleep(10 * time.Minute)
		for i := range 20 {
			for _, name := range queues {
				post(t, other.Queue(name), i)
				time.Sleep(zaqar.DefaultMinInterval)
				if got := r.Of(name); !slices.Equal(got, upTo(0, i+1)) {
					t.Errorf("of %s it received %v", name, got)
				}
			}
			time.Sleep(time.Minute)
		}
		for _, name := range queues {
			if n := len(srv.Subscriptions("p", name)); n != 1 {
				t.Errorf("%s has %d subscriptions", name, n)
			}
		}
		srv.ResetRequests()
		time.Sleep(10 * time.Minute)
		if n := len(srv.Requests("message_list")); n > 3*(600/33+10) {
			t.Errorf("idle for 10 minutes it asked %d times for pages of three queues", n)
		}
		r.Stop()
		for _, name := range queues {
			if n := len(srv.Subscriptions("p", name)); n != 0 {
				t.Errorf("the loop was left, and %s has %d subscriptions", name, n)
			}
		}
	})
}

func TestAConnectionThatIsCutCostsNoMessage(t *testing.T) {
	t.Parallel()
	onSocket(t, func(t *testing.T, srv *zaqartest.Server, client, other *zaqar.Client) {
		sub := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "a")
		r := clienttest.Receive(t.Context(), sub)
		for i := range 200 {
			post(t, other.Queue("a"), i)
			time.Sleep(300 * time.Millisecond)
			if i%40 == 20 && srv.DropWebSockets() != 1 {
				t.Error("there was no connection to cut")
			}
		}
		time.Sleep(time.Minute)
		r.Stop()
		if got := r.Of("a"); !slices.Equal(got, upTo(0, 200)) {
			t.Errorf("it received %v", got)
		}
		if stats := sub.Stats(); stats.Rings < 50 {
			t.Errorf("it counted %+v", stats)
		}
	})
}

func TestClosingTheClientEndsTheLoopOverTheWebSocketToo(t *testing.T) {
	t.Parallel()
	onSocket(t, func(t *testing.T, srv *zaqartest.Server, client, _ *zaqar.Client) {
		r := clienttest.Receive(t.Context(), clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "a", "b"))
		time.Sleep(time.Minute)
		start := time.Now()
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		<-r.Done
		if err := r.Err(); !errors.Is(err, zaqar.ErrClosed) || time.Since(start) > 10*time.Second {
			t.Errorf("after %v it ended with %v", time.Since(start), err)
		}
		time.Sleep(time.Second)
		if n := srv.WebSockets(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
}

// A position holds the latest ids only, and answers over the WebSocket have no date.
func TestOverTheWebSocketASavedPositionBringsNothingAgain(t *testing.T) {
	t.Parallel()
	onSocket(t, func(t *testing.T, _ *zaqartest.Server, client, other *zaqar.Client) {
		queue := other.Queue("a")
		for i := range 200 {
			post(t, queue, i)
			time.Sleep(time.Second)
		}
		first := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "a")
		r := clienttest.Receive(t.Context(), first)
		time.Sleep(2 * time.Minute)
		r.Stop()
		if got := r.Of("a"); !slices.Equal(got, upTo(0, 200)) {
			t.Fatalf("it received %v", got)
		}
		second := client.Subscriber(zaqar.SubscriberConfig{})
		if err := second.SubscribeAt("a", saved(t, first.Position("a"))); err != nil {
			t.Fatal(err)
		}
		r = clienttest.Receive(t.Context(), second)
		time.Sleep(5 * time.Minute)
		post(t, queue, 200)
		time.Sleep(5 * time.Minute)
		r.Stop()
		if got := r.Of("a"); !slices.Equal(got, []int{200}) {
			t.Errorf("after a restart it received %d messages: %v", len(got), got)
		}
	})
}
