package consumer_test

import (
	"context"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestBulkDeletionFallsBackToSingleOnes(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]zaqartest.Fault{
		"the service refuses": {Kind: "message_delete_many", Status: 503},
		"the claim is lost":   {Kind: "claim_update", Status: 404},
	} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("wot")
			clienttest.PostMany(t, q, 3)
			srv.Inject(fault)
			r := run(t, q, zaqar.ConsumerConfig{Workers: 3, ClaimSize: 20, TTL: time.Minute, BulkDelete: true}, func(ctx context.Context, m *zaqar.Message) error {
				if string(m.Body()) == "2" {
					time.Sleep(50 * time.Second)
					return ctx.Err()
				}
				return nil
			})
			time.Sleep(55 * time.Second)
			if n := len(srv.Requests("message_delete")); n < 2 {
				t.Errorf("%s: %d messages were deleted one by one", name, n)
			}
			time.Sleep(10 * time.Minute)
			r.stop()
			clienttest.Stored(t, srv, "wot", 0)
			if s := r.Stats(); s.Handled != 3 {
				t.Errorf("%s: the counters are %+v", name, s)
			}
		})
	}
}

func TestADeletionIsTriedAgainWhileTheClaimLasts(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		srv.Inject(zaqartest.Fault{Kind: "message_delete", Cut: true, Times: 3})
		srv.Inject(zaqartest.Fault{Kind: "message_delete", Cut: true, After: true})
		var handled seen
		r := run(t, q, zaqar.ConsumerConfig{}, func(_ context.Context, m *zaqar.Message) error {
			handled.add(m)
			return nil
		})
		time.Sleep(time.Minute)
		r.stop()
		handled.once(t, 1)
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); s.Handled != 1 || s.Lost != 0 {
			t.Errorf("the counters are %+v", s)
		}
	})
}
