package publisher_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAPublisherWaitsAsLongAsTheServerAsked(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		start := time.Now()
		srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 429, Header: http.Header{"Retry-After": {"60"}}})
		publisher := client.Queue("wot").Publisher(zaqar.PublisherConfig{})
		if _, err := publisher.Publish(t.Context(), 1).Wait(t.Context()); err != nil {
			t.Error(err)
		}
		if waited, sent := time.Since(start), len(srv.Requests("message_post")); waited < time.Minute || sent != 2 {
			t.Errorf("%d posts in %v", sent, waited)
		}
		if err := publisher.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
