package consumer_test

import (
	"context"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAConsumerHandlesEachMessageOnceAndDeletesIt(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]zaqar.ConsumerConfig{
		"single":   {},
		"twenty":   {ClaimSize: 20},
		"ahead":    {ClaimSize: 20, Prefetch: 40},
		"no more":  {ClaimSize: 20, Prefetch: -1},
		"one":      {Workers: 1, ClaimSize: 5},
		"held few": {Workers: 4, ClaimSize: 20, MaxHeld: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				clienttest.PostMany(t, q, 100)
				var handled seen
				r := run(t, q, config, func(_ context.Context, m *zaqar.Message) error {
					time.Sleep(50 * time.Millisecond)
					handled.add(m)
					return nil
				})
				time.Sleep(time.Minute)
				r.stop()
				handled.once(t, 100)
				clienttest.Stored(t, srv, "wot", 0)
				if s := r.Stats(); s.Handled != 100 || s.Claimed != 100 || s.Failed+s.Lost+s.LostClaims+s.GivenBack+s.Duplicates != 0 {
					t.Errorf("the counters are %+v", s)
				}
			})
		})
	}
}

func TestNothingIsHandledTwiceWhileItsClaimLives(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"single": 1, "twenty": 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				clienttest.PostMany(t, q, 60)
				var handled seen
				takes := func(d time.Duration) zaqar.Handler {
					return func(_ context.Context, m *zaqar.Message) error {
						time.Sleep(d)
						handled.add(m)
						return nil
					}
				}
				config := zaqar.ConsumerConfig{Workers: 2, ClaimSize: size, TTL: time.Minute, MaxPoll: 20 * time.Second}
				consumers := []*running{
					run(t, q, config, takes(3*time.Minute)),
					run(t, q, config, takes(time.Second)),
					run(t, q, config, takes(5*time.Second)),
				}
				time.Sleep(time.Hour)
				for _, c := range consumers {
					c.stop()
				}
				handled.once(t, 60)
				clienttest.Stored(t, srv, "wot", 0)
			})
		})
	}
}

func TestAConsumerWorksByEveryVersion(t *testing.T) {
	t.Parallel()
	for _, version := range []zaqar.Version{zaqar.V1, zaqar.V1_1, zaqar.V2} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("wot")
			clienttest.PostMany(t, q, 10)
			r := run(t, q, zaqar.ConsumerConfig{TTL: time.Minute, DeadLetter: "dead", MaxAttempts: 2}, func(_ context.Context, m *zaqar.Message) error {
				if string(m.Body()) == "7" {
					return errBroken
				}
				time.Sleep(2 * time.Minute)
				return nil
			})
			time.Sleep(10 * time.Minute)
			r.stop()
			clienttest.Stored(t, srv, "wot", 0)
			clienttest.Stored(t, srv, "dead", 1)
			if s := r.Stats(); s.Handled != 9 || s.DeadLettered != 1 || s.Renewed < 9 || s.Lost != 0 {
				t.Errorf("%v: the counters are %+v", version, s)
			}
		}, zaqar.WithVersion(version))
	}
}
