package subscriber_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

// receive listens for a while, and returns the ids of the messages received.
func receive(t *testing.T, sub *zaqar.Subscriber, while func()) []string {
	t.Helper()
	var ids []string
	receiveEach(t, sub, func(id string) { ids = append(ids, id) }, while)
	return ids
}

// receiveEach listens for a while, and calls each with the ids of the messages received.
func receiveEach(t *testing.T, sub *zaqar.Subscriber, each func(id string), while func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for msg, err := range sub.Listen(ctx) {
			if err == nil {
				each(msg.ID())
			}
		}
	}()
	while()
	cancel()
	<-done
}

// onRedis runs a test on driven time with a subscriber to a queue that lists as servers
// on Redis do.
func onRedis(t *testing.T, config zaqar.SubscriberConfig, test func(t *testing.T, r *clienttest.Redis, sub *zaqar.Subscriber)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := clienttest.NewRedis()
		test(t, r, clienttest.Subscribed(t, clienttest.Over(t, &clienttest.Scripted{Answer: r.Answer}).Subscriber(config), "q"))
	})
}

func TestAListingThatStartsAgainRepeatsNothing(t *testing.T) {
	t.Parallel()
	for _, config := range []zaqar.SubscriberConfig{{Remember: 100}, {Remember: 40}, {PageSize: 2, Remember: 40}, {PageSize: 7, Remember: 100}} {
		onRedis(t, config, func(t *testing.T, r *clienttest.Redis, sub *zaqar.Subscriber) {
			got := receive(t, sub, func() {
				for i := range 30 {
					r.Post(clienttest.MessageIDs(i*10, i*10+10)...)
					time.Sleep(20 * time.Second)
					// The marker's message is deleted, and then some before it.
					r.Remove(clienttest.MessageIDs(i*10+9, i*10+10)...)
					if i%5 == 4 { // and those that a rewind starts at
						r.Remove(clienttest.MessageIDs(i*10-min(config.Remember/2, 20)-5, i*10+10)...)
					}
					if i%3 == 0 {
						r.Remove(clienttest.MessageIDs(i*5, i*5+3)...)
					}
				}
			})
			if !slices.Equal(got, clienttest.MessageIDs(0, 300)) {
				t.Errorf("%+v: it received %d: %v", config, len(got), got)
			}
			if sub.Stats().Repeats == 0 || sub.Stats().Delivered != 300 {
				t.Errorf("%+v: it counted %+v", config, sub.Stats())
			}
		})
	}
}

func TestDeletionsWhileAPageIsReadHideNothing(t *testing.T) {
	t.Parallel()
	for _, config := range []zaqar.SubscriberConfig{{}, {PageSize: 3}, {PageSize: 7, Remember: 30}} {
		onRedis(t, config, func(t *testing.T, r *clienttest.Redis, sub *zaqar.Subscriber) {
			var mu sync.Mutex
			var got, first []string
			received := map[string]bool{}
			r.Race = func() { // delete one that was read long ago, and sometimes some of the latest
				mu.Lock()
				defer mu.Unlock()
				switch n := len(r.IDs); {
				case r.Requests%2 == 0 && n > 40:
					r.IDs = slices.Delete(r.IDs, 0, 1)
				case r.Requests%17 == 0 && n > 40 && received[r.IDs[n-29]]:
					r.IDs = slices.Delete(r.IDs, n-30, n-28)
				}
			}
			receiveEach(t, sub, func(id string) {
				mu.Lock()
				defer mu.Unlock()
				if got = append(got, id); !received[id] {
					first, received[id] = append(first, id), true
				}
			}, func() {
				for i := range 200 {
					r.Post(clienttest.MessageIDs(i*5, i*5+5)...)
					time.Sleep(time.Duration(i%7) * 100 * time.Millisecond)
				}
				time.Sleep(time.Minute)
			})
			if !slices.Equal(first, clienttest.MessageIDs(0, 1000)) {
				t.Errorf("%+v: it received %d of 1000, or not in order", config, len(first))
			}
			// With little memory these deletions can remove all known messages. Then some
			// are received again.
			if config.Remember == 0 && len(got) != len(first) {
				t.Errorf("%+v: it received %d twice", config, len(got)-len(first))
			}
		})
	}
}

func TestTheLastMessageOfAQueueIsNoRepeat(t *testing.T) {
	t.Parallel()
	onRedis(t, zaqar.SubscriberConfig{}, func(t *testing.T, r *clienttest.Redis, sub *zaqar.Subscriber) {
		r.Post("m") // the first message is listed again and again (quirk 1)
		got := receive(t, sub, func() {
			time.Sleep(10 * time.Minute)
			r.Post("n")
			time.Sleep(10 * time.Minute)
		})
		if stats := sub.Stats(); !slices.Equal(got, []string{"m", "n"}) || stats.Repeats != 0 || stats.Looks > 200 {
			t.Errorf("it received %v and counted %+v", got, stats)
		}
	})
}

func TestNothingKnownIsLeftButOldMessages(t *testing.T) {
	t.Parallel()
	onRedis(t, zaqar.SubscriberConfig{PageSize: 10, Remember: 20}, func(t *testing.T, r *clienttest.Redis, sub *zaqar.Subscriber) {
		got := receive(t, sub, func() {
			r.Post(clienttest.MessageIDs(0, 50)...) // they stay in the queue, but their ids are forgotten
			time.Sleep(10 * time.Minute)
			r.Post(clienttest.MessageIDs(50, 80)...)
			time.Sleep(10 * time.Minute)
			r.Remove(clienttest.MessageIDs(50, 80)...) // all whose ids are remembered
			time.Sleep(10 * time.Minute)
			r.Post(clienttest.MessageIDs(80, 120)...)
			time.Sleep(10 * time.Minute)
		})
		if !slices.Equal(got, clienttest.MessageIDs(0, 120)) {
			t.Errorf("it received %d: %v", len(got), got)
		}
	})
}

func TestExpiredMessagesAtTheHeadHideNothing(t *testing.T) {
	t.Parallel()
	onRedis(t, zaqar.SubscriberConfig{}, func(t *testing.T, r *clienttest.Redis, sub *zaqar.Subscriber) {
		r.Post(clienttest.MessageIDs(0, 70)...)
		r.Mark(r.Expired, clienttest.MessageIDs(0, 70)...)
		got := receive(t, sub, func() {
			time.Sleep(10 * time.Minute)
			r.Post(clienttest.MessageIDs(70, 100)...)
			r.Mark(r.Claimed, clienttest.MessageIDs(75, 80)...)
			// The head is peeked at by the first look after a minute, and looks are up to
			// ten seconds apart.
			time.Sleep(2 * time.Minute)
		})
		if !slices.Equal(got, clienttest.MessageIDs(70, 100)) {
			t.Errorf("it received %v", got)
		}
	})
}

func TestMessagesThatAreClaimedAtOnceAreSeen(t *testing.T) {
	t.Parallel()
	onRedis(t, zaqar.SubscriberConfig{}, func(t *testing.T, r *clienttest.Redis, sub *zaqar.Subscriber) {
		got := receive(t, sub, func() {
			for i := range 20 {
				time.Sleep(3 * time.Minute)
				r.Post(clienttest.MessageIDs(i*3, i*3+3)...)
				r.Mark(r.Claimed, clienttest.MessageIDs(i*3, i*3+2)...)
				time.Sleep(time.Minute)
				r.Mark(r.Claimed, clienttest.MessageIDs(i*3, i*3+3)...)
			}
		})
		if !slices.Equal(got, clienttest.MessageIDs(0, 60)) {
			t.Errorf("it received %v", got)
		}
	})
}

func TestAServerThatLeadsInCirclesIsNotAskedWithoutEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &clienttest.Scripted{}
		server.Answer = func(req *transport.Request) (*transport.Response, error) {
			next := "a"
			if req.Query.Get("marker") == "a" {
				next = "b"
			}
			body := `{"messages":[{"id":"1","ttl":60,"age":0,"body":1},{"id":"2","ttl":60,"age":0,"body":1}],"links":[{"rel":"next","href":"/?marker=` + next + `"}]}`
			return &transport.Response{Status: http.StatusOK, Body: []byte(body)}, nil
		}
		sub := clienttest.Subscribed(t, clienttest.Over(t, server).Subscriber(zaqar.SubscriberConfig{PageSize: 2}), "q")
		got := receive(t, sub, func() { time.Sleep(time.Minute) })
		if len(got) != 2 || server.Count() > 15_000 {
			t.Errorf("it received %v in %d requests", got, server.Count())
		}
	})
}

func TestASubscriberAsksForThePagesThatTheServerAllows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := clienttest.NewRedis()
		r.Post(clienttest.MessageIDs(0, 45)...)
		server := &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
			limit, err := strconv.Atoi(req.Query.Get("limit"))
			if err != nil { // the server's own size
				limit = 10
			}
			if limit > 12 {
				return &transport.Response{Status: http.StatusBadRequest, Body: []byte(`{"title":"Invalid API request"}`)}, nil
			}
			sized := *req
			sized.Query = maps.Clone(req.Query)
			sized.Query.Set("limit", strconv.Itoa(limit))
			return r.Answer(&sized)
		}}
		sub := clienttest.Subscribed(t, clienttest.Over(t, server).Subscriber(zaqar.SubscriberConfig{}), "q")
		got := receive(t, sub, func() { time.Sleep(time.Minute) })
		if !slices.Equal(got, clienttest.MessageIDs(0, 45)) || server.Count() > 2000 {
			t.Errorf("it received %v in %d requests", got, server.Count())
		}
	})
}

func TestNoMoreRequestsAreInFlightThanAllowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		server := &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return &transport.Response{Status: http.StatusOK, Body: []byte(`{"messages":[],"links":[]}`)}, nil
		}}
		sub := thirtyQueues(t, server)
		receive(t, sub, func() { time.Sleep(5 * time.Minute) })
		if most.Load() != 3 || server.Count() < 200 {
			t.Errorf("%d requests were in flight at once, %d in all", most.Load(), server.Count())
		}
	})
}

// thirtyQueues subscribes to thirty queues with three requests in flight.
func thirtyQueues(t *testing.T, server *clienttest.Scripted) *zaqar.Subscriber {
	t.Helper()
	sub := clienttest.Over(t, server).Subscriber(zaqar.SubscriberConfig{InFlight: 3})
	for i := range 30 {
		clienttest.Subscribed(t, sub, fmt.Sprint("q", i))
	}
	return sub
}
