package consumer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// act is what a handler does in one attempt.
type act string

const (
	succeeds act = "succeeds"
	fails    act = "fails"
	gives    act = "gives up"
	panics   act = "panics"
	defers   act = "not now"
)

// plan is what happens to one message: an act for each attempt, then success.
type plan struct {
	Acts []act
	Takes,
	Wait time.Duration
}

// expected is the model: how often a message is handled, how many attempts fail, and
// whether it becomes a dead letter.
func (p plan) expected(maxAttempts int) (handled, failures int, dead bool) {
	for _, a := range p.Acts {
		handled++
		switch a {
		case succeeds:
			return handled, failures, false
		case gives:
			return handled, failures + 1, true
		case fails, panics:
			if failures++; failures == maxAttempts {
				return handled, failures, true
			}
		}
	}
	return handled + 1, failures, false
}

// settling is one case of the property test.
type settling struct {
	config zaqar.ConsumerConfig
	plans  []plan
	quick  bool          // handlers are quick, compared with claims
	stop   time.Duration // 0: when all messages are settled
}

func drawSettling(t *rapid.T) settling {
	some := func(name string, most int) time.Duration {
		return time.Duration(rapid.IntRange(0, most).Draw(t, name)) * time.Second
	}
	acts := rapid.SliceOfN(rapid.SampledFrom([]act{succeeds, fails, gives, panics, defers}), 0, 4)
	c := settling{config: zaqar.ConsumerConfig{
		Workers:     rapid.IntRange(1, 4).Draw(t, "workers"),
		ClaimSize:   rapid.SampledFrom([]int{zaqar.Adaptive, 1, 2, 3, 4, 6}).Draw(t, "claim size"),
		Prefetch:    rapid.IntRange(-1, 10).Draw(t, "prefetch"),
		MaxHeld:     rapid.IntRange(0, 6).Draw(t, "held"),
		OnFailure:   rapid.SampledFrom([]zaqar.FailurePolicy{0, zaqar.GiveBack, zaqar.RetryHere, zaqar.LetExpire}).Draw(t, "policy"),
		MaxAttempts: rapid.IntRange(1, 3).Draw(t, "attempts"),
		DeadLetter:  "dead", TTL: time.Minute, StopTimeout: time.Hour, Poll: 10 * time.Second, MaxPoll: 10 * time.Minute,
	}}
	c.quick = rapid.Bool().Draw(t, "quick")
	most := 12
	if c.quick {
		most = 60 // enough for claims to grow
	}
	for range rapid.IntRange(1, most).Draw(t, "messages") {
		p := plan{acts.Draw(t, "acts"), some("takes", 70), some("wait", 300)}
		if c.quick {
			p.Takes /= 1000
		}
		c.plans = append(c.plans, p)
	}
	if rapid.Bool().Draw(t, "early") {
		c.stop = some("stop", 300)
	}
	return c
}

// monitor checks what a consumer does while it runs.
type monitor struct {
	mu       sync.Mutex
	wrong    []string
	handled  map[int]int
	busy     map[string]int // running handlers, by claim
	working  map[int]bool
	messages map[string]int // by claim
	begun    map[string]int
	stopped  bool
}

func (w *monitor) complain(format string, values ...any) {
	w.wrong = append(w.wrong, fmt.Sprintf(format, values...))
}

func (w *monitor) Observe(_ context.Context, e observe.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := e.(type) {
	case observe.Claimed:
		w.messages[e.Claim] = e.Messages
	case observe.ClaimReleased:
		if w.busy[e.Claim] > 0 {
			w.complain("a claim was released while %d handlers worked on it", w.busy[e.Claim])
		}
		if w.begun[e.Claim] < w.messages[e.Claim] && !w.stopped {
			w.complain("a claim was released after %d of %d messages had been handled", w.begun[e.Claim], w.messages[e.Claim])
		}
	case observe.ClaimLost, observe.Duplicate, observe.ClaimFailed:
		w.complain("%s %v", e.Name(), e.Attrs())
	}
}

func (w *monitor) begin(m *zaqar.Message, n int) (attempt int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.working[n] {
		w.complain("message %d was handled twice at the same time", n)
	}
	w.working[n] = true
	w.busy[m.ClaimID()]++
	w.begun[m.ClaimID()]++
	w.handled[n]++
	return w.handled[n]
}

func (w *monitor) end(m *zaqar.Message, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.working[n] = false
	w.busy[m.ClaimID()]--
}

func TestMessagesAreSettledAsTheModelSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		c := drawSettling(rt)
		w := &monitor{
			handled: map[int]int{}, busy: map[string]int{}, working: map[int]bool{},
			messages: map[string]int{}, begun: map[string]int{},
		}
		synctest.Test(t, func(t *testing.T) { c.play(t, w) })
		if len(w.wrong) > 0 {
			rt.Fatalf("%+v\n%v", c, w.wrong)
		}
	})
}

// play runs a case and compares it with the model.
func (c settling) play(t *testing.T, w *monitor) {
	srv := zaqartest.RunInMemory(t)
	client, err := zaqar.Connect(t.Context(), srv.URL(), zaqar.WithHTTPClient(srv.HTTPClient()), zaqar.WithProject("p"), zaqar.WithObserver(w))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	q := client.Queue("wot")
	clienttest.PostMany(t, q, len(c.plans))
	if c.quick {
		srv.Inject(zaqartest.Fault{Kind: "claim_create", Delay: 100 * time.Millisecond, Times: -1})
	}
	r := run(t, q, c.config, zaqar.Handle(func(_ context.Context, n int, m *zaqar.Message) error {
		attempt := w.begin(m, n)
		defer w.end(m, n)
		p := c.plans[n]
		time.Sleep(p.Takes)
		if attempt > len(p.Acts) {
			return nil
		}
		switch p.Acts[attempt-1] {
		case fails:
			return zaqar.RetryAfter(p.Wait, errBroken)
		case gives:
			return zaqar.Permanent(errBroken)
		case panics:
			panic(errBroken)
		case defers:
			return zaqar.RetryAfter(p.Wait, nil)
		}
		return nil
	}))
	if c.stop > 0 {
		time.Sleep(c.stop)
	} else {
		time.Sleep(6 * time.Hour)
	}
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	r.stop()
	// A claim that was let go and has ended by our clock is not released. On the server it
	// ends a little later.
	time.Sleep(3 * time.Second)
	w.compare(t, c, srv, client)
}

func (w *monitor) compare(t *testing.T, c settling, srv *zaqartest.Server, client *zaqar.Client) {
	letters := map[int]*zaqar.DeadLetter{}
	for m, err := range client.Queue("dead").Messages(t.Context()) {
		letter, wrong := zaqar.ReadDeadLetter(m)
		var n int
		if err := errors.Join(err, wrong, letter.Decode(&n)); err != nil {
			t.Fatal(err)
		}
		if letters[n] != nil {
			w.complain("message %d became two dead letters", n)
		}
		letters[n] = letter
	}
	left := map[int]bool{}
	for _, m := range srv.Messages("p", "wot") {
		var n int
		if err := json.Unmarshal(m.Body, &n); err != nil {
			t.Fatal(err)
		}
		left[n] = true
		if m.ClaimID != "" && c.config.OnFailure != zaqar.LetExpire {
			w.complain("message %d is still claimed after the stop", n)
		}
	}
	if c.stop == 0 && len(left) > 0 {
		w.complain("messages %v are left", slices.Sorted(maps.Keys(left)))
	}
	for n, p := range c.plans {
		handled, failures, dead := p.expected(c.config.MaxAttempts)
		switch letter := letters[n]; {
		case left[n] && (letter != nil || w.handled[n] >= handled):
			w.complain("message %d is left after %d attempts", n, w.handled[n])
		case left[n]:
		case w.handled[n] != handled || dead != (letter != nil):
			w.complain("message %d: %d attempts, dead letter %v; want %d, %v", n, w.handled[n], letter, handled, dead)
		case letter != nil && letter.Attempts != failures:
			w.complain("message %d: the dead letter has %d failures, want %d", n, letter.Attempts, failures)
		}
	}
}
