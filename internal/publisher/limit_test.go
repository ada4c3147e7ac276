package publisher_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestABatchIsMeasuredAsItsRequest(t *testing.T) {
	t.Parallel()
	const limit = 500
	for _, version := range []zaqar.Version{zaqar.V1, zaqar.V1_1, zaqar.V2} {
		srv := zaqartest.Run(t)
		client := connect(t, srv.URL(), zaqar.WithProject("p"), zaqar.WithVersion(version))
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchBytes: limit, BatchDelay: time.Hour})
		for i := range 200 {
			publish(t, p, zaqar.Outgoing{Body: strings.Repeat("<ü>", i%23), TTL: 2 * time.Minute})
		}
		mustClose(t, p)
		if n := len(srv.Messages("p", "wot")); n != 200 {
			t.Errorf("%s: %d messages are stored", version, n)
		}
		posts := srv.Requests("message_post")
		for i, seen := range posts {
			if len(seen.Body) > limit {
				t.Errorf("%s: a request has %d bytes", version, len(seen.Body))
			}
			if i+1 == len(posts) {
				continue
			}
			if next := len(firstMessage(t, posts[i+1].Body)); len(seen.Body)+1+next <= limit {
				t.Errorf("%s: a request of %d bytes left a message of %d behind", version, len(seen.Body), next)
			}
		}
	}
}

// firstMessage returns the first message of a post.
func firstMessage(t *testing.T, body []byte) json.RawMessage {
	t.Helper()
	var object struct{ Messages []json.RawMessage }
	if json.Unmarshal(body, &object) != nil || object.Messages == nil {
		if err := json.Unmarshal(body, &object.Messages); err != nil {
			t.Fatal(err)
		}
	}
	return object.Messages[0]
}

func TestTheLimitOfTheQueueIsLearned(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q, err := client.CreateQueue(t.Context(), "wot", zaqar.Reserved{MaxMessagesPostSize: 400})
		if err != nil {
			t.Fatal(err)
		}
		srv.ResetRequests()
		p := q.Publisher(zaqar.PublisherConfig{})
		publish(t, p, numbers(100)...)
		large := publish(t, p, strings.Repeat("x", 400))[0]
		publish(t, p, numbers(100)...)
		if told, ok := errors.AsType[*zaqar.PublishError](p.Flush(t.Context())); !ok || told.Failed != 1 || !errors.Is(told, zaqar.ErrTooLarge) {
			t.Errorf("flushing: %v", told)
		}
		again := publish(t, p, strings.Repeat("x", 400))[0]
		select {
		case <-again.Done():
		default:
			t.Error("a known limit is not applied at once")
		}
		mustClose(t, p)
		for _, f := range []*zaqar.Future[string]{large, again} {
			err := f.Err()
			if !errors.Is(err, zaqar.ErrTooLarge) || !errors.Is(err, zaqar.ErrInvalid) || !zaqar.SafeToRetry(err) ||
				!strings.Contains(err.Error(), "426 bytes, and wot allows 400") {
				t.Errorf("the large one: %v", err)
			}
		}
		if n := len(storedBodies(srv)); n != 200 {
			t.Errorf("%d messages are stored", n)
		}
		for _, seen := range srv.Requests("message_post") {
			if len(seen.Body) > 400 || seen.Status != 201 {
				t.Errorf("a request of %d bytes was answered %d", len(seen.Body), seen.Status)
			}
		}
		if n := len(srv.Requests("queue_get")); n != 1 {
			t.Errorf("the queue was read %d times", n)
		}
	})
}

func TestALimitThatChangesIsLearnedAgain(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		p := q.Publisher(zaqar.PublisherConfig{BatchMessages: 100, BatchDelay: zaqar.DefaultBatchDelay})
		publish(t, p, numbers(100)...)
		if err := p.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		metadata, err := q.Metadata(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := metadata.Set(t.Context(), zaqar.KeyMaxMessagesPostSize, 300); err != nil {
			t.Fatal(err)
		}
		srv.ResetRequests()
		publish(t, p, numbers(400)...)
		mustClose(t, p)
		if n := len(storedBodies(srv)); n != 500 {
			t.Errorf("%d messages are stored", n)
		}
		refused := 0
		for _, seen := range srv.Requests("message_post") {
			if seen.Status == 400 {
				refused++
			}
		}
		if refused != 7 { // of 100, twice 50, four times 25; then the limit was known
			t.Errorf("%d requests were refused", refused)
		}
		if n := len(srv.Requests("queue_get")); n != 1 {
			t.Errorf("the queue was read %d times", n)
		}
	})
}

func TestWhatCannotBeLearnedIsTried(t *testing.T) {
	t.Parallel()
	limits := zaqartest.DefaultLimits()
	limits.MaxMessagesPostSize = 1 << 20
	srv := zaqartest.Run(t, zaqartest.WithLimits(limits))
	client := connect(t, srv.URL(), zaqar.WithProject("p"))
	srv.Inject(zaqartest.Fault{Kind: "queue_get", Status: 403, Times: -1})
	p := client.Queue("wot").Publisher(zaqar.PublisherConfig{})
	futures := publish(t, p, "small", strings.Repeat("x", 500<<10), "small", strings.Repeat("x", 1<<20))
	mustClose(t, p, 1)
	for i, f := range futures[:3] {
		if err := f.Err(); err != nil {
			t.Errorf("message %d: %v", i, err)
		}
	}
	if err := futures[3].Err(); !errors.Is(err, zaqar.ErrInvalid) || clienttest.AsError(t, err).Code != 400 || !zaqar.SafeToRetry(err) {
		t.Errorf("the largest: %v", err)
	}
}
