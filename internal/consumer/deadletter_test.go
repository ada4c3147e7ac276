package consumer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

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
						t.Errorf("its TTL is %v", ttl)
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
			t.Errorf("%d attempts were made, want one every ten minutes", n)
		}
	})
}

func TestADeadLetterThatIsRefusedKeepsTheMessage(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 400, Times: 4}) // each letter is posted with a TTL, then without
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
		srv.Inject(zaqartest.Fault{Kind: "message_post", Cut: true, After: true}) // it is stored, but the answer is lost
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

func TestFailCanBeTriedAgainWhenItsContextEnded(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		c := q.Consumer(zaqar.ConsumerConfig{DeadLetter: "dead"})
		d, err := c.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := d.Fail(ctx, zaqar.Permanent(errBroken)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Fail returned %v", err)
		}
		if err := d.Fail(t.Context(), zaqar.Permanent(errBroken)); err != nil {
			t.Error(err)
		}
		clienttest.Stored(t, srv, "wot", 0)
		clienttest.Stored(t, srv, "dead", 1)
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
