package consumer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
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
						ClaimSize: size, OnFailure: policy, DeadLetter: "dead", MaxAttempts: 4, MaxPoll: time.Minute,
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
		r := run(t, q, zaqar.ConsumerConfig{MaxBackoff: 10 * time.Minute, MaxPoll: 20 * time.Second}, func(_ context.Context, m *zaqar.Message) error {
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

func TestEveryMessageCanBecomeADeadLetter(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 900) + strings.Repeat("]", 900)
	for name, c := range map[string]struct{ body, key string }{
		"an escaped U+FFFD":     {`{"text": "a\ufffdb"}`, "body"},
		"Infinity":              {`Infinity`, "body_text"},
		"Infinity inside":       {`[1, -Infinity, NaN]`, "body_text"},
		"very deep nesting":     {deep, "body_text"},
		"half of a pair":        {`"\ud800"`, "body_text"},
		"null":                  {`null`, "body"},
		"the library's mark":    {`"\u0000not a number: NaN"`, ""},
		"as large as it can be": {`"` + strings.Repeat("x", 261_000) + `"`, "body"},
		"larger than fits":      {`"` + strings.Repeat("x", 262_050) + `"`, "bare"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var witness clienttest.Witness
			synctest.Test(t, func(t *testing.T) {
				var letters []json.RawMessage
				s := deadLetterQueue(c.body, &letters)
				client := clienttest.Over(t, s, zaqar.WithObserver(&witness))
				r := run(t, client.Queue("wot"), zaqar.ConsumerConfig{DeadLetter: "dead"}, func(context.Context, *zaqar.Message) error {
					return zaqar.Permanent(errBroken)
				})
				time.Sleep(time.Minute)
				r.stop()
				if stats := r.Stats(); stats.DeadLettered != 1 || len(letters) != 1 {
					t.Fatalf("%d letters were stored, and the counters are %+v", len(letters), stats)
				}
				if c.key == "bare" {
					if string(letters[0]) != c.body {
						t.Errorf("the bare letter has %d bytes", len(letters[0]))
					}
					return
				}
				var letter map[string]json.RawMessage
				if err := json.Unmarshal(letters[0], &letter); err != nil {
					t.Fatal(err)
				}
				if _, has := letter[c.key]; !has && c.key != "" {
					t.Errorf("the letter has no %s: %.200s", c.key, letters[0])
				}
				_ = client.Close()
			})
			told := clienttest.Saw[observe.DeadLettered](&witness)
			if len(told) != 1 || told[0].Bare != (c.key == "bare") || told[0].Message != "a" || told[0].Reason != errBroken.Error() {
				t.Errorf("the events were %+v", told)
			}
		})
	}
}

// deadLetterQueue has one message to claim, and stores what is posted, unless it is larger
// than servers take.
func deadLetterQueue(body string, letters *[]json.RawMessage) *clienttest.Scripted {
	messages := claiming(`{"messages":[{"ttl":3600,"age":0,"href":"/v2/queues/wot/messages/a?claim_id=c0","id":"a","body":` + body + `}]}`)
	return &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
		if req.Op != "message_post" {
			return messages.Answer(req)
		}
		if len(req.Body) > 262_144 {
			return &transport.Response{Status: 400, Header: http.Header{}, Body: []byte(
				`{"title":"Invalid API request","description":"Message collection size is too large. Max size 262144"}`,
			)}, nil
		}
		var posted struct {
			Messages []struct {
				Body json.RawMessage `json:"body"`
			} `json:"messages"`
		}
		if err := json.Unmarshal(req.Body, &posted); err != nil {
			return nil, err
		}
		*letters = append(*letters, posted.Messages[0].Body)
		return &transport.Response{Status: 201, Header: http.Header{}, Body: []byte(`{"resources":["/v2/queues/dead/messages/b"]}`)}, nil
	}}
}

func TestADeadLetterOfABodyThatIsNoJSONHasItAsItWas(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		if _, err := client.Queue("dead").Post(t.Context(), json.RawMessage(
			`{"zaqar_dead_letter": 1, "queue": "wot", "id": "a", "reason": "x", "body_text": "[Infinity, 1]"}`)); err != nil {
			t.Fatal(err)
		}
		messages, err := client.Queue("dead").Pop(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		letter, err := zaqar.ReadDeadLetter(messages[0])
		if err != nil || string(letter.Body) != "[Infinity, 1]" {
			t.Errorf("the letter is %+v, %v", letter, err)
		}
	})
}

func TestADeadLetterWhoseOutcomeIsUnknownIsNotCopiedAgainAndAgain(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		srv.Inject(zaqartest.Fault{Kind: "message_post", Cut: true, After: true, Times: -1})
		r := run(t, q, zaqar.ConsumerConfig{DeadLetter: "dead", MaxPoll: time.Minute}, func(context.Context, *zaqar.Message) error {
			return zaqar.Permanent(errBroken)
		})
		time.Sleep(time.Hour)
		if n := len(srv.Messages("p", "dead")); n > 30 {
			t.Errorf("%d copies were stored in an hour", n)
		}
		srv.ClearFaults()
		time.Sleep(10 * time.Minute)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		t.Logf("%d copies were stored", len(srv.Messages("p", "dead")))
	})
}
