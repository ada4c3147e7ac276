package consumer_test

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
		time.Sleep(5 * time.Second) // 4 are running, all of the first claim
		before := clienttest.Claimed(srv.Messages("p", "wot"))
		r.leave()
		synctest.Wait()
		if n := clienttest.Claimed(srv.Messages("p", "wot")); n != 10 || before != 40 {
			t.Errorf("%d of %d are still claimed, want the 10 of the claim that has running handlers", n, before)
		}
		other := run(t, q, zaqar.ConsumerConfig{Workers: 20}, func(_ context.Context, m *zaqar.Message) error {
			others.add(m)
			return nil
		})
		time.Sleep(time.Second)
		if n := other.Stats().Handled; n != 90 {
			t.Errorf("another consumer handled %d messages within a second, want 90", n)
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
		clienttest.Stored(t, srv, "wot", 20) // they are free when the claim expires
	})
}

func TestAClaimThatIsUnderWayAtTheStopIsReleased(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		srv.Inject(zaqartest.Fault{Kind: "claim_create", Delay: 5 * time.Second})
		r := run(t, q, zaqar.ConsumerConfig{Workers: 1}, func(context.Context, *zaqar.Message) error {
			t.Error("a handler was called")
			return nil
		})
		time.Sleep(time.Second)
		r.stop()
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
