package zaqar_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// running is a consumer at work in a bubble, until stop.
type running struct {
	*zaqar.Consumer
	t     *testing.T
	leave context.CancelFunc
	ended chan error
}

func run(t *testing.T, q *zaqar.Queue, config zaqar.ConsumerConfig, handler zaqar.Handler) *running {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	r := &running{Consumer: q.Consumer(config), t: t, leave: leave, ended: make(chan error, 1)}
	go func() { r.ended <- r.Run(ctx, handler) }()
	return r
}

// stop ends Run's context and wants Run to return nil.
func (r *running) stop() {
	r.t.Helper()
	r.leave()
	if err := <-r.ended; err != nil {
		r.t.Errorf("Run returned %v", err)
	}
}

// seen counts what handlers saw, by body.
type seen struct {
	mu     sync.Mutex
	counts map[string]int
}

func (s *seen) add(m *zaqar.Message) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts == nil {
		s.counts = map[string]int{}
	}
	s.counts[string(m.Body())]++
	return s.counts[string(m.Body())]
}

func (s *seen) once(t *testing.T, n int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.counts) != n {
		t.Errorf("%d messages were handled, want %d", len(s.counts), n)
	}
	for body, count := range s.counts {
		if count != 1 {
			t.Errorf("%s was handled %d times", body, count)
		}
	}
}

// releaseBehind ends the claim on the oldest message, as somebody else may.
func releaseBehind(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue) {
	t.Helper()
	claim, err := q.ClaimByID(t.Context(), srv.Messages("p", q.Name())[0].ClaimID)
	if err != nil {
		t.Fatal(err)
	}
	if err := claim.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestAConsumerHandlesEachMessageOnceAndDeletesIt(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]zaqar.ConsumerConfig{
		"single":   {},
		"twenty":   {ClaimSize: 20},
		"ahead":    {ClaimSize: 20, Prefetch: 40},
		"no more":  {ClaimSize: 20, Prefetch: -1},
		"in bulk":  {ClaimSize: 20, BulkDelete: true},
		"one":      {Workers: 1, ClaimSize: 5},
		"held few": {Workers: 4, ClaimSize: 20, MaxHeld: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				clienttest.PostMany(t, q, 100)
				var handled seen
				r := run(t, q, config, func(_ context.Context, m *zaqar.Message) error {
					time.Sleep(50 * time.Millisecond)
					handled.add(m)
					return nil
				})
				time.Sleep(time.Minute)
				r.stop()
				handled.once(t, 100)
				clienttest.Stored(t, srv, "wot", 0)
				if s := r.Stats(); s.Handled != 100 || s.Claimed != 100 || s.Failed+s.Lost+s.LostClaims+s.GivenBack+s.Duplicates != 0 {
					t.Errorf("the counters are %+v", s)
				}
				if n := len(srv.Requests("message_delete")); config.BulkDelete && n != 0 {
					t.Errorf("%d messages were deleted one by one", n)
				}
			})
		})
	}
}

func TestAClaimIsRenewedAsLongAsItsHandlerWorks(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		var handled, others seen
		slow := run(t, q, zaqar.ConsumerConfig{TTL: time.Minute}, func(_ context.Context, m *zaqar.Message) error {
			time.Sleep(3 * time.Minute)
			handled.add(m)
			return nil
		})
		synctest.Wait()
		other := run(t, q, zaqar.ConsumerConfig{TTL: time.Minute}, func(_ context.Context, m *zaqar.Message) error {
			others.add(m)
			return nil
		})
		time.Sleep(4 * time.Minute)
		slow.stop()
		other.stop()
		handled.once(t, 1)
		others.once(t, 0)
		clienttest.Stored(t, srv, "wot", 0)
		// Every 20 to 30 seconds, of 180.
		if n := slow.Stats().Renewed; n < 5 || n > 9 {
			t.Errorf("the claim was renewed %d times", n)
		}
	})
}

func TestNothingIsHandledTwiceWhileItsClaimLives(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"single": 1, "twenty": 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				clienttest.PostMany(t, q, 60)
				var handled seen
				takes := func(d time.Duration) zaqar.Handler {
					return func(_ context.Context, m *zaqar.Message) error {
						time.Sleep(d)
						handled.add(m)
						return nil
					}
				}
				config := zaqar.ConsumerConfig{Workers: 2, ClaimSize: size, TTL: time.Minute, MaxPoll: 20 * time.Second}
				consumers := []*running{
					run(t, q, config, takes(3*time.Minute)),
					run(t, q, config, takes(time.Second)),
					run(t, q, config, takes(5*time.Second)),
				}
				time.Sleep(time.Hour)
				for _, c := range consumers {
					c.stop()
				}
				handled.once(t, 60)
				clienttest.Stored(t, srv, "wot", 0)
			})
		})
	}
}

func TestAMessageNearItsEndIsSavedByRenewingAtOnce(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		for _, ttl := range []time.Duration{time.Hour, 90 * time.Second} {
			if _, err := q.Post(t.Context(), zaqar.Outgoing{Body: ttl.String(), TTL: ttl}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		start := time.Now()
		r := run(t, q, zaqar.ConsumerConfig{}, func(context.Context, *zaqar.Message) error {
			time.Sleep(time.Hour / 2)
			return nil
		})
		time.Sleep(time.Millisecond)
		renewals := srv.Requests("claim_update")
		if len(renewals) != 1 || renewals[0].Time.Sub(start) > time.Millisecond {
			t.Fatalf("%d claims were renewed at once, want one of two", len(renewals))
		}
		time.Sleep(time.Hour)
		r.stop()
		if s := r.Stats(); s.Handled != 2 {
			t.Errorf("the counters are %+v", s)
		}
	})
}

func TestALostClaimEndsTheContextOfItsHandler(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		causes := make(chan error, 2)
		r := run(t, q, zaqar.ConsumerConfig{Workers: 1, TTL: time.Minute}, func(ctx context.Context, _ *zaqar.Message) error {
			if zaqar.Attempt(ctx) != 1 {
				t.Errorf("this is attempt %d: a lost claim is no failure of the message", zaqar.Attempt(ctx))
			}
			select {
			case <-ctx.Done():
				causes <- context.Cause(ctx)
				return ctx.Err()
			case <-time.After(10 * time.Minute):
				return nil
			}
		})
		synctest.Wait()
		releaseBehind(t, srv, q)
		if cause := <-causes; !errors.Is(cause, zaqar.ErrClaimLost) {
			t.Errorf("the cause is %v", cause)
		}
		time.Sleep(20 * time.Minute)
		r.stop()
		if s := r.Stats(); s.LostClaims != 1 || s.Lost != 1 || s.Handled != 1 || s.Failed != 0 {
			t.Errorf("the counters are %+v", s)
		}
		clienttest.Stored(t, srv, "wot", 0)
	})
}

func TestAnOutageIsBorneAsLongAsTheClaimLasts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		outage time.Duration
		lost   int
	}{
		"shorter": {20 * time.Second, 0},
		"longer":  {3 * time.Minute, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				clienttest.PostMany(t, q, 1)
				r := run(t, q, zaqar.ConsumerConfig{Workers: 1, TTL: time.Minute}, func(ctx context.Context, _ *zaqar.Message) error {
					select {
					case <-ctx.Done():
						return ctx.Err()
					case <-time.After(100 * time.Second):
						return nil
					}
				})
				time.Sleep(15 * time.Second)
				srv.Inject(zaqartest.Fault{Status: 503, Times: -1})
				time.Sleep(c.outage)
				srv.ClearFaults()
				time.Sleep(10 * time.Minute)
				r.stop()
				if s := r.Stats(); s.LostClaims != c.lost || s.Handled != 1 {
					t.Errorf("the counters are %+v", s)
				}
				clienttest.Stored(t, srv, "wot", 0)
			})
		})
	}
}

func TestADeletionIsTriedAgainWhileTheClaimLasts(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		srv.Inject(zaqartest.Fault{Kind: "message_delete", Cut: true, Times: 3})
		srv.Inject(zaqartest.Fault{Kind: "message_delete", Cut: true, After: true})
		var handled seen
		r := run(t, q, zaqar.ConsumerConfig{}, func(_ context.Context, m *zaqar.Message) error {
			handled.add(m)
			return nil
		})
		time.Sleep(time.Minute)
		r.stop()
		handled.once(t, 1)
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); s.Handled != 1 || s.Lost != 0 {
			t.Errorf("the counters are %+v", s)
		}
	})
}

func TestAConfigurationThatCannotBeRightIsAnArgumentError(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		handler := func(context.Context, *zaqar.Message) error { return nil }
		for argument, config := range map[string]zaqar.ConsumerConfig{
			"Workers":       {Workers: -1},
			"ClaimSize":     {ClaimSize: -1},
			"MaxHeld":       {MaxHeld: -1},
			"TTL":           {TTL: time.Second},
			"Grace":         {Grace: 90*time.Second + 1},
			"RenewAt":       {RenewAt: 0.9},
			"OnFailure":     {OnFailure: 7},
			"Poll":          {Poll: -1},
			"MaxAttempts":   {MaxAttempts: 3},
			"DeadLetterTTL": {DeadLetter: "dead", DeadLetterTTL: time.Second},
			"DeadLetter":    {DeadLetter: "wot"},
		} {
			err := client.Queue("wot").Consumer(config).Run(t.Context(), handler)
			if e, ok := errors.AsType[*zaqar.ArgumentError](err); !ok || e.Argument != argument {
				t.Errorf("%s: %v", argument, err)
			}
		}
		for _, err := range []error{
			client.Queue("a b").Consumer(zaqar.ConsumerConfig{}).Run(t.Context(), handler),
			client.Queue("wot").Consumer(zaqar.ConsumerConfig{DeadLetter: "a b"}).Run(t.Context(), handler),
			client.Queue("wot").Consumer(zaqar.ConsumerConfig{DeadLetterTTL: time.Hour}).Run(t.Context(), handler),
			client.Queue("wot").Consumer(zaqar.ConsumerConfig{}).Run(t.Context(), nil),
		} {
			if _, ok := errors.AsType[*zaqar.ArgumentError](err); !ok {
				t.Errorf("%v is no argument error", err)
			}
		}
		_, err := client.Queue("wot").Consumer(zaqar.ConsumerConfig{}).Fetch(t.Context(), 0)
		if _, ok := errors.AsType[*zaqar.ArgumentError](err); !ok {
			t.Errorf("%v is no argument error", err)
		}
		if n := len(srv.Requests("claim_create")); n != 0 {
			t.Errorf("%d claims were made", n)
		}
	})
}

func TestPoliciesPrintTheirNames(t *testing.T) {
	t.Parallel()
	var names []string
	for p := range zaqar.FailurePolicy(5) {
		names = append(names, p.String())
	}
	if want := []string{"FailurePolicy(0)", "GiveBack", "RetryHere", "LetExpire", "FailurePolicy(4)"}; !slices.Equal(names, want) {
		t.Errorf("the names are %v", names)
	}
}

func TestAConsumerWorksByEveryVersion(t *testing.T) {
	t.Parallel()
	for _, version := range []zaqar.Version{zaqar.V1, zaqar.V1_1, zaqar.V2} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("wot")
			clienttest.PostMany(t, q, 10)
			r := run(t, q, zaqar.ConsumerConfig{TTL: time.Minute, DeadLetter: "dead", MaxAttempts: 2}, func(_ context.Context, m *zaqar.Message) error {
				if string(m.Body()) == "7" {
					return errBroken
				}
				time.Sleep(2 * time.Minute)
				return nil
			})
			time.Sleep(10 * time.Minute)
			r.stop()
			clienttest.Stored(t, srv, "wot", 0)
			clienttest.Stored(t, srv, "dead", 1)
			if s := r.Stats(); s.Handled != 9 || s.DeadLettered != 1 || s.Renewed < 9 || s.Lost != 0 {
				t.Errorf("%v: the counters are %+v", version, s)
			}
		}, zaqar.WithVersion(version))
	}
}
