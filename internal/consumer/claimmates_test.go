package consumer_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAMessageThatIsPutOffForHoursDoesNotHoldUpAFailedOneOfItsClaim(t *testing.T) {
	t.Parallel()
	for name, putOffFirst := range map[string]bool{"put off first": true, "failed first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				clienttest.PostMany(t, q, 2)
				var mu sync.Mutex
				var handled time.Duration
				attempts, start := 0, time.Now()
				config := zaqar.ConsumerConfig{Workers: 1, ClaimSize: 20, OnFailure: zaqar.GiveBack}
				r := run(t, q, config, zaqar.Handle(func(_ context.Context, n int, _ *zaqar.Message) error {
					mu.Lock()
					defer mu.Unlock()
					if (n == 0) == putOffFirst {
						return zaqar.RetryAfter(11*time.Hour, nil)
					}
					if attempts++; attempts <= 2 {
						return errBroken
					}
					handled = time.Since(start)
					return nil
				}))
				time.Sleep(time.Hour)
				r.stop()
				mu.Lock()
				defer mu.Unlock()
				if handled == 0 || handled > 10*time.Minute {
					t.Errorf("after %d attempts the failed message was handled after %v, want it within minutes", attempts, handled)
				}
				if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 1)); n != 0 {
					t.Errorf("%d messages are still claimed after the stop", n)
				}
			})
		})
	}
}

// mates is what a handler does with the messages of one claim, and when it was called.
type mates struct {
	mu    sync.Mutex
	start time.Time
	calls map[string][]time.Duration
}

func newMates() *mates { return &mates{start: time.Now(), calls: map[string][]time.Duration{}} }

// onMates runs a test on driven time, with a queue of n messages that share a claim.
func onMates(t *testing.T, n int, test func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue, m *mates)) {
	t.Helper()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, n)
		test(t, srv, q, newMates())
	})
}

// call notes a call, and returns how many there were for its message.
func (m *mates) call(message *zaqar.Message) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	body := string(message.Body())
	m.calls[body] = append(m.calls[body], time.Since(m.start))
	return len(m.calls[body])
}

// want fails the test unless there were n calls for a message, the last of them in time.
func (m *mates) want(t *testing.T, body string, n int, least, most time.Duration) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	calls := m.calls[body]
	if len(calls) != n || n > 0 && (calls[n-1] < least || calls[n-1] > most) {
		t.Errorf("message %s was handled after %v, want %d times and the last after %v to %v", body, calls, n, least, most)
	}
}

// late is when a message that is put off for eleven hours comes again, at the latest.
const late = 11*time.Hour + 10*time.Minute

func TestAMessageThatIsLeftToTheEndOfItsClaimDoesNotWaitForOneThatIsPutOff(t *testing.T) {
	t.Parallel()
	onMates(t, 2, func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue, m *mates) {
		config := zaqar.ConsumerConfig{Workers: 1, ClaimSize: 20, OnFailure: zaqar.LetExpire, MaxPoll: time.Minute}
		r := run(t, q, config, func(_ context.Context, message *zaqar.Message) error {
			switch n := m.call(message); {
			case n > 1:
				return nil
			case string(message.Body()) == "0":
				return zaqar.RetryAfter(11*time.Hour, nil)
			}
			return errBroken
		})
		time.Sleep(time.Hour)
		r.stop()
		m.want(t, "0", 2, 2*time.Minute, 4*time.Minute) // with LetExpire no wait applies
		m.want(t, "1", 2, 2*time.Minute, 4*time.Minute)
		clienttest.Stored(t, srv, "wot", 0)
	})
}

func TestADeletionThatIsPendingGoesOnBesideAMessageThatIsPutOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ fails, putOffAfter time.Duration }{
		"and succeeds": {fails: 5 * time.Minute},
		// Then the message only has to be deleted when it comes again.
		"and is given up":              {fails: 30 * time.Minute},
		"and was given up before that": {fails: 30 * time.Minute, putOffAfter: 20 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onMates(t, 2, func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue, m *mates) {
				srv.Inject(zaqartest.Fault{Kind: "message_delete", Status: http.StatusServiceUnavailable, Times: -1})
				config := zaqar.ConsumerConfig{Workers: 2, ClaimSize: 20, OnFailure: zaqar.GiveBack, MaxPoll: time.Minute}
				r := run(t, q, config, func(_ context.Context, message *zaqar.Message) error {
					if m.call(message) == 1 && string(message.Body()) == "0" {
						time.Sleep(c.putOffAfter)
						return zaqar.RetryAfter(11*time.Hour, nil)
					}
					return nil
				})
				time.Sleep(c.fails)
				srv.ClearFaults()
				if c.fails < 10*time.Minute {
					time.Sleep(time.Minute)
					clienttest.Stored(t, srv, "wot", 1)
				}
				time.Sleep(late + c.putOffAfter)
				r.stop()
				m.want(t, "0", 2, 11*time.Hour, late+c.putOffAfter)
				m.want(t, "1", 1, 0, 0)
				clienttest.Stored(t, srv, "wot", 0)
				if s := r.Stats(); s.LostClaims != 0 {
					t.Errorf("the counters are %+v", s)
				}
			})
		})
	}
}

func TestAMessageThatAwaitsItsReleaseIsTakenBackWhenAnotherOneIsPutOff(t *testing.T) {
	t.Parallel()
	onMates(t, 2, func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue, m *mates) {
		config := zaqar.ConsumerConfig{Workers: 2, ClaimSize: 20, OnFailure: zaqar.GiveBack, MaxPoll: time.Minute}
		r := run(t, q, config, func(_ context.Context, message *zaqar.Message) error {
			switch n := m.call(message); {
			case n > 1:
				return nil
			case string(message.Body()) == "1":
				return errBroken
			}
			time.Sleep(5 * time.Minute) // the back-off of the other one is over long before that
			return zaqar.RetryAfter(11*time.Hour, nil)
		})
		time.Sleep(4 * time.Minute)
		if s := r.Stats(); s.Waiting != 1 || s.Running != 1 || s.GivenBack != 1 {
			t.Errorf("before one of them is put off the counters are %+v", s)
		}
		time.Sleep(late)
		r.stop()
		m.want(t, "0", 2, 11*time.Hour, late)
		m.want(t, "1", 2, 5*time.Minute, 6*time.Minute)
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); s.GivenBack != 1 || s.Handled != 2 || s.Lost+s.LostClaims != 0 {
			t.Errorf("the counters are %+v", s)
		}
	})
}

func TestWhatIsNotBegunComesInItsTurnBesideAMessageThatIsPutOff(t *testing.T) {
	t.Parallel()
	onMates(t, 3, func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue, m *mates) {
		config := zaqar.ConsumerConfig{Workers: 1, ClaimSize: 20, OnFailure: zaqar.GiveBack, MaxPoll: time.Minute}
		r := run(t, q, config, func(_ context.Context, message *zaqar.Message) error {
			n := m.call(message)
			switch body := string(message.Body()); {
			case body == "0" && n == 1:
				return zaqar.RetryAfter(11*time.Hour, nil)
			case body == "1":
				time.Sleep(30 * time.Minute)
			case body == "2" && n < 3:
				return errBroken
			}
			return nil
		})
		time.Sleep(late)
		r.stop()
		m.want(t, "0", 2, 11*time.Hour, late)
		m.want(t, "1", 1, 0, 0)
		m.want(t, "2", 3, 30*time.Minute, 35*time.Minute)
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); s.Handled != 3 || s.Failed != 2 || s.Lost+s.LostClaims != 0 {
			t.Errorf("the counters are %+v", s)
		}
	})
}

func TestAMessageBecomesADeadLetterBesideOneThatIsPutOff(t *testing.T) {
	t.Parallel()
	onMates(t, 2, func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue, m *mates) {
		config := zaqar.ConsumerConfig{
			Workers: 1, ClaimSize: 20, OnFailure: zaqar.GiveBack, MaxPoll: time.Minute, DeadLetter: "dead", MaxAttempts: 3,
		}
		r := run(t, q, config, func(_ context.Context, message *zaqar.Message) error {
			switch n := m.call(message); {
			case string(message.Body()) == "1":
				return errBroken
			case n == 1:
				return zaqar.RetryAfter(11*time.Hour, nil)
			}
			return nil
		})
		time.Sleep(10 * time.Minute)
		clienttest.Stored(t, srv, "dead", 1)
		clienttest.Stored(t, srv, "wot", 1)
		time.Sleep(late)
		r.stop()
		m.want(t, "0", 2, 11*time.Hour, late)
		m.want(t, "1", 3, 0, 10*time.Minute)
		clienttest.Stored(t, srv, "wot", 0)
	})
}

func TestMessagesThatAreDueAfterALongWaitAreGivenBack(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			onMates(t, n, func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue, m *mates) {
				srv.Inject(zaqartest.Fault{Kind: "claim_update", Status: http.StatusBadRequest}) // no claim may be long, so it is kept
				config := zaqar.ConsumerConfig{Workers: 1, ClaimSize: 20, OnFailure: zaqar.GiveBack, MaxPoll: time.Minute}
				r := run(t, q, config, func(_ context.Context, message *zaqar.Message) error {
					if m.call(message) == 1 {
						time.Sleep(10 * time.Second) // they are not due at the same time
						return zaqar.RetryAfter(time.Hour, nil)
					}
					return nil
				})
				time.Sleep(2 * time.Hour)
				r.stop()
				m.want(t, "0", 2, time.Hour, time.Hour+3*time.Minute)
				if s := r.Stats(); s.GivenBack != n || s.Released != 1 || s.Handled != n || s.LostClaims != 0 {
					t.Errorf("the counters are %+v", s)
				}
			})
		})
	}
}

func TestWhatWasLostWithItsClaimIsNotTakenBackForAMessageThatIsPutOff(t *testing.T) {
	t.Parallel()
	onMates(t, 2, func(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue, m *mates) {
		config := zaqar.ConsumerConfig{
			Workers: 1, ClaimSize: 20, TTL: time.Minute, OnFailure: zaqar.GiveBack, HandlerTimeout: 10 * time.Second, MaxPoll: time.Minute,
		}
		r := run(t, q, config, func(_ context.Context, message *zaqar.Message) error {
			if m.call(message); string(message.Body()) == "0" {
				return zaqar.RetryAfter(0, errBroken)
			}
			time.Sleep(50 * time.Second) // longer than its context, so the loss of the claim does not end the attempt
			return zaqar.RetryAfter(11*time.Hour, nil)
		})
		time.Sleep(15 * time.Second)
		releaseBehind(t, srv, q)
		other, err := q.Claim(t.Context(), zaqar.Limit(2), zaqar.TTL(time.Hour))
		if err != nil || len(other.Messages()) != 2 {
			t.Fatalf("somebody else has claimed %v: %v", other, err)
		}
		time.Sleep(10 * time.Minute)
		if s := r.Stats(); s.LostClaims != 1 || s.Ready+s.Running+s.Waiting != 0 {
			t.Errorf("the counters are %+v", s)
		}
		r.stop()
		m.want(t, "0", 1, 0, 0) // somebody else has it
		m.want(t, "1", 1, 0, time.Second)
	})
}
