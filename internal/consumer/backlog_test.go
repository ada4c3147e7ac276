package consumer_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestWhatWaitsDoesNotStopWhatWorks(t *testing.T) {
	t.Parallel()
	const bad, good = 100, 1000
	for outcome, fails := range map[string]error{
		"they fail":        errBroken,
		"they are put off": zaqar.RetryAfter(12*time.Hour, nil),
	} {
		for name, config := range map[string]zaqar.ConsumerConfig{
			"zero value":           {},
			"claims of 20":         {ClaimSize: 20},
			"claims of 20, return": {ClaimSize: 20, OnFailure: zaqar.GiveBack},
		} {
			t.Run(outcome+", "+name, func(t *testing.T) {
				t.Parallel()
				clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
					q := client.Queue("wot")
					clienttest.PostMany(t, q, bad+good)
					var mu sync.Mutex
					handled := map[string]bool{}
					var last time.Duration
					start := time.Now()
					r := run(t, q, config, zaqar.Handle(func(_ context.Context, n int, m *zaqar.Message) error {
						time.Sleep(10 * time.Millisecond)
						if n < bad {
							return fails
						}
						mu.Lock()
						defer mu.Unlock()
						handled[string(m.Body())] = true
						last = time.Since(start)
						return nil
					}))
					time.Sleep(2 * time.Minute)
					r.stop()
					if len(handled) != good || last > time.Minute {
						t.Errorf("%d of %d good messages were handled, the last after %v", len(handled), good, last)
					}
					if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", bad)); n != 0 {
						t.Errorf("%d messages are still claimed after the stop", n)
					}
					t.Logf("%d good messages were handled, the last after %v", len(handled), last)
				})
			})
		}
	}
}

func TestTheBoundOfWhatWaitsIsReported(t *testing.T) {
	t.Parallel()
	var witness clienttest.Witness
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 50)
		config := zaqar.ConsumerConfig{MaxWaiting: 20, OnFailure: zaqar.RetryHere}
		r := run(t, q, config, func(context.Context, *zaqar.Message) error {
			return zaqar.RetryAfter(3*time.Minute, errBroken)
		})
		time.Sleep(2 * time.Minute)
		if s := r.Stats(); s.Waiting < 20 || s.Waiting > 28 {
			t.Errorf("%d messages wait, want 20 and those that were under way", s.Waiting)
		}
		r.stop()
	}, zaqar.WithObserver(&witness))
	if full := clienttest.Saw[observe.BacklogFull](&witness); len(full) != 1 || full[0].Messages < 20 || full[0].Queue != "wot" {
		t.Errorf("the events were %v", full)
	}
}

func TestALongWaitTakesNoPlaceAndOneExtension(t *testing.T) {
	t.Parallel()
	for _, policy := range []zaqar.FailurePolicy{zaqar.GiveBack, zaqar.RetryHere} {
		t.Run(fmt.Sprint(policy), func(t *testing.T) {
			t.Parallel()
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				clienttest.PostMany(t, q, 60)
				config := zaqar.ConsumerConfig{MaxWaiting: 20, OnFailure: policy, MaxPoll: 5 * time.Minute}
				start := time.Now()
				var mu sync.Mutex
				var again []time.Duration
				r := run(t, q, config, func(_ context.Context, m *zaqar.Message) error {
					if passed := time.Since(start); passed > time.Minute {
						mu.Lock()
						defer mu.Unlock()
						again = append(again, passed)
						return nil
					}
					return zaqar.RetryAfter(10*time.Hour, nil)
				})
				time.Sleep(9 * time.Hour)
				if n := len(srv.Requests("claim_update")); n != 60 {
					t.Errorf("claims were extended %d times, want once each", n)
				}
				if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 60)); n != 60 {
					t.Errorf("%d messages are claimed", n)
				}
				time.Sleep(2 * time.Hour)
				r.stop()
				clienttest.Stored(t, srv, "wot", 0)
				for _, passed := range again {
					if passed < 10*time.Hour || passed > 10*time.Hour+6*time.Minute {
						t.Errorf("a message came again after %v", passed)
					}
				}
				if s := r.Stats(); s.Lost+s.LostClaims != 0 || s.Handled != 60 {
					t.Errorf("the counters are %+v", s)
				}
			})
		})
	}
}

func TestAServerThatRefusesLongClaimsGetsShortOnes(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 3)
		calls := 0
		srv.Inject(zaqartest.Fault{Kind: "claim_update", Status: 400})
		r := run(t, q, zaqar.ConsumerConfig{Workers: 1, MaxPoll: time.Minute}, func(context.Context, *zaqar.Message) error {
			if calls++; calls > 3 {
				return nil
			}
			return zaqar.RetryAfter(time.Hour, nil)
		})
		time.Sleep(2 * time.Hour)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); s.LostClaims != 0 || s.Handled != 3 || s.Renewed < 30 {
			t.Errorf("the counters are %+v", s)
		}
	})
}
