package consumer_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// later is an answer that asks to wait.
func later(kind, seconds string, times int) zaqartest.Fault {
	return zaqartest.Fault{Kind: kind, Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {seconds}}, Times: times}
}

func TestAConsumerClaimsAgainWhenTheServerSaid(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		srv.Inject(later("claim_create", "40", 1))
		var handled seen
		r := run(t, q, zaqar.ConsumerConfig{Workers: 1}, func(_ context.Context, m *zaqar.Message) error {
			handled.add(m)
			return nil
		})
		time.Sleep(39 * time.Second)
		if n := len(srv.Requests("claim_create")); n != 1 {
			t.Errorf("%d claims were made in the first 39 s, want 1", n)
		}
		time.Sleep(10 * time.Second)
		handled.once(t, 1)
		r.stop()
	})
}

func TestAMessageIsDeletedAgainWhenTheServerSaid(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		srv.Inject(later("message_delete", "40", 1))
		r := run(t, q, zaqar.ConsumerConfig{Workers: 1}, func(context.Context, *zaqar.Message) error { return nil })
		time.Sleep(39 * time.Second)
		if n := len(srv.Requests("message_delete")); n != 1 {
			t.Errorf("%d deletions were sent in the first 39 s, want 1", n)
		}
		time.Sleep(10 * time.Second)
		clienttest.Stored(t, srv, "wot", 0)
		r.stop()
	})
}

func TestAClaimIsExtendedOnceMoreBeforeItEndsWhateverTheServerAsksFor(t *testing.T) {
	t.Parallel()
	for asked, most := range map[string]int{"15": 3, "300": 2} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("wot")
			clienttest.PostMany(t, q, 1)
			srv.Inject(later("claim_update", asked, 1))
			r := run(t, q, zaqar.ConsumerConfig{Workers: 1}, func(context.Context, *zaqar.Message) error {
				time.Sleep(110 * time.Second) // the claim lasts for 2 minutes
				return nil
			})
			time.Sleep(115 * time.Second)
			if s := r.Stats(); s.Handled != 1 || s.LostClaims != 0 || s.Renewed < 1 {
				t.Errorf("asked to wait %s s: %+v", asked, s)
			}
			if n := len(srv.Requests("claim_update")); n < 2 || n > most {
				t.Errorf("asked to wait %s s: %d extensions were sent, want 2 to %d", asked, n, most)
			}
			r.stop()
		})
	}
}
