package consumer_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// deletions returns how many messages each request to delete named, in their order.
func deletions(t *testing.T, srv *zaqartest.Server) []int {
	t.Helper()
	var sizes []int
	for _, r := range srv.Requests("message_delete", "message_delete_many") {
		if r.Kind == "message_delete" {
			sizes = append(sizes, 1)
			continue
		}
		path, err := url.Parse(r.Path)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(path.Query()["ids"]))
	}
	return sizes
}

// after returns a handler that takes that long.
func after(takes time.Duration) zaqar.Handler {
	return func(context.Context, *zaqar.Message) error {
		time.Sleep(takes)
		return nil
	}
}

func TestWhatIsFinishedDuringADeletionIsDeletedWithTheNext(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 20)
		srv.Inject(zaqartest.Fault{Kind: "message_delete", Delay: 20 * time.Millisecond, Times: -1})
		var handled seen
		r := run(t, q, zaqar.ConsumerConfig{Workers: 20, ClaimSize: 20}, func(_ context.Context, m *zaqar.Message) error {
			handled.add(m)
			return nil
		})
		time.Sleep(time.Minute)
		r.stop()
		handled.once(t, 20)
		clienttest.Stored(t, srv, "wot", 0)
		if sizes := deletions(t, srv); !slices.Equal(sizes, []int{1, 19}) {
			t.Errorf("the deletions were of %v", sizes)
		}
		if s := r.Stats(); s.Handled != 20 || s.Settling != 0 {
			t.Errorf("the counters are %+v", s)
		}
	})
}

func TestADeletionNamesTwentyMessagesAtMost(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 90)
		srv.Inject(zaqartest.Fault{Kind: "message_delete_many", Delay: 10 * time.Second, Times: -1})
		r := run(t, q, zaqar.ConsumerConfig{Workers: 90}, after(time.Second))
		time.Sleep(time.Minute)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		sizes := deletions(t, srv)
		slices.Sort(sizes)
		if !slices.Equal(sizes, []int{1, 9, 20, 20, 20, 20}) {
			t.Errorf("the deletions were of %v", sizes)
		}
	})
}

func TestAHandledMessageWaitsMillisecondsForItsDeletion(t *testing.T) {
	t.Parallel()
	var witness clienttest.Witness
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 100)
		r := run(t, q, zaqar.ConsumerConfig{Workers: 1, ClaimSize: 20}, after(time.Millisecond))
		time.Sleep(time.Minute)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		if n := len(deletions(t, srv)); n > 30 {
			t.Errorf("100 messages were deleted with %d requests", n)
		}
	}, zaqar.WithObserver(&witness))
	for _, e := range clienttest.Saw[observe.Handled](&witness) {
		if e.Took > 6*time.Millisecond {
			t.Errorf("%s was handled in a millisecond, and deleted after %v", e.Message, e.Took)
		}
	}
}

func TestADeletionThatHangsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	var witness clienttest.Witness
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 100)
		srv.Inject(zaqartest.Fault{Kind: "message_delete", Delay: 30 * time.Second})
		r := run(t, q, zaqar.ConsumerConfig{Workers: 1, ClaimSize: 20}, after(10*time.Millisecond))
		time.Sleep(10 * time.Second)
		clienttest.Stored(t, srv, "wot", 1)
		time.Sleep(time.Minute)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
	}, zaqar.WithObserver(&witness))
	late := 0
	for _, e := range clienttest.Saw[observe.Handled](&witness) {
		if e.Took > 70*time.Millisecond {
			late++
		}
	}
	if late != 1 {
		t.Errorf("%d messages were deleted late", late)
	}
}

func TestOneMessageAfterTheOtherIsDeletedWithItsClaim(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 10)
		r := run(t, q, zaqar.ConsumerConfig{Workers: 1}, after(10*time.Millisecond))
		time.Sleep(time.Minute)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		if n := len(srv.Requests("message_delete")); n != 10 {
			t.Errorf("%d messages were deleted with their claims", n)
		}
	})
}

// atOnce lets twenty workers each handle a message at the same time, each time that
// somebody calls next. Their deletions are in the one that next returns.
type atOnce struct {
	*running
	srv *zaqartest.Server
	q   *zaqar.Queue
	let chan struct{}
}

func handleAtOnce(t *testing.T, srv *zaqartest.Server, client *zaqar.Client, config zaqar.ConsumerConfig) *atOnce {
	t.Helper()
	a := &atOnce{srv: srv, q: client.Queue("wot"), let: make(chan struct{})}
	config.Workers, config.MaxPoll = 20, 3*time.Second
	a.running = run(t, a.q, config, func(context.Context, *zaqar.Message) error {
		<-a.let
		return nil
	})
	return a
}

// next returns the sizes of the deletions of the next twenty messages, between whose claim
// and end meanwhile is called.
func (a *atOnce) next(meanwhile func()) []int {
	a.t.Helper()
	before := len(deletions(a.t, a.srv))
	clienttest.PostMany(a.t, a.q, 20)
	time.Sleep(5 * time.Second)
	if s := a.Stats(); s.Running != 20 {
		a.t.Fatalf("the counters are %+v", s)
	}
	meanwhile()
	for range 20 {
		a.let <- struct{}{}
	}
	time.Sleep(20 * time.Second)
	clienttest.Stored(a.t, a.srv, "wot", 0)
	return deletions(a.t, a.srv)[before:]
}

var (
	rolling = []int{1, 19}
	each    = slices.Repeat([]int{1}, 20)
)

func (a *atOnce) want(what string, want []int, meanwhile func()) {
	a.t.Helper()
	got, want := a.next(meanwhile), slices.Sorted(slices.Values(want))
	slices.Sort(got) // those that are sent at the same time arrive in any order
	if slices.Equal(want, each) && len(got) > len(each) {
		got = got[:len(each)] // a claim that was lost can take a second request
	}
	if !slices.Equal(got, want) {
		a.t.Errorf("%s, the deletions are of %v, want %v", what, got, want)
	}
}

func TestAClaimThatMayNotHoldIsNotTrusted(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		a := handleAtOnce(t, srv, client, zaqar.ConsumerConfig{TTL: time.Minute})
		a.want("at first", rolling, func() {})
		a.want("when extensions fail", each, func() {
			srv.Inject(zaqartest.Fault{Kind: "claim_update", Status: 503, Times: -1})
			time.Sleep(45 * time.Second)
		})
		srv.ClearFaults()
		a.want("after that", rolling, func() {})
		a.want("when somebody has released a claim", each, func() {
			releaseBehind(t, srv, a.q)
			time.Sleep(45 * time.Second)
		})
		a.want("soon after that", each, func() {})
		time.Sleep(5 * time.Minute)
		a.want("long after that", rolling, func() {})
		a.stop()
	})
}

func TestAfterADeletionOfManyHasFailedMessagesAreDeletedOneByOneForAWhile(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		a := handleAtOnce(t, srv, client, zaqar.ConsumerConfig{})
		srv.Inject(zaqartest.Fault{Kind: "message_delete_many", Status: 503, Times: 1})
		a.want("when it fails", slices.Concat(rolling, each[1:]), func() {})
		a.want("soon after", each, func() {})
		time.Sleep(time.Minute)
		a.want("later", rolling, func() {})
		if s := a.Stats(); s.Handled != 60 {
			t.Errorf("the counters are %+v", s)
		}
		a.stop()
	})
}

func TestADeletionOfManyWithoutAnAnswerIsRepeatedMessageByMessage(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		a := handleAtOnce(t, srv, client, zaqar.ConsumerConfig{})
		srv.Inject(zaqartest.Fault{Kind: "message_delete_many", Status: 504, After: true, Times: 1})
		a.want("when the answer is lost", slices.Concat(rolling, each[1:]), func() {})
		if s := a.Stats(); s.Handled != 20 || s.Lost != 0 {
			t.Errorf("the counters are %+v", s)
		}
		a.stop()
	})
}

func TestANumberOfIdsThatTheServiceRefusesIsHalved(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		a := handleAtOnce(t, srv, client, zaqar.ConsumerConfig{})
		srv.Inject(zaqartest.Fault{Kind: "message_delete_many", Status: 400, Times: 1})
		a.want("when it refuses", slices.Concat(rolling, each[1:]), func() {})
		a.want("after that", []int{1, 9, 9, 1}, func() {})
		a.stop()
	})
}

func TestALateRefusalDoesNotRaiseTheNumberOfIdsThatAreSent(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 31)
		srv.Inject(zaqartest.Fault{Kind: "message_delete", Delay: 20 * time.Millisecond})
		srv.Inject(zaqartest.Fault{Kind: "message_delete_many", Delay: 2 * time.Second, Status: 400}) // twenty, answered last
		srv.Inject(zaqartest.Fault{Kind: "message_delete_many", Status: 400})                         // ten
		r := run(t, q, zaqar.ConsumerConfig{Workers: 31, MaxPoll: 3 * time.Second}, after(5*time.Second))
		time.Sleep(time.Minute)
		clienttest.Stored(t, srv, "wot", 0)
		sizes := deletions(t, srv)
		if many := slices.DeleteFunc(slices.Clone(sizes), func(n int) bool { return n == 1 }); !slices.Equal(many, []int{20, 10}) {
			t.Fatalf("the deletions were of %v", sizes)
		}
		clienttest.PostMany(t, q, 31)
		time.Sleep(time.Minute)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		if sizes := deletions(t, srv)[len(sizes):]; slices.Max(sizes) != 5 {
			t.Errorf("after ten were refused the deletions are of %v", sizes)
		}
	})
}

func TestAServerThatWantsClaimsGetsThemAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := zaqartest.RunInMemory(t, zaqartest.WithClaimGuardedBulkDelete(true))
		client, err := zaqar.Connect(t.Context(), srv.URL(), zaqar.WithHTTPClient(srv.HTTPClient()), zaqar.WithProject("p"))
		if err != nil {
			t.Fatal(err)
		}
		a := handleAtOnce(t, srv, client, zaqar.ConsumerConfig{})
		a.want("by claims of one", rolling, func() {})
		a.stop()
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestMessagesAreDeletedTogetherByEveryVersionAndOverTheWebSocket(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]zaqar.Version{"v1": zaqar.V1, "v1.1": zaqar.V1_1, "v2": zaqar.V2, "WebSocket": zaqar.V2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := zaqartest.RunInMemory(t)
				endpoint := srv.URL()
				if name == "WebSocket" {
					endpoint = srv.WebSocketURL()
				}
				client, err := zaqar.Connect(t.Context(), endpoint, zaqar.WithHTTPClient(srv.HTTPClient()), zaqar.WithProject("p"), zaqar.WithVersion(version))
				if err != nil {
					t.Fatal(err)
				}
				a := handleAtOnce(t, srv, client, zaqar.ConsumerConfig{})
				clienttest.PostMany(t, a.q, 20)
				time.Sleep(5 * time.Second)
				close(a.let)
				time.Sleep(time.Minute)
				clienttest.Stored(t, srv, "wot", 0)
				if one, many := len(srv.Requests("message_delete")), len(srv.Requests("message_delete_many")); one != 1 || many != 1 {
					t.Errorf("%d deletions of one and %d of many", one, many)
				}
				a.stop()
				if err := client.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestDoneWaitsForItsOwnDeletion(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 20)
		c := q.Consumer(zaqar.ConsumerConfig{ClaimSize: 20})
		all, err := c.Fetch(t.Context(), 20)
		if err != nil || len(all) != 20 {
			t.Fatal(len(all), err)
		}
		srv.Inject(zaqartest.Fault{Kind: "message_delete", Delay: 20 * time.Millisecond, Times: 1}) // the others join meanwhile
		srv.Inject(zaqartest.Fault{Kind: "message_delete_many", Delay: time.Second, Times: -1})
		var calls sync.WaitGroup
		for _, d := range all {
			calls.Go(func() {
				if err := d.Done(t.Context()); err != nil {
					t.Error(err)
				}
				for _, m := range srv.Messages("p", "wot") {
					if m.ID == d.Message().ID() {
						t.Errorf("Done returned before %s was deleted", m.ID)
					}
				}
			})
		}
		calls.Wait()
		if sizes := deletions(t, srv); !slices.Equal(sizes, rolling) {
			t.Errorf("the deletions were of %v", sizes)
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestDoneCanBeCalledAgainDuringADeletionOfMany(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"which succeeds": 0, "which fails": 503} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				clienttest.PostMany(t, q, 20)
				c := q.Consumer(zaqar.ConsumerConfig{ClaimSize: 20})
				all, err := c.Fetch(t.Context(), 20)
				if err != nil || len(all) != 20 {
					t.Fatal(len(all), err)
				}
				srv.Inject(zaqartest.Fault{Kind: "message_delete", Delay: 20 * time.Millisecond, Times: 1}) // the others join meanwhile
				srv.Inject(zaqartest.Fault{Kind: "message_delete_many", Delay: 10 * time.Second, Status: status, Times: -1})
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				var calls sync.WaitGroup
				var mu sync.Mutex
				cut := 0
				for _, d := range all {
					calls.Go(func() {
						err := d.Done(ctx)
						mu.Lock()
						if errors.Is(err, context.DeadlineExceeded) {
							cut++
						}
						mu.Unlock()
						if err := d.Done(context.WithoutCancel(ctx)); err != nil {
							t.Error(err)
						}
					})
				}
				calls.Wait()
				if cut != 19 {
					t.Errorf("%d calls were cut", cut)
				}
				clienttest.Stored(t, srv, "wot", 0)
				if s := c.Stats(); s.Handled != 20 || s.Settling != 0 {
					t.Errorf("the counters are %+v", s)
				}
				if err := c.Stop(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestBulkDeleteChangesNothing(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		a := handleAtOnce(t, srv, client, zaqar.ConsumerConfig{ClaimSize: 20, BulkDelete: true}) //nolint:staticcheck // it is what this test is about
		a.want("with it", rolling, func() {})
		a.stop()
	})
}
