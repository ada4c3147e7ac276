package publisher_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// connect connects a client that is closed with the test.
func connect(t *testing.T, endpoint string, options ...zaqar.ConnectOption) *zaqar.Client {
	t.Helper()
	client, err := zaqar.Connect(t.Context(), endpoint, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// publish publishes bodies and returns their futures.
func publish(t *testing.T, p *zaqar.Publisher, bodies ...any) []*zaqar.Future[string] {
	t.Helper()
	futures := make([]*zaqar.Future[string], len(bodies))
	for i, body := range bodies {
		futures[i] = p.Publish(t.Context(), body)
	}
	return futures
}

// numbers returns the bodies 0 to n-1.
func numbers(n int) []any {
	bodies := make([]any, n)
	for i := range bodies {
		bodies[i] = i
	}
	return bodies
}

// storedBodies returns the bodies in the queue wot, in its order.
func storedBodies(srv *zaqartest.Server) []string {
	bodies := []string{}
	for _, m := range srv.Messages("p", "wot") {
		bodies = append(bodies, string(m.Body))
	}
	return bodies
}

// batchSizes returns how many messages each post had.
func batchSizes(t *testing.T, srv *zaqartest.Server) []int {
	t.Helper()
	sizes := []int{}
	for _, seen := range srv.Requests("message_post") {
		var body struct{ Messages []json.RawMessage }
		if err := json.Unmarshal(seen.Body, &body); err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(body.Messages))
	}
	return sizes
}

// mustClose closes a publisher and checks that nothing is left in it, and that Close
// tells how many messages failed whose futures were not read, if any.
func mustClose(t *testing.T, p *zaqar.Publisher, failed ...int) {
	t.Helper()
	err := p.Close(t.Context())
	told, ok := errors.AsType[*zaqar.PublishError](err)
	switch {
	case len(failed) == 0 && err != nil, len(failed) > 0 && !ok:
		t.Errorf("closing: %v", err)
	case ok && (told.Failed != failed[0] || told.First == nil || told.Queue == "" || !errors.Is(err, told.First)):
		t.Errorf("closing: %v, want %v failed", err, failed)
	}
	if messages, bytes := p.Outstanding(); messages != 0 || bytes != 0 {
		t.Errorf("after Close %d messages of %d bytes are outstanding", messages, bytes)
	}
}

func TestAMessageWaitsForOthersForTheDelayAndNoLonger(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchDelay: time.Second})
		futures := publish(t, p, 0, 1)
		time.Sleep(999 * time.Millisecond)
		futures = append(futures, publish(t, p, 2)...)
		synctest.Wait()
		if n := len(srv.Requests("message_post")); n != 0 {
			t.Errorf("before the delay is over %d requests were sent", n)
		}
		start := time.Now()
		for i, f := range futures {
			id, err := f.Wait(t.Context())
			if err != nil || srv.Messages("p", "wot")[i].ID != id {
				t.Errorf("message %d: %q, %v", i, id, err)
			}
		}
		if waited := time.Since(start); waited != time.Millisecond {
			t.Errorf("it took %v more", waited)
		}
		if got := batchSizes(t, srv); !slices.Equal(got, []int{3}) {
			t.Errorf("batches of %v", got)
		}
		mustClose(t, p)
	})
}

func TestAFullBatchDoesNotWait(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchMessages: 3, BatchDelay: time.Hour})
		start := time.Now()
		futures := publish(t, p, numbers(7)...)
		for _, f := range futures[:6] {
			if _, err := f.Wait(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("it took %v", waited)
		}
		if messages, _ := p.Outstanding(); messages != 1 {
			t.Errorf("%d messages are outstanding", messages)
		}
		if err := p.Flush(t.Context()); err != nil || time.Since(start) != 0 {
			t.Errorf("flushed after %v: %v", time.Since(start), err)
		}
		if got := batchSizes(t, srv); !slices.Equal(got, []int{3, 3, 1}) {
			t.Errorf("batches of %v", got)
		}
		if got := storedBodies(srv); !slices.Equal(got, []string{"0", "1", "2", "3", "4", "5", "6"}) {
			t.Errorf("stored in the order %v", got)
		}
		mustClose(t, p)
	})
}

func TestWithoutADelayABatchIsWhatCameMeanwhile(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Second})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchDelay: -1})
		publish(t, p, 0)
		synctest.Wait() // the first one is under way
		publish(t, p, 1, 2, 3)
		mustClose(t, p)
		if got := batchSizes(t, srv); !slices.Equal(got, []int{1, 3}) {
			t.Errorf("batches of %v", got)
		}
	})
}

func TestTheBadMessagesOfABatchFailAlone(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchDelay: zaqar.DefaultBatchDelay})
		var futures []*zaqar.Future[string]
		var want []string
		bad := map[int]bool{0: true, 41: true, 42: true, 99: true}
		for i := range 100 {
			m := zaqar.Outgoing{Body: i}
			if bad[i] {
				m.TTL = 1000 * 24 * time.Hour // servers allow fourteen
			} else {
				want = append(want, fmt.Sprint(i))
			}
			futures = append(futures, publish(t, p, m)...)
		}
		mustClose(t, p, len(bad))
		for i, f := range futures {
			err := f.Err()
			if !bad[i] && err != nil || bad[i] && (!errors.Is(err, zaqar.ErrInvalid) || !zaqar.SafeToRetry(err)) {
				t.Errorf("message %d: %v", i, err)
			}
		}
		if got := storedBodies(srv); !slices.Equal(got, want) {
			t.Errorf("stored in the order %v", got)
		}
		if n := len(srv.Requests("message_post")); n > 50 {
			t.Errorf("it took %d requests", n)
		}
	})
}

func TestADelayThatWouldBeIgnoredFailsAlone(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		later, err := client.CreateQueue(t.Context(), "later", zaqar.Reserved{DefaultMessageDelay: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []*zaqar.Queue{client.Queue("wot"), later} {
			p := q.Publisher(zaqar.PublisherConfig{})
			futures := publish(t, p, 0, zaqar.Outgoing{Body: 1, Delay: time.Minute}, 2)
			if q == later {
				mustClose(t, p)
			} else {
				mustClose(t, p, 1)
			}
			for i, f := range futures {
				want := i == 1 && q != later
				if err := f.Err(); (err != nil) != want || want && (!errors.Is(err, zaqar.ErrInvalid) || !zaqar.SafeToRetry(err)) {
					t.Errorf("%s: message %d: %v", q, i, err)
				}
			}
		}
		if got := storedBodies(srv); !slices.Equal(got, []string{"0", "2"}) {
			t.Errorf("stored: %v", got)
		}
		if n := len(srv.Messages("p", "later")); n != 3 {
			t.Errorf("stored where delays count: %d", n)
		}
	})
}

func TestAPublisherWorksOverTheWebSocket(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]zaqar.ConnectOption{"JSON": nil, "MessagePack": {zaqar.WithMessagePack()}} {
		srv := zaqartest.Run(t)
		client := connect(t, srv.WebSocketURL(), append(options, zaqar.WithProject("p"))...)
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{})
		futures := publish(t, p, numbers(250)...)
		bad := publish(t, p, zaqar.Outgoing{Body: 250, TTL: 1000 * 24 * time.Hour}, strings.Repeat("x", 300_000))
		futures = append(futures, publish(t, p, 251)...)
		mustClose(t, p, len(bad))
		for i, f := range futures {
			if err := f.Err(); err != nil {
				t.Errorf("%s: message %d: %v", name, i, err)
			}
		}
		for _, f := range bad {
			if err := f.Err(); !errors.Is(err, zaqar.ErrInvalid) || !zaqar.SafeToRetry(err) {
				t.Errorf("%s: a bad one: %v", name, err)
			}
		}
		messages := srv.Messages("p", "wot")
		if len(messages) != len(futures) {
			t.Errorf("%s: %d messages are stored", name, len(messages))
			continue
		}
		for i, f := range futures {
			if id, _ := f.Wait(t.Context()); id != messages[i].ID {
				t.Errorf("%s: message %d: %q is stored as %q", name, i, id, messages[i].ID)
			}
		}
	}
}

func TestFuturesEndAtOnceWhenTheWebSocketWasClosed(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	client := connect(t, srv.WebSocketURL(), zaqar.WithProject("p"))
	p := client.Queue("wot").Publisher(zaqar.PublisherConfig{RetryDelay: time.Hour, MaxRetryDelay: time.Hour})
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	f := publish(t, p, 1)[0]
	mustClose(t, p, 1)
	if err := f.Err(); !errors.Is(err, transport.ErrClosed) || !zaqar.SafeToRetry(err) {
		t.Errorf("the error is %v", err)
	}
}

func TestWhatTheTransportHasNoWordsForFailsAlone(t *testing.T) {
	t.Parallel()
	server := &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
		switch {
		case req.Op != "message_post":
			return &transport.Response{Status: 200, Body: []byte(`{"_default_message_delay": 1}`)}, nil
		case strings.Contains(string(req.Body), "delay"):
			return nil, transport.ErrNoAction
		}
		hrefs := slices.Repeat([]string{"/m/1"}, strings.Count(string(req.Body), "body"))
		body, err := json.Marshal(map[string]any{"resources": hrefs})
		return &transport.Response{Status: 201, Body: body}, err
	}}
	p := clienttest.Over(t, server).Queue("wot").Publisher(zaqar.PublisherConfig{})
	futures := publish(t, p, 0, zaqar.Outgoing{Body: 1, Delay: time.Minute}, 2)
	mustClose(t, p, 1)
	for i, f := range futures {
		if err := f.Err(); errors.Is(err, zaqar.ErrUnsupported) != (i == 1) || err != nil && !zaqar.SafeToRetry(err) {
			t.Errorf("message %d: %v", i, err)
		}
	}
}

func TestADelayWhoseQueueCannotBeAskedIsNotSent(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchBytes: 1000, Attempts: 3})
		for status, asked := range map[int]int{403: 1, 503: 3} {
			srv.ResetRequests()
			srv.Inject(zaqartest.Fault{Kind: "queue_get", Status: status, Times: asked})
			f := publish(t, p, zaqar.Outgoing{Body: 1, Delay: time.Minute})[0]
			_, err := f.Wait(t.Context())
			if !zaqar.SafeToRetry(err) || clienttest.AsError(t, err).MayHaveActed() || !strings.Contains(err.Error(), fmt.Sprint(status)) {
				t.Errorf("%d: %v", status, err)
			}
			if n := len(srv.Requests("queue_get")); n != asked {
				t.Errorf("%d: the queue was read %d times", status, n)
			}
		}
		mustClose(t, p)
		if got := storedBodies(srv); len(got) != 0 {
			t.Errorf("stored: %v", got)
		}
	})
}

func TestMessagesThatCannotBeRightAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(500, "")
	client := clienttest.Over(t, server)
	p := client.Queue("wot").Publisher(zaqar.PublisherConfig{})
	for name, f := range map[string]*zaqar.Future[string]{
		"nil":           p.Publish(t.Context(), nil),
		"a channel":     p.Publish(t.Context(), make(chan int)),
		"a short TTL":   p.Publish(t.Context(), zaqar.Outgoing{TTL: time.Second}),
		"broken text":   p.Publish(t.Context(), "\xff"),
		"half a pair":   p.Publish(t.Context(), json.RawMessage(`"\ud800"`)),
		"a bad name":    client.Queue("a/b").Publisher(zaqar.PublisherConfig{}).Publish(t.Context(), 1),
		"few messages":  client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchMessages: -1}).Publish(t.Context(), 1),
		"what number":   client.Queue("wot").Publisher(zaqar.PublisherConfig{Concurrency: -2}).Publish(t.Context(), 1),
		"what overflow": client.Queue("wot").Publisher(zaqar.PublisherConfig{Overflow: 7}).Publish(t.Context(), 1),
	} {
		if _, err := f.Wait(t.Context()); !errors.Is(err, zaqar.ErrInvalid) || !zaqar.SafeToRetry(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	old := clienttest.Over(t, server, zaqar.WithVersion(zaqar.V1_1)).Queue("wot").Publisher(zaqar.PublisherConfig{})
	_, err := old.Publish(t.Context(), zaqar.Outgoing{Delay: time.Minute}).Wait(t.Context())
	if !errors.Is(err, zaqar.ErrUnsupported) || !zaqar.SafeToRetry(err) {
		t.Errorf("a delay in v1.1: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Publish(ended, 1).Err(); !errors.Is(err, context.Canceled) || !zaqar.SafeToRetry(err) {
		t.Errorf("with a context that has ended: %v", err)
	}
	if server.Count() != 0 {
		t.Errorf("sent %v", server.Last(t))
	}
	mustClose(t, p)
	mustClose(t, old)
}

func TestJSONThatIsChangedAfterPublishIsPublishedAsItWas(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchDelay: time.Hour})
		var raws []json.RawMessage
		for i := range 3 {
			raws = append(raws, json.RawMessage(fmt.Sprintf(`{"n":%d}`, i)))
		}
		publish(t, p, raws[0], zaqar.Outgoing{Body: raws[1]}, &zaqar.Outgoing{Body: raws[2]})
		for _, raw := range raws {
			copy(raw, "no longer")
		}
		mustClose(t, p)
		if got := storedBodies(srv); !slices.Equal(got, []string{`{"n":0}`, `{"n":1}`, `{"n":2}`}) {
			t.Errorf("stored %v", got)
		}
	})
}

func TestTheObserverIsToldOfBatches(t *testing.T) {
	t.Parallel()
	var seen []observe.Batch
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Second})
		srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 503})
		srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 403})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchMessages: 2, BatchDelay: zaqar.DefaultBatchDelay})
		publish(t, p, numbers(6)...)
		mustClose(t, p, 4)
		outcomes := []observe.BatchOutcome{observe.BatchStored, observe.BatchUnknown, observe.BatchRefused}
		for i, b := range seen {
			if b.Queue != "wot" || b.Messages != 2 || b.Bytes != len(`{"messages":[{"body":0},{"body":1}]}`) || b.Attempt != 1 ||
				b.Outcome != outcomes[i] || (b.Err == nil) != (i == 0) || (b.Took == time.Second) != (i == 0) {
				t.Errorf("batch %d: %+v", i, b)
			}
		}
		if len(seen) != 3 {
			t.Errorf("the observer saw %d batches", len(seen))
		}
	}, zaqar.WithObserver(observe.Func(func(_ context.Context, e observe.Event) {
		if b, ok := e.(observe.Batch); ok {
			seen = append(seen, b)
		}
	})))
}
