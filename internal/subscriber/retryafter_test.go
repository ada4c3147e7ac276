package subscriber_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestASubscriberWaitsAsLongAsTheServerAsked(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_list", Status: 503, Times: 3, Header: http.Header{"Retry-After": {"100"}}})
		r := clienttest.Receive(t.Context(), clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "wot"))
		time.Sleep(299 * time.Second)
		if n := len(srv.Requests("message_list")); n != 3 {
			t.Errorf("%d polls in 299 s, want one in 100 s", n)
		}
		clienttest.PostMany(t, client.Queue("wot"), 1)
		time.Sleep(10 * time.Second)
		if r.Count() != 1 {
			t.Errorf("it received %d messages", r.Count())
		}
		r.Stop()
	})
}
