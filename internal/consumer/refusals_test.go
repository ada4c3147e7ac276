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
