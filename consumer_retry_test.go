package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

var errBroken = errors.New("it is broken")

func TestAFailedMessageIsTriedAgainAfterABackoff(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]zaqar.ConsumerConfig{
		"given back":              {OnFailure: zaqar.GiveBack},
		"by default":              {},
		"given back, of twenty":   {OnFailure: zaqar.GiveBack, ClaimSize: 20},
		"by default, of twenty":   {ClaimSize: 20},
		"retried here":            {OnFailure: zaqar.RetryHere},
		"retried here, of twenty": {OnFailure: zaqar.RetryHere, ClaimSize: 20},
		"in bulk":                 {OnFailure: zaqar.GiveBack, ClaimSize: 20, BulkDelete: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				clienttest.PostMany(t, q, 20)
				config.Backoff, config.MaxBackoff = 40*time.Second, 160*time.Second
				var tried seen
				r := run(t, q, config, func(ctx context.Context, m *zaqar.Message) error {
					if n := tried.add(m); string(m.Body()) == "7" && n < 4 {
						if n != zaqar.Attempt(ctx) {
							t.Errorf("attempt %d says that it is %d", n, zaqar.Attempt(ctx))
						}
						return errBroken
					}
					return nil
				})
				time.Sleep(time.Hour)
				r.stop()
				if tried.counts["7"] != 4 || len(tried.counts) != 20 {
					t.Errorf("the attempts were %v", tried.counts)
				}
				clienttest.Stored(t, srv, "wot", 0)
				s := r.Stats()
				if s.Failed != 3 || s.Handled != 20 || s.Lost != 0 {
					t.Errorf("the counters are %+v", s)
				}
				back := config.OnFailure == zaqar.GiveBack || config.OnFailure == 0 && config.ClaimSize == 0
				if back && s.GivenBack != 3 || !back && s.GivenBack != 0 {
					t.Errorf("%d were given back", s.GivenBack)
				}
			})
		})
	}
}

func TestAClaimIsReleasedWhenAllItsMessagesAreSettled(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 3)
		r := run(t, q, zaqar.ConsumerConfig{Workers: 3, ClaimSize: 20, Backoff: -1, MaxHeld: 3, OnFailure: zaqar.GiveBack}, func(ctx context.Context, m *zaqar.Message) error {
			switch string(m.Body()) {
			case "0":
				if zaqar.Attempt(ctx) == 1 {
					return errBroken
				}
			case "1":
				time.Sleep(10 * time.Minute)
			}
			return nil
		})
		time.Sleep(5 * time.Minute)
		if n := clienttest.Claimed(srv.Messages("p", "wot")); n != 2 {
			t.Errorf("%d messages are claimed while one of them is at work, want 2", n)
		}
		if s := r.Stats(); s.Running != 1 || s.Waiting != 1 {
			t.Errorf("the counters are %+v", s)
		}
		time.Sleep(6 * time.Minute)
		clienttest.Stored(t, srv, "wot", 0)
		r.stop()
		if n := len(srv.Requests("claim_delete")); n != 1 {
			t.Errorf("%d claims were released, want 1", n)
		}
	})
}

func TestAFailedMessageCanBeLeftToTheEndOfItsClaim(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		var times []time.Time
		r := run(t, q, zaqar.ConsumerConfig{Workers: 1, TTL: time.Minute, OnFailure: zaqar.LetExpire}, func(context.Context, *zaqar.Message) error {
			if times = append(times, time.Now()); len(times) == 1 {
				return errBroken
			}
			return nil
		})
		time.Sleep(10 * time.Minute)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		if len(times) != 2 || times[1].Sub(times[0]) < time.Minute || times[1].Sub(times[0]) > 63*time.Second {
			t.Errorf("the attempts were at %v", times)
		}
		if n := len(srv.Requests("claim_delete", "claim_update")); n != 0 {
			t.Errorf("%d claims were released or renewed", n)
		}
	})
}

func TestTheHandlerCanSayWhenToTryAgain(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		start := time.Now()
		var attempts []int
		r := run(t, q, zaqar.ConsumerConfig{OnFailure: zaqar.RetryHere, DeadLetter: "dead", MaxAttempts: 2}, func(ctx context.Context, _ *zaqar.Message) error {
			attempts = append(attempts, zaqar.Attempt(ctx))
			switch len(attempts) {
			case 1, 2:
				return fmt.Errorf("wrapped: %w", zaqar.RetryAfter(5*time.Minute, nil))
			case 3:
				return zaqar.RetryAfter(time.Minute, errBroken)
			}
			if took := time.Since(start); took != 11*time.Minute {
				t.Errorf("the last attempt came after %v", took)
			}
			return nil
		})
		time.Sleep(time.Hour)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		clienttest.Stored(t, srv, "dead", 0)
		if fmt.Sprint(attempts) != "[1 1 1 2]" {
			t.Errorf("the attempts were %v: 'not now' counts as none", attempts)
		}
	})
}

func TestAMessageThatAlwaysFailsBecomesADeadLetterAfterItsAttempts(t *testing.T) {
	t.Parallel()
	for _, policy := range []zaqar.FailurePolicy{zaqar.GiveBack, zaqar.RetryHere, zaqar.LetExpire} {
		for _, size := range []int{1, 20} {
			t.Run(fmt.Sprintf("%v %d", policy, size), func(t *testing.T) {
				t.Parallel()
				clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
					q := client.Queue("wot")
					clienttest.PostMany(t, q, 10)
					var tried seen
					r := run(t, q, zaqar.ConsumerConfig{
						ClaimSize: size, OnFailure: policy, DeadLetter: "dead", MaxAttempts: 4,
					}, func(_ context.Context, m *zaqar.Message) error {
						if tried.add(m); string(m.Body()) == "3" {
							return errBroken
						}
						return nil
					})
					time.Sleep(time.Hour)
					r.stop()
					clienttest.Stored(t, srv, "wot", 0)
					if tried.counts["3"] != 4 {
						t.Errorf("%d attempts were made, want 4", tried.counts["3"])
					}
					letters, err := zaqar.Collect(client.Queue("dead").Messages(t.Context()))
					if err != nil || len(letters) != 1 {
						t.Fatalf("%d dead letters, %v", len(letters), err)
					}
					letter, err := zaqar.ReadDeadLetter(letters[0])
					if err != nil {
						t.Fatal(err)
					}
					if letter.Queue != "wot" || letter.Reason != errBroken.Error() || letter.Attempts != 4 || letter.Permanent ||
						string(letter.Body) != "3" || letter.ID == "" || !letter.First.Before(letter.Last) {
						t.Errorf("the letter is %+v", letter)
					}
					if ttl := letters[0].TTL(); ttl != 14*24*time.Hour {
						t.Errorf("it lives for %v", ttl)
					}
					if s := r.Stats(); s.DeadLettered != 1 || s.Handled != 9 || s.Failed != 4 {
						t.Errorf("the counters are %+v", s)
					}
				})
			})
		}
	}
}

func TestAPermanentFailureBecomesADeadLetterAtOnce(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		if _, err := q.Post(t.Context(), map[string]any{"n": 1}, "no object"); err != nil {
			t.Fatal(err)
		}
		type body struct{ N int }
		r := run(t, q, zaqar.ConsumerConfig{DeadLetter: "dead", MaxAttempts: -1}, zaqar.Handle(func(_ context.Context, b body, _ *zaqar.Message) error {
			if b.N != 1 {
				t.Errorf("the body is %+v", b)
			}
			return nil
		}))
		time.Sleep(time.Second)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		for m, err := range client.Queue("dead").Messages(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			letter, err := zaqar.ReadDeadLetter(m)
			var text string
			if err != nil || letter.Decode(&text) != nil || text != "no object" || !letter.Permanent || letter.Attempts != 1 {
				t.Errorf("the letter is %+v, %v", letter, err)
			}
		}
	})
}

func TestAPermanentFailureWithoutADeadLetterQueueIsNotDropped(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		var tried seen
		r := run(t, q, zaqar.ConsumerConfig{MaxBackoff: 10 * time.Minute}, func(_ context.Context, m *zaqar.Message) error {
			tried.add(m)
			return zaqar.Permanent(errBroken)
		})
		time.Sleep(55 * time.Minute)
		r.stop()
		clienttest.Stored(t, srv, "wot", 1)
		if n := tried.counts["0"]; n != 6 {
			t.Errorf("it was tried %d times, want one every ten minutes", n)
		}
	})
}

func TestADeadLetterThatIsRefusedKeepsTheMessage(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 400, Times: 4}) // each letter is tried with and without a TTL
		r := run(t, q, zaqar.ConsumerConfig{DeadLetter: "dead"}, func(context.Context, *zaqar.Message) error {
			return zaqar.Permanent(errBroken)
		})
		time.Sleep(90 * time.Second)
		clienttest.Stored(t, srv, "wot", 1)
		time.Sleep(10 * time.Minute)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		clienttest.Stored(t, srv, "dead", 1)
		if s := r.Stats(); s.DeadLettered != 1 || s.Failed != 3 {
			t.Errorf("the counters are %+v", s)
		}
	})
}

func TestADeadLetterIsPostedBeforeTheMessageIsDeleted(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 503, Times: 3})
		srv.Inject(zaqartest.Fault{Kind: "message_post", Cut: true, After: true}) // stored, and the answer lost
		r := run(t, q, zaqar.ConsumerConfig{DeadLetter: "dead"}, func(context.Context, *zaqar.Message) error {
			return zaqar.Permanent(errBroken)
		})
		time.Sleep(10 * time.Minute)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		clienttest.Stored(t, srv, "dead", 2)
		requests := srv.Requests("message_post", "message_delete")
		if last := requests[len(requests)-1]; last.Kind != "message_delete" {
			t.Errorf("the last request was %s", last.Kind)
		}
		if s := r.Stats(); s.DeadLettered != 1 {
			t.Errorf("the counters are %+v", s)
		}
	})
}

func TestTheReasonOfADeadLetterIsBoundedText(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		for _, text := range []string{strings.Repeat("ä", 2000), "a\xffb"} {
			clienttest.PostMany(t, q, 1)
			r := run(t, q, zaqar.ConsumerConfig{DeadLetter: "dead"}, func(context.Context, *zaqar.Message) error {
				return zaqar.Permanent(errors.New(text))
			})
			time.Sleep(time.Second)
			r.stop()
			letters, err := client.Queue("dead").Pop(t.Context(), 1)
			if err != nil || len(letters) != 1 {
				t.Fatalf("%d letters, %v", len(letters), err)
			}
			letter, err := zaqar.ReadDeadLetter(letters[0])
			if err != nil || len(letter.Reason) > 1024 || !utf8.ValidString(letter.Reason) || letter.Reason[0] != text[0] {
				t.Errorf("the reason is %q, %v", letter.Reason, err)
			}
		}
	})
}

func TestPanicsAreFailedAttempts(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 20)
		var tried seen
		r := run(t, q, zaqar.ConsumerConfig{Workers: 2, DeadLetter: "dead", MaxAttempts: 2}, func(_ context.Context, m *zaqar.Message) error {
			n := tried.add(m)
			switch {
			case string(m.Body()) == "5":
				panic("always")
			case n == 1 && string(m.Body()) == "6":
				runtime.Goexit()
			case n == 1:
				panic(errBroken)
			}
			return nil
		})
		time.Sleep(time.Hour)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); s.Panicked != 21 || s.Failed != 21 || s.Handled != 19 || s.DeadLettered != 1 {
			t.Errorf("the counters are %+v", s)
		}
		letters, err := client.Queue("dead").Pop(t.Context(), 1)
		if err != nil || len(letters) != 1 {
			t.Fatalf("%d letters, %v", len(letters), err)
		}
		if letter, err := zaqar.ReadDeadLetter(letters[0]); err != nil || letter.Reason != "the handler panicked: always" {
			t.Errorf("the letter is %+v, %v", letter, err)
		}
	})
}

func TestNilIsNoPermanentFailure(t *testing.T) {
	t.Parallel()
	if err := zaqar.Permanent(nil); err != nil {
		t.Errorf("it is %v", err)
	}
	if err := zaqar.Permanent(errBroken); !errors.Is(err, errBroken) || err.Error() != errBroken.Error() {
		t.Errorf("it is %v", err)
	}
	if err := zaqar.RetryAfter(time.Minute, errBroken); !errors.Is(err, errBroken) {
		t.Errorf("it is %v", err)
	}
	if err := error(&zaqar.PanicError{Value: errBroken}); !errors.Is(err, errBroken) {
		t.Errorf("it is %v", err)
	}
}
