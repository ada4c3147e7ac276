package consumer_test

import (
	"context"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

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
