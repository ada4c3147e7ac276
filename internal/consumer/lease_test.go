package consumer_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAClaimIsRenewedAsLongAsItsHandlerWorks(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		var handled, others seen
		slow := run(t, q, zaqar.ConsumerConfig{TTL: time.Minute}, func(_ context.Context, m *zaqar.Message) error {
			time.Sleep(3 * time.Minute)
			handled.add(m)
			return nil
		})
		synctest.Wait()
		other := run(t, q, zaqar.ConsumerConfig{TTL: time.Minute}, func(_ context.Context, m *zaqar.Message) error {
			others.add(m)
			return nil
		})
		time.Sleep(4 * time.Minute)
		slow.stop()
		other.stop()
		handled.once(t, 1)
		others.once(t, 0)
		clienttest.Stored(t, srv, "wot", 0)
		// Every 20 to 30 seconds, for 180 seconds.
		if n := slow.Stats().Renewed; n < 5 || n > 9 {
			t.Errorf("the claim was extended %d times", n)
		}
	})
}

func TestAMessageNearItsEndIsSavedByRenewingAtOnce(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		for _, ttl := range []time.Duration{time.Hour, 90 * time.Second} {
			if _, err := q.Post(t.Context(), zaqar.Outgoing{Body: ttl.String(), TTL: ttl}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		start := time.Now()
		r := run(t, q, zaqar.ConsumerConfig{MaxPoll: time.Minute}, func(context.Context, *zaqar.Message) error {
			time.Sleep(time.Hour / 2)
			return nil
		})
		time.Sleep(time.Millisecond)
		extensions := srv.Requests("claim_update")
		if len(extensions) != 1 || extensions[0].Time.Sub(start) > time.Millisecond {
			t.Fatalf("%d claims were extended at once, want one of two", len(extensions))
		}
		time.Sleep(time.Hour)
		r.stop()
		if s := r.Stats(); s.Handled != 2 {
			t.Errorf("the counters are %+v", s)
		}
	})
}
