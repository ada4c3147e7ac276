package consumer_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestWhatALostClaimHeldIsHandledLater(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 6) // 0 waits for its back-off, 1 and 2 are running, 3 to 5 wait for a worker
		srv.Inject(zaqartest.Fault{Kind: "claim_update", Status: 404})
		var done seen
		r := run(t, q, zaqar.ConsumerConfig{Workers: 2, ClaimSize: 20, TTL: time.Minute, MaxPoll: time.Minute}, func(ctx context.Context, m *zaqar.Message) error {
			if string(m.Body()) == "0" && zaqar.Attempt(ctx) == 1 {
				return zaqar.RetryAfter(5*time.Minute, errBroken)
			}
			select {
			case <-time.After(2 * time.Minute):
				done.add(m)
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
		time.Sleep(time.Minute)
		if s := r.Stats(); s.LostClaims != 1 || s.Lost != 2 || s.Ready+s.Waiting != 0 {
			t.Errorf("the counters are %+v", s)
		}
		time.Sleep(time.Hour)
		r.stop()
		done.once(t, 6)
		clienttest.Stored(t, srv, "wot", 0)
	})
}

func TestAHandlerThatOutlivesItsLostClaimIsNotJoinedByAnother(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		srv.Inject(zaqartest.Fault{Kind: "claim_update", Status: 404})
		working, calls := false, 0
		r := run(t, q, zaqar.ConsumerConfig{Workers: 2, TTL: time.Minute}, func(ctx context.Context, _ *zaqar.Message) error {
			if working {
				t.Error("two handlers work on it at the same time")
			}
			working = true
			defer func() { working = false }()
			if calls++; calls > 1 {
				return nil
			}
			<-ctx.Done()
			time.Sleep(5 * time.Minute) // meanwhile the other worker's claim brings the message
			return ctx.Err()
		})
		time.Sleep(10 * time.Minute)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); calls != 2 || s.Duplicates != 1 || s.Handled != 1 || s.Failed != 0 {
			t.Errorf("%d calls, and the counters are %+v", calls, s)
		}
	})
}

func TestALostClaimEndsTheContextOfItsHandler(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		causes := make(chan error, 2)
		r := run(t, q, zaqar.ConsumerConfig{Workers: 1, TTL: time.Minute}, func(ctx context.Context, _ *zaqar.Message) error {
			if zaqar.Attempt(ctx) != 1 {
				t.Errorf("this is attempt %d, but a lost claim is not a failure of the message", zaqar.Attempt(ctx))
			}
			select {
			case <-ctx.Done():
				causes <- context.Cause(ctx)
				return ctx.Err()
			case <-time.After(10 * time.Minute):
				return nil
			}
		})
		synctest.Wait()
		releaseBehind(t, srv, q)
		if cause := <-causes; !errors.Is(cause, zaqar.ErrClaimLost) {
			t.Errorf("the cause is %v", cause)
		}
		time.Sleep(20 * time.Minute)
		r.stop()
		if s := r.Stats(); s.LostClaims != 1 || s.Lost != 1 || s.Handled != 1 || s.Failed != 0 {
			t.Errorf("the counters are %+v", s)
		}
		clienttest.Stored(t, srv, "wot", 0)
	})
}

func TestAnOutageIsBorneAsLongAsTheClaimLasts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		outage time.Duration
		lost   int
	}{
		"shorter": {20 * time.Second, 0},
		"longer":  {3 * time.Minute, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				clienttest.PostMany(t, q, 1)
				r := run(t, q, zaqar.ConsumerConfig{Workers: 1, TTL: time.Minute}, func(ctx context.Context, _ *zaqar.Message) error {
					select {
					case <-ctx.Done():
						return ctx.Err()
					case <-time.After(100 * time.Second):
						return nil
					}
				})
				time.Sleep(15 * time.Second)
				srv.Inject(zaqartest.Fault{Status: 503, Times: -1})
				time.Sleep(c.outage)
				srv.ClearFaults()
				time.Sleep(10 * time.Minute)
				r.stop()
				if s := r.Stats(); s.LostClaims != c.lost || s.Handled != 1 {
					t.Errorf("the counters are %+v", s)
				}
				clienttest.Stored(t, srv, "wot", 0)
			})
		})
	}
}
