package subscriber_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
)

// leadingOn answers every listing with the same full page, and leads on to the marker
// that next returns.
func leadingOn(next func(n int, from string) string) *clienttest.Scripted {
	server := &clienttest.Scripted{}
	server.Answer = func(req *transport.Request) (*transport.Response, error) {
		var messages []any
		for i := range 20 {
			messages = append(messages, map[string]any{"id": fmt.Sprint("m", i), "ttl": 3600, "age": 0, "body": i})
		}
		link := map[string]string{"rel": "next", "href": "/x?marker=" + next(server.Count(), req.Query.Get("marker"))}
		body, err := json.Marshal(map[string]any{"messages": messages, "links": []any{link}})
		return &transport.Response{Status: http.StatusOK, Body: body}, err
	}
	return server
}

func TestASubscriberThatIsLedOnWithoutAnythingNewIsPaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		witness := &clienttest.Witness{}
		server := leadingOn(func(n int, _ string) string { return fmt.Sprint("a", n) })
		sub := clienttest.Over(t, server, zaqar.WithObserver(witness)).Subscriber(zaqar.SubscriberConfig{})
		if got := receive(t, clienttest.Subscribed(t, sub, "q"), func() { time.Sleep(time.Minute) }); len(got) != 20 {
			t.Errorf("it received %d", len(got))
		}
		if n := server.Count(); n < 600 || n > 710 {
			t.Errorf("it sent %d requests in a minute", n)
		}
		slowed := clienttest.Saw[observe.ListingSlowed](witness)
		if len(slowed) < 6 || slowed[0].Pages != 100 || slowed[0].Queue != "q" || slowed[1].Pages != 200 {
			t.Errorf("observed %+v", slowed)
		}
	})
}

func TestASubscriberThatIsLedInACircleReportsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		witness := &clienttest.Witness{}
		server := leadingOn(func(_ int, from string) string {
			if from == "a" {
				return "b"
			}
			return "a"
		})
		sub := clienttest.Over(t, server, zaqar.WithObserver(witness)).Subscriber(zaqar.SubscriberConfig{})
		if got := receive(t, clienttest.Subscribed(t, sub, "q"), func() { time.Sleep(time.Minute) }); len(got) != 20 {
			t.Errorf("it received %d", len(got))
		}
		failed := clienttest.Saw[observe.ReadFailed](witness)
		if len(failed) == 0 || !errors.Is(failed[0].Err, zaqar.ErrMalformed) || server.Count() > 300 {
			t.Errorf("after %d requests: observed %+v", server.Count(), failed)
		}
	})
}
