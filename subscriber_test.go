package zaqar_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// ear listens until it is told to stop, and remembers what it heard.
type ear struct {
	stop func()
	done chan struct{}

	mu    sync.Mutex
	heard []string // "queue:body"
	err   error
}

func listen(ctx context.Context, sub *zaqar.Subscriber) *ear {
	ctx, cancel := context.WithCancel(ctx)
	e := &ear{done: make(chan struct{})}
	e.stop = func() { cancel(); <-e.done }
	go func() {
		defer close(e.done)
		for msg, err := range sub.Listen(ctx) {
			e.mu.Lock()
			if err != nil {
				e.err = err
			} else {
				e.heard = append(e.heard, msg.Queue().Name()+":"+string(msg.Body()))
			}
			e.mu.Unlock()
		}
	}()
	return e
}

// of returns the bodies heard from a queue, in their order.
func (e *ear) of(queue string) []int {
	e.mu.Lock()
	defer e.mu.Unlock()
	var bodies []int
	for _, text := range e.heard {
		var n int
		if _, err := fmt.Sscanf(text, queue+":%d", &n); err == nil {
			bodies = append(bodies, n)
		}
	}
	return bodies
}

func (e *ear) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.heard)
}

func (e *ear) ended() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

func post(t *testing.T, q *zaqar.Queue, bodies ...int) {
	t.Helper()
	for chunk := range slices.Chunk(bodies, 20) {
		all := make([]any, len(chunk))
		for i, b := range chunk {
			all[i] = b
		}
		if _, err := q.Post(t.Context(), all...); err != nil {
			t.Fatal(err)
		}
	}
}

func upTo(from, to int) []int {
	var all []int
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

func tuned(t *testing.T, sub *zaqar.Subscriber, queues ...string) *zaqar.Subscriber {
	t.Helper()
	if err := sub.Subscribe(queues...); err != nil {
		t.Fatal(err)
	}
	return sub
}

func TestEveryoneListeningSeesEveryMessageInOrder(t *testing.T) {
	t.Parallel()
	for _, version := range []zaqar.Version{zaqar.V1, zaqar.V1_1, zaqar.V2} {
		bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
			queues := []string{"a", "b", "c"}
			post(t, client.Queue("a"), upTo(0, 45)...)
			if claim, err := client.Queue("a").Claim(t.Context(), zaqar.Limit(5)); err != nil || claim.Size() != 5 {
				t.Fatal(err)
			}
			var ears []*ear
			for range 2 {
				ears = append(ears, listen(t.Context(), tuned(t, client.Subscriber(zaqar.SubscriberConfig{}), queues...)))
			}
			time.Sleep(time.Minute)
			for i, name := range queues {
				post(t, client.Queue(name), upTo(45, 50+i)...)
			}
			time.Sleep(time.Minute)
			for _, e := range ears {
				e.stop()
				if got := e.of("a"); !slices.Equal(got, upTo(0, 50)) {
					t.Errorf("%s: of a it heard %v", version, got)
				}
				if got := e.of("c"); !slices.Equal(got, upTo(45, 52)) {
					t.Errorf("%s: of c it heard %v", version, got)
				}
				if err := e.ended(); !errors.Is(err, context.Canceled) {
					t.Errorf("%s: it ended with %v", version, err)
				}
			}
		}, zaqar.WithVersion(version))
	}
}

func TestQueuesComeAndGoWhileListening(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		sub := client.Subscriber(zaqar.SubscriberConfig{})
		e := listen(t.Context(), sub)
		defer e.stop()
		post(t, client.Queue("a"), 1)
		post(t, client.Queue("b"), 2)
		time.Sleep(10 * time.Minute)
		if e.count() != 0 {
			t.Error("without channels something was heard")
		}
		tuned(t, sub, "b", "a", "b")
		if got := sub.Channels(); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("the channels are %v", got)
		}
		synctest.Wait()
		if e.count() != 2 {
			t.Errorf("it heard %d, want 2 at once", e.count())
		}
		sub.Unsubscribe("a", "nobody")
		post(t, client.Queue("a"), 3)
		post(t, client.Queue("b"), 4)
		time.Sleep(time.Minute)
		if got := append(e.of("a"), e.of("b")...); !slices.Equal(got, []int{1, 2, 4}) {
			t.Errorf("it heard %v", got)
		}
		if got := sub.String(); got != "<Subscriber [b]>" {
			t.Error(got)
		}
	})
}

func TestNothingIsHandedOutAfterUnsubscribe(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		post(t, client.Queue("a"), upTo(0, 20)...)
		sub := tuned(t, client.Subscriber(zaqar.SubscriberConfig{}), "a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		n := 0
		for _, err := range sub.Listen(ctx) {
			if err != nil {
				break
			}
			if n++; n == 3 {
				synctest.Wait() // the fourth is on its way
				sub.Unsubscribe("a")
			}
		}
		if n != 3 {
			t.Errorf("%d were handed out", n)
		}
	})
}

func TestALoopThatIsLeftGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		post(t, client.Queue("a"), upTo(0, 50)...)
		sub := tuned(t, client.Subscriber(zaqar.SubscriberConfig{}), "a")
		var got []int
		for len(got) < 50 {
			for msg, err := range sub.Listen(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				var n int
				if err := msg.Decode(&n); err != nil {
					t.Fatal(err)
				}
				if got = append(got, n); len(got)%7 == 0 || len(got) == 50 {
					break
				}
			}
		}
		if !slices.Equal(got, upTo(0, 50)) {
			t.Errorf("it heard %v", got)
		}
	})
}

func TestASecondLoopAtATimeIsRefused(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		sub := tuned(t, client.Subscriber(zaqar.SubscriberConfig{}), "a")
		first := listen(t.Context(), sub)
		synctest.Wait()
		second := listen(t.Context(), sub)
		<-second.done
		if err := second.ended(); !errors.Is(err, zaqar.ErrInvalid) {
			t.Errorf("the second ended with %v", err)
		}
		first.stop()
		third := listen(t.Context(), sub)
		synctest.Wait()
		third.stop()
		if err := third.ended(); !errors.Is(err, context.Canceled) {
			t.Errorf("the third ended with %v", err)
		}
	})
}

func TestPollingIsQuickWhenBusyAndRareWhenIdle(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		sub := client.Subscriber(zaqar.SubscriberConfig{MinInterval: 100 * time.Millisecond, MaxInterval: 8 * time.Second})
		e := listen(t.Context(), tuned(t, sub, "a"))
		defer e.stop()
		time.Sleep(5 * time.Minute)
		srv.ResetRequests()
		time.Sleep(10 * time.Minute)
		seen := srv.Requests("message_list")
		if n := len(seen); n < 75 || n > 112 {
			t.Errorf("idle, it asked %d times in 10 minutes, want 75 to 100, and once a minute for what hides", n)
		}
		seen = slices.DeleteFunc(seen, func(s zaqartest.Seen) bool { return !strings.Contains(s.Path, "include_claimed") })
		gaps := map[time.Duration]bool{}
		for i := range seen[1:] {
			gap := seen[i+1].Time.Sub(seen[i].Time)
			gaps[gap] = true
			if gap < 6*time.Second || gap > 8*time.Second {
				t.Errorf("it waited %v", gap)
			}
		}
		if len(gaps) < len(seen)/2 {
			t.Errorf("only %d waits of %d differ", len(gaps), len(seen))
		}
		srv.ResetRequests()
		for i := range 100 { // a message each 50 ms
			post(t, client.Queue("a"), i)
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(8 * time.Second)
		if got := e.of("a"); !slices.Equal(got, upTo(0, 100)) {
			t.Errorf("it heard %v", got)
		}
		time.Sleep(time.Minute)
		srv.ResetRequests()
		start := time.Now()
		post(t, client.Queue("a"), upTo(0, 200)...)
		for e.count() < 300 {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(start); took > 9*time.Second {
			t.Errorf("200 messages took %v", took)
		}
		if n := len(srv.Requests("message_list")); n > 20 {
			t.Errorf("200 messages took %d requests", n)
		}
	})
}

func TestManySubscribersDoNotAskTogether(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		for range 20 {
			e := listen(t.Context(), tuned(t, client.Subscriber(zaqar.SubscriberConfig{}), "a"))
			defer e.stop()
		}
		time.Sleep(10 * time.Minute)
		srv.ResetRequests()
		time.Sleep(time.Minute)
		most, each := 0, map[int64]int{}
		for _, seen := range srv.Requests("message_list") {
			bucket := seen.Time.UnixMilli() / 500
			each[bucket]++
			most = max(most, each[bucket])
		}
		if most > 10 {
			t.Errorf("%d of 20 asked within half a second", most)
		}
	})
}

func TestAQueueThatHangsOrFailsHoldsNoneUp(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]zaqartest.Fault{
		"hangs": {Kind: "message_list", Delay: time.Hour, Times: -1},
		"fails": {Kind: "message_list", Status: http.StatusServiceUnavailable, Times: -1},
		"cuts":  {Kind: "message_list", Cut: true, Times: -1},
		"talks": {Kind: "message_list", Status: http.StatusOK, Body: "nonsense", Times: -1},
	} {
		var mu sync.Mutex
		var failed []observe.ReadFailed
		recovered := 0
		watch := observe.Func(func(_ context.Context, e observe.Event) {
			mu.Lock()
			defer mu.Unlock()
			switch e := e.(type) {
			case observe.ReadFailed:
				failed = append(failed, e)
			case observe.ReadRecovered:
				recovered++
			}
		})
		bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			sub := tuned(t, client.Subscriber(zaqar.SubscriberConfig{}), "bad")
			srv.Inject(fault)
			e := listen(t.Context(), sub)
			defer e.stop()
			synctest.Wait() // the first request is under way, and befallen
			if name != "hangs" {
				time.Sleep(10 * time.Minute)
				mu.Lock()
				if n := len(failed); n < 50 || n > 90 {
					t.Errorf("%s: %d failures in 10 minutes", name, n)
				}
				for i, f := range failed {
					if f.Queue != "bad" || f.Failures != i+1 || f.Wait > zaqar.DefaultMaxInterval || f.Err == nil {
						t.Errorf("%s: told %+v", name, f)
					}
				}
				mu.Unlock()
			}
			srv.ClearFaults()
			tuned(t, sub, "good")
			post(t, client.Queue("bad"), 1)
			post(t, client.Queue("good"), 1)
			start := time.Now()
			time.Sleep(time.Second)
			if len(e.of("good")) != 1 {
				t.Errorf("%s: nothing came of the good queue", name)
			}
			for len(e.of("bad")) == 0 {
				time.Sleep(time.Second)
			}
			if took := time.Since(start); took > zaqar.DefaultTimeout+zaqar.DefaultMaxInterval {
				t.Errorf("%s: the bad queue came back after %v", name, took)
			}
			mu.Lock()
			defer mu.Unlock()
			if recovered != 1 || sub.Stats().Failures != len(failed) {
				t.Errorf("%s: recovered %d times, %d of %d failures", name, recovered, sub.Stats().Failures, len(failed))
			}
		}, zaqar.WithObserver(watch))
	}
}

func TestQueuesThatAreBusyTakeTurns(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		post(t, client.Queue("busy"), upTo(0, 400)...)
		post(t, client.Queue("calm"), upTo(0, 5)...)
		sub := tuned(t, client.Subscriber(zaqar.SubscriberConfig{}), "busy", "calm")
		calm, n := 0, 0
		for msg, err := range sub.Listen(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			if msg.Queue().Name() == "calm" {
				calm++
			}
			if calm == 5 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if n > 40 {
			t.Errorf("the calm queue's 5 messages came among %d", n)
		}
	})
}

func TestASlowLoopSlowsTheReading(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		post(t, client.Queue("a"), upTo(0, 100)...)
		sub := tuned(t, client.Subscriber(zaqar.SubscriberConfig{}), "a")
		for _, err := range sub.Listen(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Minute)
			if n := len(srv.Requests("message_list")); n != 1 {
				t.Errorf("%d pages were read for one message", n)
			}
			break
		}
	})
}

func TestWhatCannotHealEndsTheLoop(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{
		http.StatusUnauthorized: zaqar.ErrUnauthorized,
		http.StatusForbidden:    zaqar.ErrForbidden,
		http.StatusBadRequest:   zaqar.ErrInvalid,
	} {
		bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			srv.Inject(zaqartest.Fault{Kind: "message_list", Status: status, Times: -1})
			e := listen(t.Context(), tuned(t, client.Subscriber(zaqar.SubscriberConfig{}), "a"))
			<-e.done
			if err := e.ended(); !errors.Is(err, want) || asError(t, err).Queue != "a" {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}

func TestClosingTheClientEndsTheLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := zaqartest.RunInMemory(t)
		client, err := zaqar.Connect(t.Context(), srv.URL(), zaqar.WithHTTPClient(srv.HTTPClient()), zaqar.WithProject("p"))
		if err != nil {
			t.Fatal(err)
		}
		sub := tuned(t, client.Subscriber(zaqar.SubscriberConfig{}), "a", "b")
		listened := zaqar.AsyncDo(t.Context(), client, func(ctx context.Context) error {
			for _, err := range sub.Listen(ctx) {
				return err
			}
			return nil
		})
		synctest.Wait()
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		if err := listened.Err(); !errors.Is(err, zaqar.ErrClosed) {
			t.Errorf("it ended with %v", err)
		}
	})
}

func TestAConfigThatCannotBeRightIsAnArgumentError(t *testing.T) {
	t.Parallel()
	client := over(t, says(200, `{}`))
	for name, config := range map[string]zaqar.SubscriberConfig{
		"negative":  {MinInterval: -1},
		"reversed":  {MinInterval: time.Minute, MaxInterval: time.Second},
		"no flight": {InFlight: -1},
		"one":       {PageSize: 1},
		"forgets":   {Remember: 3},
	} {
		sub := client.Subscriber(config)
		if err := sub.Subscribe("a"); !errors.Is(err, zaqar.ErrInvalid) {
			t.Errorf("%s: subscribing gives %v", name, err)
		}
		for _, err := range sub.Listen(t.Context()) {
			if !errors.Is(err, zaqar.ErrInvalid) {
				t.Errorf("%s: listening gives %v", name, err)
			}
		}
	}
	sub := client.Subscriber(zaqar.SubscriberConfig{})
	if err := sub.Subscribe("fine", "not fine"); !errors.Is(err, zaqar.ErrInvalid) || len(sub.Channels()) != 0 {
		t.Errorf("%v, and the channels are %v", err, sub.Channels())
	}
}

// redis lists one queue as servers on Redis do: see crooked. It posts with ages.
type redis struct {
	mu      sync.Mutex
	ids     []string
	posted  map[string]time.Time
	expired map[string]bool // not collected yet
	claimed map[string]bool
	asked   int
}

func newRedis() *redis {
	return &redis{posted: map[string]time.Time{}, expired: map[string]bool{}, claimed: map[string]bool{}}
}

func (r *redis) post(names ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		r.ids = append(r.ids, name)
		r.posted[name] = time.Now()
	}
}

func (r *redis) remove(names ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids = slices.DeleteFunc(r.ids, func(id string) bool { return slices.Contains(names, id) })
}

func (r *redis) set(marks map[string]bool, names ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		marks[name] = true
	}
}

func (r *redis) answer(req *transport.Request) (*transport.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked++; r.asked > 5000 {
		return nil, errors.New("it asks for ever")
	}
	limit, _ := strconv.Atoi(req.Query.Get("limit"))
	all, marker := req.Query.Get("include_claimed") == "true", req.Query.Get("marker")
	start := 0
	switch {
	case all && marker == "":
		return &transport.Response{Status: http.StatusServiceUnavailable}, nil // quirk 3
	case marker == "":
		start = max(0, slices.IndexFunc(r.ids, func(id string) bool { return !r.expired[id] && !r.claimed[id] }))
	default:
		if at := slices.Index(r.ids, marker); at > 0 {
			start = at + 1
		}
	}
	messages, links := []any{}, []any{}
	for _, id := range r.ids[start:min(start+limit, len(r.ids))] {
		if r.expired[id] || r.claimed[id] && !all {
			continue
		}
		age := time.Now().Unix() - r.posted[id].Unix()
		messages = append(messages, map[string]any{"id": id, "ttl": 3600, "age": age, "body": id})
		links = []any{map[string]string{"rel": "next", "href": "/v2/queues/q/messages?marker=" + id}}
	}
	body, err := json.Marshal(map[string]any{"messages": messages, "links": links})
	return &transport.Response{Status: http.StatusOK, Body: body}, err
}

func names(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf("m%05d", i))
	}
	return all
}

// hears listens for a while to what a crooked server lists, and returns the ids.
func hears(t *testing.T, sub *zaqar.Subscriber, while func()) []string {
	t.Helper()
	var mu sync.Mutex
	var ids []string
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for msg, err := range sub.Listen(ctx) {
			if err == nil {
				mu.Lock()
				ids = append(ids, msg.ID())
				mu.Unlock()
			}
		}
	}()
	while()
	cancel()
	<-done
	return ids
}

func onRedis(t *testing.T, config zaqar.SubscriberConfig, test func(t *testing.T, r *redis, sub *zaqar.Subscriber)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRedis()
		test(t, r, tuned(t, over(t, &scripted{answer: r.answer}).Subscriber(config), "q"))
	})
}

func TestAListingThatStartsAgainRepeatsNothing(t *testing.T) {
	t.Parallel()
	for _, config := range []zaqar.SubscriberConfig{{}, {Remember: 40}, {PageSize: 2, Remember: 20}, {PageSize: 7, Remember: 100}} {
		onRedis(t, config, func(t *testing.T, r *redis, sub *zaqar.Subscriber) {
			got := hears(t, sub, func() {
				for i := range 30 {
					r.post(names(i*10, i*10+10)...)
					time.Sleep(20 * time.Second)
					// The marker goes away, and so do some before it.
					r.remove(names(i*10+9, i*10+10)...)
					if i%3 == 0 {
						r.remove(names(i*5, i*5+3)...)
					}
				}
			})
			if !slices.Equal(got, names(0, 300)) {
				t.Errorf("%+v: it heard %d: %v", config, len(got), got)
			}
			if sub.Stats().Repeats == 0 || sub.Stats().Delivered != 300 {
				t.Errorf("%+v: it counted %+v", config, sub.Stats())
			}
		})
	}
}

func TestTheLastMessageOfAQueueIsNoRepeat(t *testing.T) {
	t.Parallel()
	onRedis(t, zaqar.SubscriberConfig{}, func(t *testing.T, r *redis, sub *zaqar.Subscriber) {
		r.post("m") // as the first it is listed for ever (quirk 1)
		got := hears(t, sub, func() {
			time.Sleep(10 * time.Minute)
			r.post("n")
			time.Sleep(10 * time.Minute)
		})
		if stats := sub.Stats(); !slices.Equal(got, []string{"m", "n"}) || stats.Repeats != 0 || stats.Looks > 200 {
			t.Errorf("it heard %v and counted %+v", got, stats)
		}
	})
}

func TestNothingKnownIsLeftButOldMessages(t *testing.T) {
	t.Parallel()
	onRedis(t, zaqar.SubscriberConfig{PageSize: 10, Remember: 20}, func(t *testing.T, r *redis, sub *zaqar.Subscriber) {
		got := hears(t, sub, func() {
			r.post(names(0, 50)...) // they stay, and are forgotten
			time.Sleep(10 * time.Minute)
			r.post(names(50, 80)...)
			time.Sleep(10 * time.Minute)
			r.remove(names(50, 80)...) // all that is remembered
			time.Sleep(10 * time.Minute)
			r.post(names(80, 120)...)
			time.Sleep(10 * time.Minute)
		})
		if !slices.Equal(got, names(0, 120)) {
			t.Errorf("it heard %d: %v", len(got), got)
		}
	})
}

func TestExpiredMessagesAtTheHeadHideNothing(t *testing.T) {
	t.Parallel()
	onRedis(t, zaqar.SubscriberConfig{}, func(t *testing.T, r *redis, sub *zaqar.Subscriber) {
		r.post(names(0, 70)...)
		r.set(r.expired, names(0, 70)...)
		got := hears(t, sub, func() {
			time.Sleep(10 * time.Minute)
			r.post(names(70, 100)...)
			r.set(r.claimed, names(75, 80)...)
			time.Sleep(time.Minute)
		})
		if !slices.Equal(got, names(70, 100)) {
			t.Errorf("it heard %v", got)
		}
	})
}

func TestMessagesThatAreClaimedAtOnceAreSeen(t *testing.T) {
	t.Parallel()
	onRedis(t, zaqar.SubscriberConfig{}, func(t *testing.T, r *redis, sub *zaqar.Subscriber) {
		got := hears(t, sub, func() {
			for i := range 20 {
				time.Sleep(3 * time.Minute)
				r.post(names(i*3, i*3+3)...)
				r.set(r.claimed, names(i*3, i*3+2)...)
				time.Sleep(time.Minute)
				r.set(r.claimed, names(i*3, i*3+3)...)
			}
		})
		if !slices.Equal(got, names(0, 60)) {
			t.Errorf("it heard %v", got)
		}
	})
}

func TestAServerThatLeadsInCirclesIsNotAskedWithoutEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &scripted{}
		server.answer = func(req *transport.Request) (*transport.Response, error) {
			next := "a"
			if req.Query.Get("marker") == "a" {
				next = "b"
			}
			body := `{"messages":[{"id":"1","ttl":60,"age":0,"body":1},{"id":"2","ttl":60,"age":0,"body":1}],"links":[{"rel":"next","href":"/?marker=` + next + `"}]}`
			return &transport.Response{Status: http.StatusOK, Body: []byte(body)}, nil
		}
		sub := tuned(t, over(t, server).Subscriber(zaqar.SubscriberConfig{PageSize: 2}), "q")
		got := hears(t, sub, func() { time.Sleep(time.Minute) })
		if len(got) != 2 || server.count() > 5000 {
			t.Errorf("it heard %v in %d requests", got, server.count())
		}
	})
}

func TestASubscriberAsksForThePagesThatTheServerAllows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &crooked{items: items(45, nil), most: 12}
		sub := tuned(t, over(t, &scripted{answer: c.answer}).Subscriber(zaqar.SubscriberConfig{}), "wot")
		got := hears(t, sub, func() { time.Sleep(time.Minute) })
		if !slices.Equal(got, c.visible()) {
			t.Errorf("it heard %v", got)
		}
	})
}
