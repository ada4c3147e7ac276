package consumer_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// refusals are the answers that may end a consumer.
var refusals = map[int]error{
	400: zaqar.ErrInvalid, 401: zaqar.ErrUnauthorized, 403: zaqar.ErrForbidden, 404: zaqar.ErrNotFound,
}

func nothingToDo(context.Context, *zaqar.Message) error { return nil }

func TestARefusalFromTheStartEndsRunAfterSeconds(t *testing.T) {
	t.Parallel()
	for status, want := range refusals {
		var witness clienttest.Witness
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			srv.Inject(zaqartest.Fault{Kind: "claim_create", Status: status, Times: -1})
			c := client.Queue("wot").Consumer(zaqar.ConsumerConfig{})
			start := time.Now()
			err := c.Run(t.Context(), nothingToDo)
			if !errors.Is(err, want) {
				t.Errorf("%d: Run returned %v", status, err)
			}
			if took := time.Since(start); took < 5*time.Second || took > 20*time.Second {
				t.Errorf("%d: it took %v", status, took)
			}
			if _, again := c.Next(t.Context()); !errors.Is(again, want) {
				t.Errorf("%d: Next returned %v", status, again)
			}
		}, zaqar.WithObserver(&witness))
		if failed := clienttest.Saw[observe.ClaimFailed](&witness); len(failed) < 3 || failed[len(failed)-1].Wait != 0 {
			t.Errorf("%d: the events were %v", status, failed)
		}
	}
}

func TestARefusalAfterASuccessEndsRunAfterAMinute(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after       time.Duration
		least, most time.Duration
	}{
		"by default": {0, time.Minute, 75 * time.Second},
		"configured": {time.Hour, time.Hour, time.Hour + 15*time.Second},
	} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			r := run(t, client.Queue("wot"), zaqar.ConsumerConfig{GiveUpAfter: c.after}, nothingToDo)
			time.Sleep(time.Minute)
			srv.Inject(zaqartest.Fault{Kind: "claim_create", Status: 403, Times: -1})
			start := time.Now()
			if err := <-r.ended; !errors.Is(err, zaqar.ErrForbidden) {
				t.Errorf("%s: Run returned %v", name, err)
			}
			if took := time.Since(start); took < c.least || took > c.most {
				t.Errorf("%s: it took %v", name, took)
			}
		})
	}
}

func TestAMomentOfRefusalsEndsNothingThoughManyClaimsGetThem(t *testing.T) {
	t.Parallel()
	for status := range refusals {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("wot")
			var handled seen
			r := run(t, q, zaqar.ConsumerConfig{}, func(_ context.Context, m *zaqar.Message) error {
				handled.add(m)
				time.Sleep(time.Second)
				return nil
			})
			clienttest.PostMany(t, q, 40)
			time.Sleep(3 * time.Second) // eight claims are made at once
			srv.Inject(zaqartest.Fault{Kind: "claim_create", Status: status, Times: -1})
			time.Sleep(50 * time.Second)
			srv.ClearFaults()
			time.Sleep(time.Minute)
			select {
			case err := <-r.ended:
				t.Fatalf("%d: Run returned %v", status, err)
			default:
			}
			r.stop()
			handled.once(t, 40)
		})
	}
}

func TestAnOutageBetweenRefusalsBeginsThemAnew(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		r := run(t, client.Queue("wot"), zaqar.ConsumerConfig{}, nothingToDo)
		time.Sleep(time.Minute)
		for range 20 {
			srv.Inject(zaqartest.Fault{Kind: "claim_create", Status: 401, Times: 4})
			srv.Inject(zaqartest.Fault{Kind: "claim_create", Status: 503, Times: 1})
		}
		time.Sleep(10 * time.Minute)
		r.stop()
	})
}

func TestANegativeGiveUpAfterIsNever(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "claim_create", Status: 404, Times: -1})
		r := run(t, client.Queue("wot"), zaqar.ConsumerConfig{GiveUpAfter: -1, MaxPoll: time.Minute}, nothingToDo)
		time.Sleep(2 * time.Hour)
		r.stop()
	})
}

func TestAConsumerOfAClosedClientEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) {
			return nil, &transport.Error{Err: transport.ErrClosed}
		}}
		client := clienttest.Over(t, gone)
		if err := client.Queue("wot").Consumer(zaqar.ConsumerConfig{}).Run(t.Context(), nothingToDo); !errors.Is(err, zaqar.ErrClosed) {
			t.Errorf("Run returned %v", err)
		}
		if n := gone.Count(); n > 8 {
			t.Errorf("%d claims were made", n)
		}
		_ = client.Close()
	})
}

// pages are refusals that are not Zaqar's.
var pages = map[string]zaqartest.Fault{
	"404 of an ingress": {Status: 404, Body: "default backend - 404"},
	"404 of a gateway":  {Status: 404, Body: `{"message":"no Route matched with those values"}`},
	"403 of a proxy":    {Status: 403, Body: "<html>Forbidden: claim</html>"},
	"400 of a proxy":    {Status: 400, Body: "<html>Bad Request</html>"},
}

func TestAServiceThatAProxyHidesForAnHourEndsNoConsumer(t *testing.T) {
	t.Parallel()
	for name, fault := range pages {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("wot")
			clienttest.PostMany(t, q, 5)
			var handled seen
			r := run(t, q, zaqar.ConsumerConfig{MaxPoll: 20 * time.Second}, func(_ context.Context, m *zaqar.Message) error {
				handled.add(m)
				return nil
			})
			time.Sleep(time.Minute)
			fault.Times = -1
			srv.Inject(fault)
			time.Sleep(time.Hour)
			srv.ClearFaults()
			if _, err := q.Post(t.Context(), 5, 6, 7, 8, 9); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			r.stop()
			handled.once(t, 10)
			if s := r.Stats(); s.LostClaims != 0 || s.Handled != 10 {
				t.Errorf("%s: the counters are %+v", name, s)
			}
			clienttest.Stored(t, srv, "wot", 0)
		})
	}
}

func TestAPageFromTheStartEndsRunAfterSeconds(t *testing.T) {
	t.Parallel()
	for name, fault := range pages {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			fault.Kind, fault.Times = "claim_create", -1
			srv.Inject(fault)
			start := time.Now()
			err := client.Queue("wot").Consumer(zaqar.ConsumerConfig{}).Run(t.Context(), nothingToDo)
			if took := time.Since(start); !errors.Is(err, zaqar.ErrMalformed) || took < 5*time.Second || took > 20*time.Second {
				t.Errorf("%s: after %v Run returned %v", name, took, err)
			}
		})
	}
}

func TestAPageLosesNoClaimAndNoDeletion(t *testing.T) {
	t.Parallel()
	for name, fault := range pages {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("wot")
			clienttest.PostMany(t, q, 4)
			for _, kind := range []string{"claim_update", "message_delete"} {
				fault.Kind, fault.Times = kind, 3
				srv.Inject(fault)
			}
			var handled seen
			r := run(t, q, zaqar.ConsumerConfig{Workers: 4}, func(ctx context.Context, m *zaqar.Message) error {
				handled.add(m)
				select {
				case <-time.After(5 * time.Minute):
				case <-ctx.Done():
					t.Errorf("%s: the claim was taken for lost: %v", name, context.Cause(ctx))
				}
				return nil
			})
			time.Sleep(10 * time.Minute)
			r.stop()
			handled.once(t, 4)
			if s := r.Stats(); s.LostClaims+s.Lost+s.Rescued != 0 || s.Handled != 4 || s.SettleErrors != 3 {
				t.Errorf("%s: the counters are %+v", name, s)
			}
			clienttest.Stored(t, srv, "wot", 0)
		})
	}
}
