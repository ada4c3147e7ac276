package subscriber_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/internal/push"
	"github.com/zaqar-go/zaqar/internal/subscriber"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/zaqartest"
)

const day = 24 * time.Hour

// clockedQueue is a queue on a server whose clock differs from the bubble's, read by a
// program whose wall clock does, too. It lists as servers on Redis do (quirks 1 and 2).
type clockedQueue struct {
	dated bool // the answers have a date

	mu       sync.Mutex
	wall     time.Duration // what the program's wall clock shows beside the bubble's
	server   time.Duration // what the server's clock shows
	messages []clockedMessage
}

type clockedMessage struct {
	id     string
	posted time.Time // by the server's clock
	age    time.Duration
}

func (m clockedMessage) ID() string         { return m.id }
func (m clockedMessage) TTL() time.Duration { return 14 * day }
func (m clockedMessage) Age() time.Duration { return m.age }

func (*clockedQueue) Name() string                           { return "q" }
func (*clockedQueue) Hopeless(error) bool                    { return false }
func (*clockedQueue) Observe(context.Context, observe.Event) {}

// move moves both clocks.
func (q *clockedQueue) move(wall, server time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wall += wall
	q.server += server
}

func (q *clockedQueue) wallClock() time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	return time.Now().Add(q.wall)
}

// post appends messages and returns their ids.
func (q *clockedQueue) post(name string, n int) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf("%s%03d", name, i))
		q.messages = append(q.messages, clockedMessage{id: ids[i], posted: time.Now().Add(q.server)})
	}
	return ids
}

// keep removes all messages but the first ones.
func (q *clockedQueue) keep(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.messages = q.messages[:n]
}

// RetryAfter is 0: no look fails.
func (q *clockedQueue) RetryAfter(error) time.Duration { return 0 }

func (q *clockedQueue) Page(_ context.Context, look subscriber.Look) (subscriber.Page, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now().Add(q.server)
	var page subscriber.Page
	if q.dated {
		page.Time = now.Truncate(time.Second)
	}
	start := 0
	if at := slices.IndexFunc(q.messages, func(m clockedMessage) bool { return m.id == look.Marker }); at > 0 {
		start = at + 1
	}
	for _, m := range q.messages[start:min(start+look.Limit, len(q.messages))] {
		m.age = time.Duration(now.Unix()-m.posted.Unix()) * time.Second
		page.Messages = append(page.Messages, m)
		page.Next = m.id
	}
	return page, nil
}

// listen reads the queue from a position while something happens. It returns the ids
// received, and the position after them.
func (q *clockedQueue) listen(t *testing.T, at subscriber.Position, while func()) ([]string, subscriber.Position) {
	t.Helper()
	s := subscriber.New(subscriber.Config{
		MinInterval: 100 * time.Millisecond, MaxInterval: 10 * time.Second, PushInterval: 45 * time.Second,
		InFlight: 1, PageSize: 20, Remember: 10_000,
		Push: push.New(nil, nil), Closed: make(chan struct{}), Wall: q.wallClock,
	})
	s.Subscribe(at, true, q)
	var ids []string
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Listen(ctx, func(m subscriber.Message) bool {
			ids = append(ids, m.ID())
			return true
		})
	}()
	while()
	cancel()
	<-done
	return ids, s.Position("q")
}

// clockFaults are what can happen to clocks, in two steps between which messages are
// posted. Where a clock is set while nothing known is left, old messages cannot be told
// from new ones, and may come again.
var clockFaults = map[string]struct {
	wall, server time.Duration
	doubt        bool
}{
	"all is well":                     {},
	"the machine slept for 8 h":       {wall: 4 * time.Hour, server: 4 * time.Hour},
	"the machine stood still for 8 h": {server: 4 * time.Hour},
	"the clock is set a day ahead":    {wall: day / 2, doubt: true},
	"the clock is set a day back":     {wall: -day / 2, doubt: true},
	"the server's is set a day ahead": {server: day / 2},
	"the server's is set a day back":  {server: -day / 2, doubt: true},
	"both are set a day back":         {wall: -day / 2, server: -day / 2, doubt: true},
	"both move a day, apart":          {wall: day / 2, server: -day / 2, doubt: true},
	"it stood still and was set back": {wall: -time.Hour, server: 4 * time.Hour, doubt: true},
}

func TestNoClockMakesASubscriberMissOrRepeatMessages(t *testing.T) {
	t.Parallel()
	for name, fault := range clockFaults {
		for _, wrong := range []time.Duration{0, day, -day} { // the clocks from the beginning
			for _, known := range []bool{true, false} {
				synctest.Test(t, func(t *testing.T) {
					q := &clockedQueue{dated: true, wall: wrong, server: -2 * wrong}
					q.post("old", 200)
					time.Sleep(time.Hour)
					var want []string
					happen := func(id string) {
						q.move(fault.wall, fault.server)
						want = append(want, q.post(id, 10)...)
						q.move(fault.wall, fault.server)
						time.Sleep(time.Minute)
					}
					got, at := q.listen(t, subscriber.Position{Now: true}, func() {
						time.Sleep(time.Minute)
						want = append(want, q.post("awake", 10)...)
						time.Sleep(time.Minute)
						happen("asleep")
					})
					if !known {
						q.keep(10) // whose ids are not in the position
					}
					happen("between")
					resumed, _ := q.listen(t, at, func() {
						time.Sleep(time.Minute)
						happen("resumed")
					})
					got = append(got, resumed...)
					if fault.doubt && !known {
						got = slices.DeleteFunc(got, func(id string) bool { return strings.HasPrefix(id, "old") })
					}
					if !slices.Equal(got, want) {
						t.Errorf("%s, clocks wrong by %v, known messages left: %v: it received %d of %d: %v", name, wrong, known, len(got), len(want), got)
					}
				})
			}
		}
	}
}

func TestWithoutADateNothingIsMissedThatWasPostedBetweenTwoRuns(t *testing.T) {
	t.Parallel()
	for name, fault := range clockFaults {
		synctest.Test(t, func(t *testing.T) {
			q := &clockedQueue{}
			q.post("old", 200)
			time.Sleep(time.Hour)
			_, at := q.listen(t, subscriber.Position{}, func() { time.Sleep(time.Minute) })
			q.keep(10)
			q.move(fault.wall, fault.server)
			want := q.post("new", 10)
			q.move(fault.wall, fault.server)
			got, _ := q.listen(t, at, func() { time.Sleep(time.Minute) })
			if len(got) < 10 || !slices.Equal(got[len(got)-10:], want) {
				t.Errorf("%s: it received %v", name, got)
			}
		})
	}
}

func TestASubscriptionFromNowSleepsBeforeItsFirstWalk(t *testing.T) {
	t.Parallel()
	for name, sleep := range map[string]func(q *clockedQueue){
		"asleep":         func(q *clockedQueue) { q.move(4*time.Hour, 4*time.Hour) },
		"set a day back": func(q *clockedQueue) { q.move(-day/2, 0); time.Sleep(time.Minute) },
	} {
		synctest.Test(t, func(t *testing.T) {
			q := &clockedQueue{dated: true}
			q.post("old", 100)
			time.Sleep(time.Hour)
			sub := subscriber.New(subscriber.Config{
				MinInterval: time.Second, MaxInterval: time.Second, InFlight: 1, PageSize: 20, Remember: 1000,
				Push: push.New(nil, nil), Wall: q.wallClock,
			})
			sub.Subscribe(subscriber.Position{Now: true}, true, q)
			sleep(q)
			want := q.post("new", 30)
			sleep(q)
			var got []string
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_ = sub.Listen(ctx, func(m subscriber.Message) bool { got = append(got, m.ID()); return true })
			if !slices.Equal(got, want) {
				t.Errorf("%s: it received %d: %v", name, len(got), got)
			}
		})
	}
}

func TestASavedStartThatIsStillToComeHidesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &clockedQueue{dated: true, wall: day} // the clock was wrong when the position was saved
		sub := subscriber.New(subscriber.Config{PageSize: 20, Remember: 1000, Wall: q.wallClock})
		sub.Subscribe(subscriber.Position{Now: true}, true, q)
		at := sub.Position("q")
		q.move(-day, 0)
		want := q.post("new", 30)
		if got, _ := q.listen(t, at, func() { time.Sleep(time.Minute) }); !slices.Equal(got, want) {
			t.Errorf("it received %v", got)
		}
	})
}

// The embedded server's clock moves alone, as if this machine stood still.
func TestWhatIsPostedWhileThisMachineStandsStillIsHeard(t *testing.T) {
	t.Parallel()
	for first, start := range map[int]zaqar.Position{0: {}, 30: zaqar.FromNow()} {
		for _, ttl := range []time.Duration{time.Hour, 14 * day} { // whether all that is known expires meanwhile
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				n := 0
				post := func(count int, ttl time.Duration) {
					for range count {
						if _, err := client.Queue("a").Post(t.Context(), zaqar.Outgoing{Body: n, TTL: ttl}); err != nil {
							t.Fatal(err)
						}
						n++
					}
				}
				post(30, ttl)
				time.Sleep(10 * time.Second)
				r := clienttest.Receive(t.Context(), clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{Start: start}), "a"))
				for range 3 {
					time.Sleep(time.Minute)
					srv.Advance(4 * time.Hour)
					post(10, max(ttl, 5*time.Hour))
					srv.Advance(4 * time.Hour)
				}
				time.Sleep(time.Minute)
				r.Stop()
				if got := r.Of("a"); !slices.Equal(got, upTo(first, n)) {
					t.Errorf("from %d on, TTL %v: it received %v", first, ttl, got)
				}
			})
		}
	}
}
