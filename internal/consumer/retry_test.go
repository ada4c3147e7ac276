package consumer_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAFailedMessageIsTriedAgainAfterABackoff(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]zaqar.ConsumerConfig{
		"given back":              {OnFailure: zaqar.GiveBack},
		"by default":              {},
		"given back, of twenty":   {OnFailure: zaqar.GiveBack, ClaimSize: 20},
		"by default, of twenty":   {ClaimSize: 20},
		"retried here":            {OnFailure: zaqar.RetryHere},
		"retried here, of twenty": {OnFailure: zaqar.RetryHere, ClaimSize: 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				clienttest.PostMany(t, q, 20)
				config.Backoff, config.MaxBackoff = 40*time.Second, 160*time.Second
				config.MaxPoll = time.Minute
				var tried seen
				r := run(t, q, config, func(ctx context.Context, m *zaqar.Message) error {
					if n := tried.add(m); string(m.Body()) == "7" && n < 4 {
						if n != zaqar.Attempt(ctx) {
							t.Errorf("attempt %d says that it is %d", n, zaqar.Attempt(ctx))
						}
						return errBroken
					}
					return nil
				})
				time.Sleep(20 * time.Minute)
				r.stop()
				if tried.counts["7"] != 4 || len(tried.counts) != 20 {
					t.Errorf("the attempts were %v", tried.counts)
				}
				clienttest.Stored(t, srv, "wot", 0)
				s := r.Stats()
				if s.Failed != 3 || s.Handled != 20 || s.Lost != 0 {
					t.Errorf("the counters are %+v", s)
				}
				back := config.OnFailure == zaqar.GiveBack || config.OnFailure == 0 && config.ClaimSize == 0
				if back && s.GivenBack != 3 || !back && s.GivenBack != 0 {
					t.Errorf("%d messages were given back", s.GivenBack)
				}
			})
		})
	}
}

func TestAClaimIsReleasedWhenAllItsMessagesAreSettled(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 3)
		r := run(t, q, zaqar.ConsumerConfig{Workers: 3, ClaimSize: 20, Backoff: -1, MaxHeld: 3, OnFailure: zaqar.GiveBack}, func(ctx context.Context, m *zaqar.Message) error {
			switch string(m.Body()) {
			case "0":
				if zaqar.Attempt(ctx) == 1 {
					return errBroken
				}
			case "1":
				time.Sleep(10 * time.Minute)
			}
			return nil
		})
		time.Sleep(5 * time.Minute)
		if n := clienttest.Claimed(srv.Messages("p", "wot")); n != 2 {
			t.Errorf("%d messages are claimed while one of them is running, want 2", n)
		}
		if s := r.Stats(); s.Running != 1 || s.Waiting != 1 {
			t.Errorf("the counters are %+v", s)
		}
		time.Sleep(6 * time.Minute)
		clienttest.Stored(t, srv, "wot", 0)
		r.stop()
		if n := len(srv.Requests("claim_delete")); n != 1 {
			t.Errorf("%d claims were released, want 1", n)
		}
	})
}

func TestAFailedMessageCanBeLeftToTheEndOfItsClaim(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		var times []time.Time
		r := run(t, q, zaqar.ConsumerConfig{Workers: 1, TTL: time.Minute, OnFailure: zaqar.LetExpire}, func(context.Context, *zaqar.Message) error {
			if times = append(times, time.Now()); len(times) == 1 {
				return errBroken
			}
			return nil
		})
		time.Sleep(10 * time.Minute)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		if len(times) != 2 || times[1].Sub(times[0]) < time.Minute || times[1].Sub(times[0]) > 63*time.Second {
			t.Errorf("the attempts were at %v", times)
		}
		if n := len(srv.Requests("claim_delete", "claim_update")); n != 0 {
			t.Errorf("%d claims were released or extended", n)
		}
	})
}

func TestTheHandlerCanSayWhenToTryAgain(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		start := time.Now()
		var attempts []int
		r := run(t, q, zaqar.ConsumerConfig{OnFailure: zaqar.RetryHere, DeadLetter: "dead", MaxAttempts: 2, MaxPoll: time.Minute}, func(ctx context.Context, _ *zaqar.Message) error {
			attempts = append(attempts, zaqar.Attempt(ctx))
			switch len(attempts) {
			case 1, 2:
				return fmt.Errorf("wrapped: %w", zaqar.RetryAfter(5*time.Minute, nil))
			case 3:
				return zaqar.RetryAfter(time.Minute, errBroken)
			}
			if took := time.Since(start); took != 11*time.Minute {
				t.Errorf("the last attempt came after %v", took)
			}
			return nil
		})
		time.Sleep(time.Hour)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		clienttest.Stored(t, srv, "dead", 0)
		if fmt.Sprint(attempts) != "[1 1 1 2]" {
			t.Errorf("the attempts were %v, but 'not now' is not counted", attempts)
		}
	})
}
