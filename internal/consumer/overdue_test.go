package consumer_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestTheHandlerTimeoutEndsAnAttemptAsAFailure(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		r := run(t, q, zaqar.ConsumerConfig{HandlerTimeout: time.Minute}, func(ctx context.Context, _ *zaqar.Message) error {
			if zaqar.Attempt(ctx) == 3 {
				return nil
			}
			start := time.Now()
			<-ctx.Done()
			if took := time.Since(start); took != time.Minute || !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
				t.Errorf("the context ended after %v with %v", took, context.Cause(ctx))
			}
			return ctx.Err()
		})
		time.Sleep(10 * time.Minute)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); s.Failed != 2 || s.Handled != 1 || s.Lost != 0 {
			t.Errorf("the counters are %+v", s)
		}
	})
}

func TestAHandlerThatHangsDoesNotKeepItsMessageForEver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config      zaqar.ConsumerConfig
		least, most time.Duration
	}{
		"by default":                       {zaqar.ConsumerConfig{Workers: 1}, time.Hour, time.Hour + 5*time.Minute},
		"configured":                       {zaqar.ConsumerConfig{Workers: 1, MaxExtension: 5 * time.Minute}, 5 * time.Minute, 8 * time.Minute},
		"of twenty":                        {zaqar.ConsumerConfig{Workers: 1, MaxExtension: 5 * time.Minute, ClaimSize: 20}, 5 * time.Minute, 8 * time.Minute},
		"which a free worker claims again": {zaqar.ConsumerConfig{Workers: 2, MaxExtension: 5 * time.Minute}, 5 * time.Minute, 12 * time.Hour},
		"for ever":                         {zaqar.ConsumerConfig{MaxExtension: -1}, 3 * time.Hour, 3 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				if _, err := q.Post(t.Context(), zaqar.Outgoing{Body: 0, TTL: 10 * 24 * time.Hour}); err != nil {
					t.Fatal(err)
				}
				let, cause := make(chan struct{}), make(chan error, 1)
				c.config.StopTimeout, c.config.MaxPoll = time.Second, 10*time.Minute
				hangs := run(t, q, c.config, func(ctx context.Context, _ *zaqar.Message) error {
					<-ctx.Done()
					cause <- context.Cause(ctx)
					<-let
					return ctx.Err()
				})
				start := time.Now()
				time.Sleep(time.Second)
				var takenAfter atomic.Int64
				other := run(t, q, zaqar.ConsumerConfig{Workers: 1, MaxPoll: time.Minute}, func(context.Context, *zaqar.Message) error {
					takenAfter.Store(int64(time.Since(start)))
					return nil
				})
				for takenAfter.Load() == 0 && time.Since(start) < c.most {
					time.Sleep(time.Minute)
				}
				taken := time.Duration(takenAfter.Load())
				if c.least < 3*time.Hour {
					if taken < c.least || taken > c.most {
						t.Errorf("somebody else has got the message after %v", taken)
					}
					if err := <-cause; !errors.Is(err, zaqar.ErrClaimLost) {
						t.Errorf("the cause is %v", err)
					}
				} else if taken != 0 {
					t.Errorf("somebody else has got the message after %v", taken)
				}
				other.stop()
				close(let)
				hangs.leave()
				if err := <-hangs.ended; err != nil && !errors.Is(err, zaqar.ErrStopped) {
					t.Errorf("Run returned %v", err)
				}
			})
		})
	}
}
