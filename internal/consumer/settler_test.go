package consumer_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAWorkerDoesNotWaitForTheDeletion(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 20)
		for _, kind := range []string{"message_delete", "message_delete_many"} {
			srv.Inject(zaqartest.Fault{Kind: kind, Delay: 30 * time.Second, Times: -1})
		}
		var handled seen
		r := run(t, q, zaqar.ConsumerConfig{Workers: 1, MaxHeld: 15}, func(_ context.Context, m *zaqar.Message) error {
			handled.add(m)
			return nil
		})
		time.Sleep(10 * time.Second)
		if s := r.Stats(); s.Settling != 15 || s.Running+s.Ready != 0 || s.Handled != 0 {
			t.Errorf("the counters are %+v, want as many settling as may be held", s)
		}
		time.Sleep(2 * time.Minute)
		r.stop()
		handled.once(t, 20)
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); s.Handled != 20 || s.Settling != 0 || s.SettleErrors != 0 {
			t.Errorf("the counters are %+v", s)
		}
	})
}

func TestASlowServiceIsWaitedForAndNotAskedAgain(t *testing.T) {
	t.Parallel()
	for name, timeout := range map[string]time.Duration{
		"within the timeout": time.Minute,
		"beyond the timeout": 5 * time.Second,
		"without a timeout":  0,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				clienttest.PostMany(t, q, 100)
				srv.Inject(zaqartest.Fault{Delay: 12 * time.Second, Times: -1})
				var handled seen
				r := run(t, q, zaqar.ConsumerConfig{}, func(_ context.Context, m *zaqar.Message) error {
					handled.add(m)
					return nil
				})
				time.Sleep(time.Hour)
				s := r.Stats()
				deleted := 0
				for _, size := range deletions(t, srv) {
					deleted += size
				}
				if timeout != 5*time.Second && (s.Handled != 100 || deleted != 100) {
					t.Errorf("deletions of %d messages were sent, and the counters are %+v", deleted, s)
				}
				if s.Handled != 100 || deleted > 300 {
					t.Errorf("deletions of %d messages were sent, and the counters are %+v", deleted, s)
				}
				srv.ClearFaults()
				r.stop()
				clienttest.Stored(t, srv, "wot", 0)
				handled.once(t, 100)
			}, zaqar.WithTimeout(timeout))
		})
	}
}

func TestADeletionThatAlwaysFailsIsReportedAndEndsAndTheMessageIsRemembered(t *testing.T) {
	t.Parallel()
	var witness clienttest.Witness
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 5)
		for _, kind := range []string{"message_delete", "message_delete_many"} {
			srv.Inject(zaqartest.Fault{Kind: kind, Status: 503, Times: -1})
		}
		var handled seen
		r := run(t, q, zaqar.ConsumerConfig{MaxPoll: time.Minute}, func(_ context.Context, m *zaqar.Message) error {
			handled.add(m)
			return nil
		})
		time.Sleep(9 * time.Minute)
		if s := r.Stats(); s.Settling != 5 {
			t.Errorf("the counters are %+v", s)
		}
		time.Sleep(time.Hour)
		srv.ClearFaults()
		time.Sleep(time.Hour)
		r.stop()
		handled.once(t, 5)
		clienttest.Stored(t, srv, "wot", 0)
	}, zaqar.WithObserver(&witness))
	final := 0
	for _, e := range clienttest.Saw[observe.SettleFailed](&witness) {
		if e.Final != (e.Wait == 0) || e.Err == nil || e.Message == "" || e.Queue != "wot" {
			t.Errorf("an event is %+v", e)
		}
		if e.Final {
			final++
		}
	}
	if final < 5 {
		t.Errorf("%d settlements were given up", final)
	}
}

func TestWhichAnswersAreFinalForASettlement(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		body   string
		most   int // requests in the first three minutes
		lost   bool
	}{
		{status: 400, most: 2},                               // with the claim, and without it
		{status: 403, body: otherClaim, most: 3, lost: true}, // and again after the claim was extended
		{status: 404, most: 1},
		{status: 409, most: 1},
		{status: 413, most: 1},
		{status: 401, most: 60},
		{status: 403, body: "blocked by the proxy", most: 30},
	} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("wot")
			clienttest.PostMany(t, q, 1)
			srv.Inject(zaqartest.Fault{Kind: "message_delete", Status: c.status, Body: c.body, Times: -1})
			consumer := q.Consumer(zaqar.ConsumerConfig{})
			d, err := consumer.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			err = d.Done(t.Context())
			took, n := time.Since(start), len(srv.Requests("message_delete"))
			if err == nil || n > c.most || errors.Is(err, zaqar.ErrClaimLost) != c.lost {
				t.Errorf("%d %s: %d deletions, %v", c.status, c.body, n, err)
			}
			if waited := took > time.Minute && took < 3*time.Minute; waited != (c.most > 3) || !waited && took > time.Second {
				t.Errorf("%d %s: it took %v", c.status, c.body, took)
			}
			srv.ClearFaults()
			if err := consumer.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnswersThatPassAreTriedAgain(t *testing.T) {
	t.Parallel()
	for _, status := range []int{408, 425, 429, 500, 502, 503, 504, 401} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("wot")
			clienttest.PostMany(t, q, 1)
			srv.Inject(zaqartest.Fault{Kind: "message_delete", Status: status, Times: 7})
			var handled seen
			r := run(t, q, zaqar.ConsumerConfig{}, func(_ context.Context, m *zaqar.Message) error {
				handled.add(m)
				return nil
			})
			time.Sleep(2 * time.Minute)
			r.stop()
			handled.once(t, 1)
			clienttest.Stored(t, srv, "wot", 0)
			if s := r.Stats(); s.Handled != 1 || s.SettleErrors != 7 {
				t.Errorf("%d: the counters are %+v", status, s)
			}
		})
	}
}

func TestDeletionsDoNotWaitForABackoff(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 20)
		r := run(t, q, zaqar.ConsumerConfig{ClaimSize: 20}, func(_ context.Context, m *zaqar.Message) error {
			if string(m.Body()) == "7" {
				return zaqar.RetryAfter(time.Hour, nil)
			}
			return nil
		})
		time.Sleep(time.Second)
		clienttest.Stored(t, srv, "wot", 1)
		r.stop()
	})
}
