package publisher_test

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// busy is a server that answers one request in its time, and as many at once as it has
// workers. More wait for each other.
type busy struct {
	mu       sync.Mutex
	time     time.Duration
	workers  int
	failing  bool
	inFlight int
	seen     []int // how many were in flight when a post came
}

func (s *busy) client(t *testing.T) *zaqar.Client {
	t.Helper()
	return clienttest.Over(t, &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
		if req.Op != "message_post" {
			return &transport.Response{Status: http.StatusNotFound, Body: []byte(`{}`)}, nil
		}
		s.mu.Lock()
		s.inFlight++
		s.seen = append(s.seen, s.inFlight)
		took := s.time * time.Duration(max(s.inFlight, s.workers)) / time.Duration(s.workers)
		failing := s.failing
		s.mu.Unlock()
		time.Sleep(took)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.inFlight--
		if failing {
			return &transport.Response{Status: http.StatusServiceUnavailable}, nil
		}
		hrefs := strings.Repeat(`"/m/1",`, bytes.Count(req.Body, []byte("body")))
		return &transport.Response{Status: http.StatusCreated, Body: []byte(`{"resources": [` + strings.TrimSuffix(hrefs, ",") + `]}`)}, nil
	}})
}

// lately returns how many posts were in flight at most during the last twenty.
func (s *busy) lately() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Max(s.seen[len(s.seen)-20:])
}

func TestAMessageThatComesAloneDoesNotWait(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: 5 * time.Millisecond, Times: -1})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{})
		publish(t, p, numbers(50)...) // after a burst, too
		if err := p.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		for _, pause := range []time.Duration{5 * time.Millisecond, time.Second} {
			time.Sleep(pause)
			start := time.Now()
			if _, err := publish(t, p, "alone")[0].Wait(t.Context()); err != nil || time.Since(start) != 5*time.Millisecond {
				t.Errorf("%v after the last answer it took %v: %v", pause, time.Since(start), err)
			}
		}
		mustClose(t, p)
	})
}

func TestThoseWhoWaitForTheirMessagesShareABatch(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: 5 * time.Millisecond, Times: -1})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{})
		const callers, each = 20, 10
		start := time.Now()
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				for i := range each {
					if _, err := publish(t, p, i)[0].Wait(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		// One request more than each of them needs, and a pause in vain at the end.
		if took, most := time.Since(start), (each+2)*5*time.Millisecond; took > most {
			t.Errorf("it took %v, want %v at most; batches of %v", took, most, batchSizes(t, srv))
		}
		mustClose(t, p)
	})
}

func TestABatchBehindAnotherIsSentSoonAfterItsAnswer(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: 5 * time.Millisecond, Times: -1})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{Concurrency: 2})
		publish(t, p, 0)
		time.Sleep(time.Millisecond)
		start := time.Now()
		if _, err := publish(t, p, 1)[0].Wait(t.Context()); err != nil {
			t.Error(err)
		}
		// The rest of the first request, a pause of an eighth, and its own request.
		if took, most := time.Since(start), (4+1+5)*time.Millisecond; took > most {
			t.Errorf("it took %v, want %v at most", took, most)
		}
		mustClose(t, p)
	})
}

func TestARefusalForItsContentTellsNothingOfTheServer(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: 10 * time.Millisecond, Times: -1, Status: http.StatusForbidden})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{Concurrency: zaqar.Adaptive, BatchMessages: 1})
		start := time.Now()
		publish(t, p, numbers(100)...)
		mustClose(t, p, 100)
		if took := time.Since(start); took != 250*time.Millisecond {
			t.Errorf("it took %v, want 100 requests, four at once", took)
		}
	})
}

func TestMessagesThatKeepComingAreABatchOfTheirOwnTime(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: 4 * time.Millisecond, Times: -1})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{})
		for i := range 1000 {
			publish(t, p, i)
			time.Sleep(100 * time.Microsecond)
		}
		mustClose(t, p)
		sizes := batchSizes(t, srv)
		for _, n := range sizes[2 : len(sizes)-1] {
			if n < 40 || n > 80 {
				t.Errorf("batches of %v", sizes)
				break
			}
		}
		for i, body := range storedBodies(srv) {
			if body != strconv.Itoa(i) {
				t.Fatalf("message %d is %s", i, body)
			}
		}
	})
}

func TestAnAdaptiveConcurrencyFindsWhatTheServerCanDo(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 2, 3, 5, 8, 20} {
		synctest.Test(t, func(t *testing.T) {
			server := &busy{time: 10 * time.Millisecond, workers: workers}
			p := server.client(t).Queue("wot").Publisher(zaqar.PublisherConfig{Concurrency: zaqar.Adaptive, BatchMessages: 2})
			const all = 4000
			start := time.Now()
			futures := publish(t, p, numbers(all)...)
			mustClose(t, p)
			for i, f := range futures {
				if f.Err() != nil {
					t.Fatalf("%d workers: message %d: %v", workers, i, f.Err())
				}
			}
			best := time.Duration(all/2) * 10 * time.Millisecond / time.Duration(min(workers, 8))
			if took := time.Since(start); took > best*10/9 {
				t.Errorf("%d workers: it took %v, want %v", workers, took, best)
			}
			if most := slices.Max(server.seen); most > 8 {
				t.Errorf("%d workers: %d requests were in flight", workers, most)
			}
		})
	}
}

func TestAFailureHalvesAnAdaptiveConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &busy{time: 10 * time.Millisecond, workers: 8}
		p := server.client(t).Queue("wot").Publisher(zaqar.PublisherConfig{Concurrency: zaqar.Adaptive, BatchMessages: 2})
		publishFor := func(d time.Duration) {
			for until := time.Now().Add(d); time.Now().Before(until); {
				publish(t, p, numbers(20)...)
				time.Sleep(10 * time.Millisecond)
			}
		}
		publishFor(2 * time.Second)
		if got := server.lately(); got != 8 {
			t.Errorf("%d are in flight", got)
		}
		server.failing = true
		publishFor(time.Second)
		if got := server.lately(); got != 1 {
			t.Errorf("%d are in flight while all fail", got)
		}
		server.failing = false
		publishFor(2 * time.Second)
		if got := server.lately(); got != 8 {
			t.Errorf("%d are in flight afterwards", got)
		}
		_ = p.Close(t.Context())
	})
}

func TestAnAdaptiveConcurrencyStaysWhereNothingWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &busy{time: 10 * time.Millisecond, workers: 8}
		p := server.client(t).Queue("wot").Publisher(zaqar.PublisherConfig{Concurrency: zaqar.Adaptive, BatchMessages: 2})
		for range 100 {
			publish(t, p, numbers(16)...)
			time.Sleep(30 * time.Millisecond)
		}
		mustClose(t, p)
		if most := slices.Max(server.seen); most != 4 {
			t.Errorf("%d requests were in flight", most)
		}
	})
}
