package subscriber_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestPollingIsQuickWhenBusyAndRareWhenIdle(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		sub := client.Subscriber(zaqar.SubscriberConfig{MinInterval: 100 * time.Millisecond, MaxInterval: 8 * time.Second})
		r := clienttest.Receive(t.Context(), clienttest.Subscribed(t, sub, "a"))
		defer r.Stop()
		time.Sleep(5 * time.Minute)
		srv.ResetRequests()
		time.Sleep(10 * time.Minute)
		seen := srv.Requests("message_list")
		if n := len(seen); n < 75 || n > 112 {
			t.Errorf("idle, it asked %d times in 10 minutes, want 75 to 100, and once a minute for hidden messages", n)
		}
		seen = slices.DeleteFunc(seen, func(s zaqartest.Seen) bool { return !strings.Contains(s.Path, "include_claimed") })
		gaps := map[time.Duration]bool{}
		for i := range seen[1:] {
			gap := seen[i+1].Time.Sub(seen[i].Time)
			gaps[gap] = true
			if gap < 6*time.Second || gap > 8*time.Second {
				t.Errorf("it waited %v", gap)
			}
		}
		if len(gaps) < len(seen)/2 {
			t.Errorf("only %d waits of %d differ", len(gaps), len(seen))
		}
		srv.ResetRequests()
		for i := range 100 { // a message every 50 ms
			post(t, client.Queue("a"), i)
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(8 * time.Second)
		if got := r.Of("a"); !slices.Equal(got, upTo(0, 100)) {
			t.Errorf("it received %v", got)
		}
		time.Sleep(time.Minute)
		srv.ResetRequests()
		start := time.Now()
		post(t, client.Queue("a"), upTo(0, 200)...)
		for r.Count() < 300 {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(start); took > 9*time.Second {
			t.Errorf("200 messages took %v", took)
		}
		if n := len(srv.Requests("message_list")); n > 20 {
			t.Errorf("200 messages took %d requests", n)
		}
	})
}

func TestManySubscribersDoNotAskTogether(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		for range 20 {
			r := clienttest.Receive(t.Context(), clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "a"))
			defer r.Stop()
		}
		time.Sleep(10 * time.Minute)
		srv.ResetRequests()
		time.Sleep(time.Minute)
		most, each := 0, map[int64]int{}
		for _, seen := range srv.Requests("message_list") {
			if !strings.Contains(seen.Path, "include_claimed") {
				continue // a look at the head of the queue, once a minute
			}
			bucket := seen.Time.UnixMilli() / 500
			each[bucket]++
			most = max(most, each[bucket])
		}
		if most > 10 {
			t.Errorf("%d of 20 asked within half a second", most)
		}
	})
}

func TestAQueueThatHangsOrFailsHoldsNoneUp(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]zaqartest.Fault{
		"hangs": {Kind: "message_list", Delay: time.Hour, Times: -1},
		"fails": {Kind: "message_list", Status: http.StatusServiceUnavailable, Times: -1},
		"cuts":  {Kind: "message_list", Cut: true, Times: -1},
		"talks": {Kind: "message_list", Status: http.StatusOK, Body: "nonsense", Times: -1},
	} {
		var mu sync.Mutex
		var failed []observe.ReadFailed
		recovered := 0
		watch := observe.Func(func(_ context.Context, e observe.Event) {
			mu.Lock()
			defer mu.Unlock()
			switch e := e.(type) {
			case observe.ReadFailed:
				failed = append(failed, e)
			case observe.ReadRecovered:
				recovered++
			}
		})
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			sub := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "bad")
			srv.Inject(fault)
			r := clienttest.Receive(t.Context(), sub)
			defer r.Stop()
			synctest.Wait() // the first request is in flight, with the fault
			if name != "hangs" {
				time.Sleep(10 * time.Minute)
				mu.Lock()
				if n := len(failed); n < 50 || n > 90 {
					t.Errorf("%s: %d failures in 10 minutes", name, n)
				}
				for i, f := range failed {
					if f.Queue != "bad" || f.Failures != i+1 || f.Wait > zaqar.DefaultMaxInterval || f.Err == nil {
						t.Errorf("%s: the observer received %+v", name, f)
					}
				}
				mu.Unlock()
			}
			srv.ClearFaults()
			clienttest.Subscribed(t, sub, "good")
			post(t, client.Queue("bad"), 1)
			post(t, client.Queue("good"), 1)
			start := time.Now()
			time.Sleep(time.Second)
			if len(r.Of("good")) != 1 {
				t.Errorf("%s: nothing came from the good queue", name)
			}
			for len(r.Of("bad")) == 0 {
				time.Sleep(time.Second)
			}
			if took := time.Since(start); took > zaqar.DefaultTimeout+zaqar.DefaultMaxInterval {
				t.Errorf("%s: the bad queue came back after %v", name, took)
			}
			mu.Lock()
			defer mu.Unlock()
			if recovered != 1 || sub.Stats().Failures != len(failed) {
				t.Errorf("%s: recovered %d times, %d of %d failures", name, recovered, sub.Stats().Failures, len(failed))
			}
		}, zaqar.WithObserver(watch))
	}
}

func TestQueuesThatAreBusyTakeTurns(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		post(t, client.Queue("busy"), upTo(0, 400)...)
		post(t, client.Queue("calm"), upTo(0, 5)...)
		sub := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "busy", "calm")
		calm, n := 0, 0
		for msg, err := range sub.Listen(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			if msg.Queue().Name() == "calm" {
				calm++
			}
			if calm == 5 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if n > 40 {
			t.Errorf("the calm queue's 5 messages came among %d", n)
		}
	})
}

func TestASlowLoopSlowsTheReading(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		post(t, client.Queue("a"), upTo(0, 100)...)
		sub := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "a")
		for _, err := range sub.Listen(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Minute)
			if n := len(srv.Requests("message_list")); n != 1 {
				t.Errorf("%d pages were read for one message", n)
			}
			break
		}
	})
}
