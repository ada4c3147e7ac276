package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAGracefulStopLetsHandlersFinishAndGivesBackTheRestAtOnce(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 100)
		var handled, others seen
		r := run(t, q, zaqar.ConsumerConfig{Workers: 4, ClaimSize: 10, Prefetch: 40}, func(ctx context.Context, m *zaqar.Message) error {
			time.Sleep(20 * time.Second)
			if ctx.Err() != nil {
				t.Errorf("a running handler was cancelled: %v", context.Cause(ctx))
			}
			handled.add(m)
			return nil
		})
		time.Sleep(5 * time.Second) // 4 are at work, of the first claim
		before := clienttest.Claimed(srv.Messages("p", "wot"))
		r.leave()
		synctest.Wait()
		if n := clienttest.Claimed(srv.Messages("p", "wot")); n != 10 || before != 40 {
			t.Errorf("%d of %d are still claimed, want the 10 of the claim that is at work", n, before)
		}
		other := run(t, q, zaqar.ConsumerConfig{Workers: 20}, func(_ context.Context, m *zaqar.Message) error {
			others.add(m)
			return nil
		})
		time.Sleep(time.Second)
		if n := other.Stats().Handled; n != 90 {
			t.Errorf("another consumer had %d messages within a second, want 90", n)
		}
		time.Sleep(15 * time.Second)
		r.stop()
		time.Sleep(5 * time.Second)
		other.stop()
		handled.once(t, 4)
		others.once(t, 96)
		clienttest.Stored(t, srv, "wot", 0)
	})
}

func TestAHandlerThatEndsTheContextIsTheLastOfItsWorker(t *testing.T) {
	t.Parallel()
	for range 50 { // whoever sees the end first
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("wot")
			clienttest.PostMany(t, q, 10)
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			consumer := q.Consumer(zaqar.ConsumerConfig{Workers: 1, ClaimSize: 10})
			err := consumer.Run(ctx, func(context.Context, *zaqar.Message) error {
				leave()
				return nil
			})
			if n := consumer.Stats().Handled; n != 1 || err != nil {
				t.Errorf("%d messages were handled, and Run returned %v", n, err)
			}
			if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 9)); n != 0 {
				t.Errorf("%d messages are still claimed", n)
			}
		})
	}
}

func TestAStopEndsBackoffs(t *testing.T) {
	t.Parallel()
	for _, policy := range []zaqar.FailurePolicy{zaqar.GiveBack, zaqar.RetryHere} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("wot")
			clienttest.PostMany(t, q, 5)
			r := run(t, q, zaqar.ConsumerConfig{OnFailure: policy, ClaimSize: 20}, func(context.Context, *zaqar.Message) error {
				return zaqar.RetryAfter(time.Hour, errBroken)
			})
			time.Sleep(time.Minute)
			start := time.Now()
			r.stop()
			if took := time.Since(start); took != 0 {
				t.Errorf("%v: the stop took %v", policy, took)
			}
			if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 5)); n != 0 {
				t.Errorf("%v: %d messages are still claimed", policy, n)
			}
		})
	}
}

func TestRunCancelsHandlersThatTakeLongerThanTheStopTimeout(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 8)
		r := run(t, q, zaqar.ConsumerConfig{StopTimeout: 10 * time.Second}, func(ctx context.Context, _ *zaqar.Message) error {
			<-ctx.Done()
			if cause := context.Cause(ctx); !errors.Is(cause, zaqar.ErrStopped) {
				t.Errorf("the cause is %v", cause)
			}
			return ctx.Err()
		})
		synctest.Wait()
		start := time.Now()
		r.leave()
		if err := <-r.ended; !errors.Is(err, zaqar.ErrStopped) {
			t.Errorf("Run returned %v", err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("the stop took %v", took)
		}
		if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 8)); n != 0 {
			t.Errorf("%d messages are still claimed", n)
		}
		if s := r.Stats(); s.Interrupted != 8 || s.GivenBack != 8 || s.Failed != 0 {
			t.Errorf("the counters are %+v", s)
		}
	})
}

func TestStopWaitsAndItsContextMakesItHard(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		work, patience time.Duration
		want           error
		left           int
	}{
		"graceful": {time.Minute, time.Hour, nil, 0},
		"hard":     {time.Hour, time.Minute, zaqar.ErrStopped, 1},
		"at once":  {time.Hour, 0, zaqar.ErrStopped, 1},
	} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("wot")
			clienttest.PostMany(t, q, 1)
			r := run(t, q, zaqar.ConsumerConfig{TTL: time.Minute}, func(ctx context.Context, _ *zaqar.Message) error {
				select {
				case <-time.After(c.work):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
			synctest.Wait()
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), c.patience)
			defer cancel()
			if err := r.Stop(ctx); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("%s: Stop returned %v", name, err)
			}
			if took := time.Since(start); took != min(c.work, c.patience) {
				t.Errorf("%s: it took %v", name, took)
			}
			if err := <-r.ended; !errors.Is(err, c.want) {
				t.Errorf("%s: Run returned %v", name, err)
			}
			if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", c.left)); n != 0 {
				t.Errorf("%s: %d messages are still claimed", name, n)
			}
			if err := r.Run(t.Context(), func(context.Context, *zaqar.Message) error { return nil }); !errors.Is(err, zaqar.ErrClosed) {
				t.Errorf("%s: run again: %v", name, err)
			}
		})
	}
}

func TestAStopDuringAnOutageEnds(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 20)
		r := run(t, q, zaqar.ConsumerConfig{ClaimSize: 20, StopTimeout: 20 * time.Second}, func(context.Context, *zaqar.Message) error {
			time.Sleep(10 * time.Second)
			return nil
		})
		time.Sleep(5 * time.Second)
		srv.Inject(zaqartest.Fault{Status: 503, Times: -1})
		start := time.Now()
		r.leave()
		if err := <-r.ended; err != nil {
			t.Errorf("Run returned %v", err)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("the stop took %v", took)
		}
		clienttest.Stored(t, srv, "wot", 20) // and they are free when the claim ends
	})
}

func TestAClaimThatIsUnderWayAtTheStopIsReleased(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		srv.Inject(zaqartest.Fault{Kind: "claim_create", Delay: 5 * time.Second})
		r := run(t, q, zaqar.ConsumerConfig{Workers: 1}, func(context.Context, *zaqar.Message) error {
			t.Error("it was handled")
			return nil
		})
		time.Sleep(time.Second)
		r.stop()
		if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 1)); n != 0 {
			t.Error("the message is still claimed")
		}
	})
}

func TestDeliveriesAreSettledByTheirTaker(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 5)
		c := q.Consumer(zaqar.ConsumerConfig{ClaimSize: 5, TTL: time.Minute})
		first, err := c.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rest, err := c.Fetch(t.Context(), 20)
		if err != nil || len(rest) != 4 {
			t.Fatalf("%d more came, %v", len(rest), err)
		}
		time.Sleep(10 * time.Minute) // the claim is renewed
		for range 2 {
			if err := first.Done(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if first.Context().Err() == nil {
			t.Error("the context of what is settled has not ended")
		}
		clienttest.Stored(t, srv, "wot", 4)
		if err := rest[0].Fail(t.Context(), nil); err != nil {
			t.Error(err)
		}
		for _, d := range rest[1:] {
			if err := d.Done(t.Context()); err != nil || d.Attempt() != 1 {
				t.Error(err)
			}
		}
		again, err := c.Next(t.Context())
		if err != nil || again.Attempt() != 2 || again.Message().ID() != rest[0].Message().ID() {
			t.Fatalf("%v, %v", again, err)
		}
		if err := again.Done(t.Context()); err != nil {
			t.Error(err)
		}
		clienttest.Stored(t, srv, "wot", 0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Next returned %v", err)
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := c.Next(t.Context()); !errors.Is(err, zaqar.ErrClosed) {
			t.Errorf("Next returned %v", err)
		}
	})
}

func TestDoneCanBeTriedAgainWhenItsContextEnded(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		c := q.Consumer(zaqar.ConsumerConfig{})
		d, err := c.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		srv.Inject(zaqartest.Fault{Kind: "message_delete", Delay: time.Minute, Times: -1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := d.Done(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Done returned %v", err)
		}
		srv.ClearFaults()
		if err := d.Done(t.Context()); err != nil {
			t.Error(err)
		}
		clienttest.Stored(t, srv, "wot", 0)
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAHardStopTakesDeliveriesBack(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		c := q.Consumer(zaqar.ConsumerConfig{})
		d, err := c.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.Stop(ctx); !errors.Is(err, zaqar.ErrStopped) {
			t.Errorf("Stop returned %v", err)
		}
		if cause := context.Cause(d.Context()); !errors.Is(cause, zaqar.ErrStopped) {
			t.Errorf("the cause is %v", cause)
		}
		if err := d.Done(t.Context()); !errors.Is(err, zaqar.ErrClaimLost) || !errors.Is(err, zaqar.ErrStopped) {
			t.Errorf("Done returned %v", err)
		}
		if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 1)); n != 0 {
			t.Error("the message is still claimed")
		}
	})
}

func TestAConsumerThatWasNeverUsedStopsAtOnce(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		c := client.Queue("wot").Consumer(zaqar.ConsumerConfig{})
		if err := c.Stop(t.Context()); err != nil || fmt.Sprint(c) != "<Consumer [wot]>" {
			t.Error(c, err)
		}
		if _, err := c.Next(t.Context()); !errors.Is(err, zaqar.ErrClosed) {
			t.Errorf("Next returned %v", err)
		}
	})
}
