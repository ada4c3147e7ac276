package consumer_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAMessageThatIsPutOffForHoursDoesNotHoldUpAFailedOneOfItsClaim(t *testing.T) {
	t.Parallel()
	for name, putOffFirst := range map[string]bool{"put off first": true, "failed first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				clienttest.PostMany(t, q, 2)
				var mu sync.Mutex
				var handled time.Duration
				attempts, start := 0, time.Now()
				config := zaqar.ConsumerConfig{Workers: 1, ClaimSize: 20, OnFailure: zaqar.GiveBack}
				r := run(t, q, config, zaqar.Handle(func(_ context.Context, n int, _ *zaqar.Message) error {
					mu.Lock()
					defer mu.Unlock()
					if (n == 0) == putOffFirst {
						return zaqar.RetryAfter(11*time.Hour, nil)
					}
					if attempts++; attempts <= 2 {
						return errBroken
					}
					handled = time.Since(start)
					return nil
				}))
				time.Sleep(time.Hour)
				r.stop()
				mu.Lock()
				defer mu.Unlock()
				if handled == 0 || handled > 10*time.Minute {
					t.Errorf("after %d attempts the failed message was handled after %v, want it within minutes", attempts, handled)
				}
				if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 1)); n != 0 {
					t.Errorf("%d messages are still claimed after the stop", n)
				}
			})
		})
	}
}
