package publisher_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// told returns what an error of Flush or Close tells.
func told(t *testing.T, err error) zaqar.PublishError {
	t.Helper()
	failures, ok := errors.AsType[*zaqar.PublishError](err)
	if !ok {
		t.Fatalf("it tells of no failures: %v", err)
	}
	return *failures
}

func TestFailuresThatNobodyReadAreToldOnce(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchMessages: 1})
		for _, status := range []int{403, 409, 404, 403} {
			srv.Inject(zaqartest.Fault{Kind: "message_post", Status: status, Delay: time.Second})
		}
		futures := publish(t, p, numbers(6)...)
		waited := make(chan error)
		go func() {
			_, err := futures[0].Wait(t.Context())
			waited <- err
		}()
		synctest.Wait() // it waits
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := futures[1].Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("a wait that was given up: %v", err)
		}
		time.Sleep(time.Minute) // all have ended
		if err := futures[2].Err(); !errors.Is(err, zaqar.ErrNotFound) {
			t.Errorf("the third: %v", err)
		}
		failures := told(t, p.Flush(t.Context()))
		if failures.Failed != 2 || !errors.Is(failures.First, zaqar.ErrConflict) || failures.Queue != "wot" {
			t.Errorf("Flush tells %+v", failures)
		}
		if text := failures.Error(); !strings.Contains(text, "2 messages failed") || !strings.Contains(text, "(409)") || strings.Contains(text, "\n") {
			t.Error(text)
		}
		if err := <-waited; !errors.Is(err, zaqar.ErrForbidden) {
			t.Errorf("the first: %v", err)
		}
		_ = futures[1].Err() // too late: it was told
		publish(t, p, math.Inf(1), 7)
		if failures := told(t, p.Close(t.Context())); failures.Failed != 1 || !errors.Is(&failures, zaqar.ErrInvalid) ||
			!strings.Contains(failures.Error(), "a message failed") {
			t.Errorf("Close tells %+v", failures)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Errorf("closed again: %v", err)
		}
	})
}

func TestManyFailuresAreCountedAndFewAreKept(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 403, Times: -1})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{})
		futures := publish(t, p, numbers(1000)...)
		time.Sleep(time.Minute)
		for _, f := range futures[:900] {
			if !errors.Is(f.Err(), zaqar.ErrForbidden) {
				t.Error(f.Err())
			}
		}
		if failures := told(t, p.Close(t.Context())); failures.Failed != 100 || !errors.Is(failures.First, zaqar.ErrForbidden) {
			t.Errorf("Close tells %+v", failures)
		}
	})
}

func TestACancelledMessageIsNoFailure(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		heard := 0
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchDelay: time.Hour, OnFailure: func(zaqar.Outgoing, error) { heard++ }})
		publish(t, p, 1)[0].Cancel()
		mustClose(t, p)
		if heard != 0 {
			t.Error("OnFailure heard of it")
		}
	})
}

func TestClosingInATimeLimitTellsTheFailuresToo(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Hour})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchMessages: 2, BatchDelay: zaqar.DefaultBatchDelay})
		publish(t, p, numbers(5)...)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := p.Close(ctx)
		if failures := told(t, err); !errors.Is(err, context.DeadlineExceeded) || failures.Failed != 5 || strings.Contains(err.Error(), "\n") {
			t.Errorf("Close tells %v", err)
		}
	})
}

func TestOnFailureHearsEachMessageBeforeItsFutureEnds(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		later, err := client.CreateQueue(t.Context(), "wot", zaqar.Reserved{DefaultMessageDelay: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 403, Delay: time.Second})
		spare := later.Publisher(zaqar.PublisherConfig{})
		var mu sync.Mutex
		var heard []zaqar.Outgoing
		var reasons []error
		p := later.Publisher(zaqar.PublisherConfig{
			BatchMessages: 2, BatchDelay: zaqar.DefaultBatchDelay, OutstandingMessages: 3, Overflow: zaqar.OverflowDrop,
			OnFailure: func(m zaqar.Outgoing, err error) {
				time.Sleep(time.Minute) // the future must wait for it
				mu.Lock()
				defer mu.Unlock()
				heard, reasons = append(heard, m), append(reasons, err)
				if _, ok := m.Body.(json.RawMessage); ok {
					spare.Publish(context.WithoutCancel(t.Context()), m)
				}
			},
		})
		first := zaqar.Outgoing{Body: map[string]int{"n": 1}, TTL: 2 * time.Minute, Delay: 3 * time.Second}
		futures := publish(t, p, first, 2, 3, 4, zaqar.Outgoing{Body: func() {}, TTL: time.Hour}, make(chan int))
		if err := p.Flush(t.Context()); err == nil {
			t.Error("Flush tells of no failures")
		}
		bodies := map[string]zaqar.Outgoing{}
		for _, m := range heard {
			body, _ := m.Body.(json.RawMessage)
			bodies[string(body)] = m
		}
		if m := bodies[`{"n":1}`]; m.TTL != first.TTL || m.Delay != first.Delay || len(heard) != 5 {
			t.Errorf("it heard %+v", heard)
		}
		for i, f := range futures {
			if failed := i != 2; failed && !slices.ContainsFunc(reasons, func(err error) bool { return errors.Is(f.Err(), err) }) {
				t.Errorf("message %d: %v", i, f.Err())
			}
		}
		_ = p.Close(t.Context())
		mustClose(t, spare)
		got := storedBodies(srv)
		if slices.Sort(got); !slices.Equal(got, []string{"2", "3", "4", `{"n":1}`}) {
			t.Errorf("stored: %v", got)
		}
	})
}

func TestABatchIsTriedAsLongAsThePatienceLasts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config  zaqar.PublisherConfig
		outage  time.Duration
		stored  bool
		longest time.Duration
	}{
		"an outage of less than two minutes": {outage: 119 * time.Second, stored: true, longest: 2 * time.Minute},
		"a longer one":                       {outage: time.Hour, longest: 2 * time.Minute},
		"more patience":                      {config: zaqar.PublisherConfig{Patience: time.Hour}, outage: 59 * time.Minute, stored: true, longest: time.Hour},
		"less":                               {config: zaqar.PublisherConfig{Patience: time.Second}, outage: time.Minute, longest: time.Second},
		"few attempts":                       {config: zaqar.PublisherConfig{Attempts: 3}, outage: time.Minute, longest: time.Minute},
	} {
		for range 5 { // the waits are random
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, _ *zaqar.Client) {
				behind, err := transport.NewHTTP(srv.URL(), srv.HTTPClient())
				if err != nil {
					t.Fatal(err)
				}
				var reachable atomic.Bool
				client := clienttest.Over(t, switched{behind, &reachable})
				c.config.BatchDelay, c.config.BatchBytes = -1, 10_000
				p := client.Queue("wot").Publisher(c.config)
				start := time.Now()
				time.AfterFunc(c.outage, func() { reachable.Store(true) })
				_, err = publish(t, p, 1)[0].Wait(t.Context())
				if (err == nil) != c.stored || len(storedBodies(srv)) != 0 != c.stored {
					t.Errorf("%s: %v", name, err)
				}
				took := time.Since(start)
				if took > c.longest || c.config.Attempts == 0 && !c.stored && took != c.longest {
					t.Errorf("%s: it took %v", name, took)
				}
				mustClose(t, p)
				time.Sleep(c.outage)
				_ = client.Close()
			})
		}
	}
}

func TestThePartsOfABatchShareItsPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		posts := 0
		server := &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) {
			if posts++; posts == 1 {
				return &transport.Response{Status: http.StatusBadRequest}, nil
			}
			return nil, &transport.Error{Err: errUnreachable}
		}}
		p := clienttest.Over(t, server).Queue("wot").Publisher(zaqar.PublisherConfig{BatchBytes: 10_000, BatchDelay: zaqar.DefaultBatchDelay})
		start := time.Now()
		publish(t, p, numbers(64)...)
		mustClose(t, p, 64)
		if took := time.Since(start); took > 2*time.Minute+time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// tightProxy answers 502 to what has a long header, after it was carried out, as nginx
// does by default.
type tightProxy struct{ next http.RoundTripper }

func (p tightProxy) RoundTrip(req *http.Request) (*http.Response, error) {
	reply, err := p.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	size := 500 // headers that other servers and proxies add
	for name, values := range reply.Header {
		size += len(name) + len(strings.Join(values, "")) + len(": \r\n")
	}
	if size > 4096 {
		_ = reply.Body.Close()
		return &http.Response{StatusCode: http.StatusBadGateway, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
	}
	return reply, nil
}

func TestTheDefaultBatchFitsTheSmallestProxy(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	for _, version := range []zaqar.Version{zaqar.V1, zaqar.V1_1, zaqar.V2} {
		q := connect(t, srv.URL(), zaqar.WithProject("p"), zaqar.WithVersion(version),
			zaqar.WithHTTPClient(&http.Client{Transport: tightProxy{http.DefaultTransport}})).Queue((version.String() + strings.Repeat("x", 64))[:64])
		p := q.Publisher(zaqar.PublisherConfig{})
		const all = 5000
		futures := publish(t, p, numbers(all)...)
		mustClose(t, p)
		for i, f := range futures {
			if f.Err() != nil {
				t.Fatalf("%s: message %d: %v", version, i, f.Err())
			}
		}
		if n := len(srv.Messages("p", q.Name())); n != all {
			t.Errorf("%s: %d messages are stored", version, n)
		}
	}
}

func TestMoreMessagesThanAProxyLetsThroughAreSentOnceAndExplained(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	client := connect(t, srv.URL(), zaqar.WithProject("p"),
		zaqar.WithHTTPClient(&http.Client{Transport: tightProxy{http.DefaultTransport}}))
	p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchMessages: 200, BatchDelay: time.Hour, AllowDuplicates: true})
	futures := publish(t, p, numbers(200)...)
	mustClose(t, p, 200)
	err := futures[0].Err()
	if e := clienttest.AsError(t, err); !e.MayHaveActed() || e.Code != 502 || !errors.Is(err, zaqar.ErrUnavailable) ||
		!strings.Contains(err.Error(), "most likely all messages are stored") || !strings.Contains(err.Error(), "quirk 46") {
		t.Errorf("the error is %v", err)
	}
	if n := len(storedBodies(srv)); n != 200 {
		t.Errorf("%d messages are stored", n)
	}
}

func TestOverTheWebSocketOnlyTheSizeLimitsABatch(t *testing.T) {
	t.Parallel()
	for _, beside := range []bool{false, true} {
		var largest atomic.Int64
		watch := zaqar.WithObserver(observe.Func(func(_ context.Context, e observe.Event) {
			if b, ok := e.(observe.Batch); ok {
				largest.Store(max(largest.Load(), int64(b.Messages)))
			}
		}))
		srv := zaqartest.Run(t)
		endpoint, options := srv.WebSocketURL(), []zaqar.ConnectOption{watch, zaqar.WithProject("p")}
		if beside {
			endpoint, options = srv.URL(), append(options, zaqar.WithWebSocket(srv.WebSocketURL()))
		}
		p := connect(t, endpoint, options...).Queue("wot").Publisher(zaqar.PublisherConfig{BatchDelay: time.Hour})
		publish(t, p, numbers(1000)...)
		mustClose(t, p)
		want := int64(1000)
		if beside {
			want = zaqar.DefaultBatchMessages // it may go over HTTP
		}
		if largest.Load() != want {
			t.Errorf("with HTTP beside it: %v; the largest batch has %d messages", beside, largest.Load())
		}
	}
}
