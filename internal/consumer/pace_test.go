package consumer_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/internal/consumer"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// limits returns the limits of the claims, in the order in which they were asked for.
func limits(t *testing.T, srv *zaqartest.Server) []int {
	t.Helper()
	var sizes []int
	for _, r := range srv.Requests("claim_create") {
		path, err := url.Parse(r.Path)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(path.Query().Get("limit"))
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, n)
	}
	return sizes
}

// slowClaims makes each claim take 20 milliseconds, so that quick handlers take less than
// a few times that.
func slowClaims(srv *zaqartest.Server) {
	srv.Inject(zaqartest.Fault{Kind: "claim_create", Delay: 20 * time.Millisecond, Times: -1})
}

// onSlowClaims runs a test on driven time, with a queue of n messages and slow claims.
func onSlowClaims(t *testing.T, n int, test func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue)) {
	t.Helper()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, n)
		slowClaims(srv)
		test(t, srv, q)
	})
}

var adaptive = zaqar.ConsumerConfig{ClaimSize: zaqar.Adaptive, MaxPoll: 5 * time.Second}

func TestAdaptiveClaimsGrowWhileHandlersAreQuick(t *testing.T) {
	t.Parallel()
	onSlowClaims(t, 500, func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue) {
		var handled seen
		r := run(t, q, adaptive, func(_ context.Context, m *zaqar.Message) error {
			time.Sleep(time.Millisecond)
			handled.add(m)
			return nil
		})
		time.Sleep(5 * time.Second)
		sizes := limits(t, srv)
		for _, want := range []int{1, 2, 4, 8, 16, 20} {
			if !slices.Contains(sizes, want) {
				t.Errorf("no claim was of %d: %v", want, sizes)
			}
		}
		if slices.Max(sizes) > 20 || sizes[0] != 1 {
			t.Errorf("the claims were of %v", sizes)
		}
		if sizes[len(sizes)-1] != 1 {
			t.Errorf("with an empty queue the claims are of %v", sizes)
		}
		r.stop()
		handled.once(t, 500)
		clienttest.Stored(t, srv, "wot", 0)
	})
}

func TestAdaptiveClaimsStayAtOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy zaqar.FailurePolicy
		takes  time.Duration
	}{
		"with GiveBack":                     {policy: zaqar.GiveBack},
		"with LetExpire":                    {policy: zaqar.LetExpire},
		"with handlers that are not quick":  {takes: 70 * time.Millisecond},
		"with handlers that take a second":  {takes: time.Second},
		"with handlers that take a minute":  {takes: time.Minute},
		"with handlers longer than a claim": {takes: 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSlowClaims(t, 100, func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue) {
				config := adaptive
				config.OnFailure, config.StopTimeout = c.policy, -1
				r := run(t, q, config, after(c.takes))
				time.Sleep(5*time.Second + 2*c.takes)
				if sizes := limits(t, srv); slices.Max(sizes) != 1 {
					t.Errorf("the claims are of %v", sizes)
				}
				r.stop()
			})
		})
	}
}

func TestAdaptiveClaimsGoBackToOneForAWhile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		what  func(n int) error // in the handler of message n
		upset func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue)
	}{
		"when an attempt fails": {
			what: func(n int) error {
				if n == 200 {
					return zaqar.RetryAfter(time.Hour, errBroken)
				}
				return nil
			},
		},
		"when an attempt takes long": {
			what: func(n int) error {
				if n == 200 {
					time.Sleep(6 * time.Second)
				}
				return nil
			},
		},
		"when claiming fails": {
			upset: func(_ *testing.T, srv *zaqartest.Server, _ *zaqar.Queue) {
				srv.ClearFaults()
				srv.Inject(zaqartest.Fault{Kind: "claim_create", Status: 503})
				slowClaims(srv)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var witness clienttest.Witness
			brought := func() (sizes []int) {
				for _, e := range clienttest.Saw[observe.Claimed](&witness) {
					sizes = append(sizes, e.Messages)
				}
				return sizes
			}
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				slowClaims(srv)
				for range 3 {
					clienttest.PostMany(t, q, 1000)
				}
				var once sync.Once
				var n atomic.Int64
				var upset atomic.Int64 // when it happened
				config := adaptive
				config.Workers = 2
				r := run(t, q, config, func(context.Context, *zaqar.Message) error {
					time.Sleep(50 * time.Millisecond)
					n := int(n.Add(1))
					if n >= 200 {
						once.Do(func() {
							upset.Store(time.Now().UnixMilli())
							if c.upset != nil {
								c.upset(t, srv, q)
							}
						})
					}
					if c.what == nil {
						return nil
					}
					return c.what(n)
				})
				for upset.Load() == 0 {
					time.Sleep(10 * time.Millisecond)
				}
				time.Sleep(8 * time.Second)
				before := brought()
				time.Sleep(time.Second)
				if sizes := brought()[len(before):]; slices.Max(before) < 16 || len(sizes) == 0 || slices.Max(sizes) > 1 {
					t.Errorf("before it the claims were of %v, and after it of %v", before, sizes)
				}
				time.Sleep(10 * time.Second)
				before = brought()
				time.Sleep(time.Second)
				if sizes := brought()[len(before):]; len(sizes) == 0 || slices.Max(sizes) < 16 {
					t.Errorf("long after it the claims are of %v", sizes)
				}
				r.stop()
			}, zaqar.WithObserver(&witness))
		})
	}
}

func TestAFailedMessageOfAnAdaptiveClaimIsRetriedInTheProcess(t *testing.T) {
	t.Parallel()
	onSlowClaims(t, 500, func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue) {
		var handled seen
		config := adaptive
		config.Workers, config.Backoff = 2, time.Second
		r := run(t, q, config, func(_ context.Context, m *zaqar.Message) error {
			time.Sleep(10 * time.Millisecond)
			if n := handled.add(m); n == 1 && string(m.Body()) == "300" {
				return errBroken
			}
			return nil
		})
		time.Sleep(2 * time.Minute)
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); s.Failed != 1 || s.Handled != 500 || s.Released != 0 {
			t.Errorf("the counters are %+v", s)
		}
		r.stop()
	})
}

func TestAStopWorksOffWhatAdaptiveClaimsHaveBrought(t *testing.T) {
	t.Parallel()
	onSlowClaims(t, 1000, func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue) {
		var takes atomic.Int64
		takes.Store(int64(10 * time.Millisecond))
		var handled seen
		config := adaptive
		config.Workers = 2
		r := run(t, q, config, func(_ context.Context, m *zaqar.Message) error {
			time.Sleep(time.Duration(takes.Load()))
			handled.add(m)
			return nil
		})
		time.Sleep(2 * time.Second)
		before := r.Stats()
		if before.Ready < 10 {
			t.Errorf("the counters are %+v", before)
		}
		r.stop()
		s := r.Stats()
		if s.Handled < before.Handled+before.Ready || s.Ready+s.Running != 0 {
			t.Errorf("the counters were %+v and are %+v", before, s)
		}
		if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 1000-s.Handled)); n != 0 {
			t.Errorf("%d messages are still claimed", n)
		}
		handled.once(t, s.Handled)
	})
}

func TestAStopReleasesWhatItCannotWorkOffInTime(t *testing.T) {
	t.Parallel()
	onSlowClaims(t, 1000, func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue) {
		var takes atomic.Int64
		takes.Store(int64(10 * time.Millisecond))
		config := adaptive
		config.Workers, config.StopTimeout = 2, 5*time.Second
		r := run(t, q, config, func(ctx context.Context, _ *zaqar.Message) error {
			select {
			case <-time.After(time.Duration(takes.Load())):
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
		time.Sleep(2 * time.Second)
		takes.Store(int64(2 * time.Second))
		start := time.Now()
		r.leave()
		if err := <-r.ended; err != nil && !errors.Is(err, zaqar.ErrStopped) {
			t.Errorf("the run ended with %v", err)
		}
		if took := time.Since(start); took < 4*time.Second || took > 7*time.Second {
			t.Errorf("the stop took %v", took)
		}
		s := r.Stats()
		if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 1000-s.Handled)); n != 0 || s.GivenBack < 5 {
			t.Errorf("%d messages are still claimed, and the counters are %+v", n, s)
		}
	})
}

func TestAStopInAHandlerDoesNotWaitForWhatItsWorkerWouldWorkOff(t *testing.T) {
	t.Parallel()
	onSlowClaims(t, 200, func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue) {
		config := adaptive
		config.Workers = 1
		var n atomic.Int64
		var c *zaqar.Consumer
		begun := make(chan struct{})
		r := run(t, q, config, func(ctx context.Context, _ *zaqar.Message) error {
			<-begun
			time.Sleep(5 * time.Millisecond)
			if n.Add(1) == 100 {
				return c.Stop(ctx)
			}
			return nil
		})
		c = r.Consumer
		close(begun)
		time.Sleep(10 * time.Second)
		if n.Load() != 100 {
			t.Errorf("%d messages were handled", n.Load())
		}
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
		if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 100)); n != 0 {
			t.Errorf("%d messages are still claimed", n)
		}
		r.leave()
	})
}

func TestQuickHandlersDoNotWaitForClaims(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		takes      time.Duration
		prefetch   int
		least, max int // messages that are claimed and not begun
	}{
		"quick":                 {takes: 30 * time.Millisecond, least: 1, max: 4},
		"quick, and none ahead": {takes: 30 * time.Millisecond, prefetch: -1},
		"quick, and one ahead":  {takes: 30 * time.Millisecond, prefetch: 1, max: 1},
		"slow":                  {takes: 200 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSlowClaims(t, 200, func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue) {
				var most atomic.Int64
				var consumer atomic.Pointer[zaqar.Consumer]
				r := run(t, q, zaqar.ConsumerConfig{Workers: 4, ClaimSize: 1, Prefetch: c.prefetch}, func(context.Context, *zaqar.Message) error {
					time.Sleep(c.takes)
					if c := consumer.Load(); c != nil {
						most.Store(max(most.Load(), int64(c.Stats().Ready)))
					}
					return nil
				})
				consumer.Store(r.Consumer)
				time.Sleep(time.Minute)
				clienttest.Stored(t, srv, "wot", 0)
				if n := int(most.Load()); n < c.least || n > c.max {
					t.Errorf("%d messages were ready, want %d to %d", n, c.least, c.max)
				}
				r.stop()
			})
		})
	}
}

func TestNothingIsClaimedBeforeNextIsCalled(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]zaqar.ConsumerConfig{"zero value": {}, "claims of one": {ClaimSize: 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSlowClaims(t, 100, func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue) {
				c := q.Consumer(config)
				for range 3 {
					d, err := c.Next(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if err := d.Done(t.Context()); err != nil {
						t.Error(err)
					}
					time.Sleep(5 * time.Minute)
				}
				if s := c.Stats(); s.Claims != 3 || s.Claimed != 3 || s.Ready > 0 {
					t.Errorf("a caller asked for a message three times, and the counters are %+v", s)
				}
				if err := c.Stop(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestAClaimForFetchBringsNoMoreThanItAsksFor(t *testing.T) {
	t.Parallel()
	onSlowClaims(t, 500, func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue) {
		c := q.Consumer(zaqar.ConsumerConfig{})
		for fetched := 0; fetched < 300; {
			deliveries, err := c.Fetch(t.Context(), 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range deliveries {
				if err := d.Done(t.Context()); err != nil {
					t.Error(err)
				}
			}
			fetched += len(deliveries)
		}
		if sizes := limits(t, srv); slices.Max(sizes) != 10 {
			t.Errorf("the claims were of %v", sizes)
		}
		if s := c.Stats(); s.Ready > 0 {
			t.Errorf("the counters are %+v", s)
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// spoiled is a queue whose claims bring one message each: one that can be read, many that
// cannot, and then only such that can.
type spoiled struct {
	*machine
	claims, bad int
}

func (q *spoiled) Claim(context.Context, int) (consumer.Claim, error) {
	time.Sleep(20 * time.Millisecond)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.claims++
	return spoiledClaim{machineClaim{q.machine}, q.claims, q.claims > 1 && q.claims <= 1+q.bad}, nil
}

type spoiledClaim struct {
	machineClaim
	n   int
	bad bool
}

func (c spoiledClaim) Messages() []consumer.Message {
	return []consumer.Message{spoiledMessage{machineMessage(strconv.Itoa(c.n)), c.bad}}
}

type spoiledMessage struct {
	machineMessage
	bad bool
}

func (m spoiledMessage) Verify() error {
	if m.bad {
		return errBroken
	}
	return nil
}

func TestMessagesThatNoHandlerSeesDoNotMakeHandlersQuick(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &spoiled{machine: &machine{deleted: map[string]bool{}}, bad: 100}
		engine := consumer.New(q, consumer.Config{
			Workers: 1, ClaimSize: 20, Adaptive: true, Prefetch: consumer.Automatic, MaxHeld: 100, MaxWaiting: 1000,
			TTL: 2 * time.Minute, Grace: time.Minute, ExtendAt: 0.5, OnFailure: consumer.GiveBack, DeadLetter: "dead",
			Poll: backoff.Backoff{First: time.Minute, Most: time.Minute}, StopTimeout: time.Minute, GiveUpAfter: time.Minute,
			Classify: func(error) consumer.Failure { return consumer.Failure{Permanent: true} },
		})
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		var begun atomic.Int64
		go func() {
			ended <- engine.Run(ctx, func(context.Context, consumer.Message) error {
				begun.Add(1)
				time.Sleep(time.Second)
				return nil
			})
		}()
		for begun.Load() < 2 {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(500 * time.Millisecond)
		if s := engine.Stats(); s.DeadLettered != q.bad || s.Ready != 0 {
			t.Errorf("while a slow handler is running the counters are %+v", s)
		}
		leave()
		if err := <-ended; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
}
