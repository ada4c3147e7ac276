package deadletter_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/clitest"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/deadletter"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// scene is a dead-letter queue "dead" with three letters of "jobs", and a bare message.
type scene struct {
	*testing.T
	server *zaqartest.Server
	client *zaqar.Client
	dead   *zaqar.Queue
}

func newScene(t *testing.T) scene {
	t.Helper()
	server, client := clitest.Connect(t)
	s := scene{t, server, client, client.Queue("dead")}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i, body := range []string{"Bad Input", "no disk", "bad luck"} {
		if _, err := client.Queue("jobs").Post(t.Context(), body); err != nil {
			t.Fatal(err)
		}
		// A real consumer makes the letters.
		consumer := client.Queue("jobs").Consumer(zaqar.ConsumerConfig{Workers: 1, DeadLetter: "dead"})
		err := consumer.Run(ctx, func(_ context.Context, m *zaqar.Message) error {
			consumer.Halt()
			return zaqar.Permanent(errors.New("cannot handle " + string(m.Body())))
		})
		if err != nil || len(server.Messages("demo", "dead")) != i+1 {
			t.Fatal(err)
		}
	}
	if _, err := s.dead.Post(t.Context(), "bare"); err != nil {
		t.Fatal(err)
	}
	return s
}

// found returns the bodies that a filter selects.
func (s scene) found(f deadletter.Filter) string {
	s.Helper()
	var bodies []string
	for l, err := range f.All(s.Context(), s.dead) {
		if err != nil {
			s.Fatal(err)
		}
		bodies = append(bodies, string(l.Body()))
	}
	return strings.Join(bodies, " ")
}

func TestAFilterSelectsDeadLetters(t *testing.T) {
	s := newScene(t)
	first, _, err := zaqar.First(s.dead.Messages(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	letter, err := zaqar.ReadDeadLetter(first)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		filter deadletter.Filter
		want   string
	}{
		{deadletter.Filter{}, `"Bad Input" "no disk" "bad luck" "bare"`},
		{deadletter.Filter{Reason: "BAD"}, `"Bad Input" "bad luck"`},
		{deadletter.Filter{Reason: "bad", Limit: 1}, `"Bad Input"`},
		{deadletter.Filter{Limit: 2}, `"Bad Input" "no disk"`},
		{deadletter.Filter{IDs: []string{first.ID()}}, `"Bad Input"`},
		{deadletter.Filter{IDs: []string{letter.ID, "no-such-id"}}, `"Bad Input"`},
		{deadletter.Filter{OlderThan: time.Hour}, ``},
	} {
		if got := s.found(c.filter); got != c.want {
			t.Errorf("%+v selects %s, want %s", c.filter, got, c.want)
		}
	}
	s.server.Advance(30 * time.Minute) // only the age of the bare one is the server's
	if got := s.found(deadletter.Filter{OlderThan: 30 * time.Minute}); got != `"bare"` {
		t.Errorf("older than half an hour: %s", got)
	}
}

// retry retries all dead letters.
func (s scene) retry(r deadletter.Retry) deadletter.Result {
	s.Helper()
	r.Client, r.From, r.Progress = s.client, s.dead, func(int) {}
	ids, err := deadletter.Filter{}.Pick(s.Context(), s.dead)
	if err != nil {
		s.Fatal(err)
	}
	result, err := r.Do(s.Context(), ids)
	if err != nil {
		s.Fatal(err)
	}
	return result
}

func bodies(server *zaqartest.Server, queue string) string {
	var all []string
	for _, m := range server.Messages("demo", queue) {
		all = append(all, string(m.Body))
	}
	return strings.Join(all, " ")
}

func TestARetryPostsDeadLettersToTheirQueuesAndDeletesThem(t *testing.T) {
	s := newScene(t)
	result := s.retry(deadletter.Retry{TTL: 5 * time.Minute})
	if !maps.Equal(result.Retried, map[string]int{"jobs": 3}) || result.Nowhere != 1 {
		t.Errorf("%+v", result)
	}
	if got := bodies(s.server, "jobs"); got != `"Bad Input" "no disk" "bad luck"` {
		t.Errorf("jobs has %s", got)
	}
	if got := bodies(s.server, "dead"); got != `"bare"` {
		t.Errorf("left: %s", got)
	}
	if ttl := s.server.Messages("demo", "jobs")[0].TTL; ttl != 5*time.Minute {
		t.Errorf("the TTL is %v", ttl)
	}
}

func TestARetryCanHaveOneTarget(t *testing.T) {
	s := newScene(t)
	if result := s.retry(deadletter.Retry{To: "other"}); !maps.Equal(result.Retried, map[string]int{"other": 4}) || result.Nowhere != 0 {
		t.Errorf("%+v", result)
	}
	if got := bodies(s.server, "other"); got != `"Bad Input" "no disk" "bad luck" "bare"` {
		t.Errorf("other has %s", got)
	}
}

func TestADryRunChangesNothing(t *testing.T) {
	s := newScene(t)
	if result := s.retry(deadletter.Retry{DryRun: true}); result.Total() != 3 || result.Nowhere != 1 {
		t.Errorf("%+v", result)
	}
	if len(s.server.Messages("demo", "dead")) != 4 || len(s.server.Messages("demo", "jobs")) != 0 {
		t.Error("something was moved")
	}
}

func TestALetterThatIsNotPostedStays(t *testing.T) {
	s := newScene(t)
	s.server.Inject(zaqartest.Fault{Kind: "message_post", Status: 403})
	ids, err := deadletter.Filter{}.Pick(t.Context(), s.dead)
	if err != nil {
		t.Fatal(err)
	}
	r := deadletter.Retry{Client: s.client, From: s.dead, Progress: func(int) {}}
	if _, err := r.Do(t.Context(), ids); !errors.Is(err, zaqar.ErrForbidden) {
		t.Errorf("%v", err)
	}
	if n := len(s.server.Messages("demo", "dead")); n != 4 {
		t.Errorf("%d dead letters are left", n)
	}
}

func TestABodyThatIsNoJSONIsPostedAsText(t *testing.T) {
	s := newScene(t)
	envelope := `{"zaqar_dead_letter": 1, "queue": "odd", "id": "x", "reason": "r", "attempts": 1, "body_text": "Infinity"}`
	if _, err := s.dead.Post(t.Context(), json.RawMessage(envelope)); err != nil {
		t.Fatal(err)
	}
	s.retry(deadletter.Retry{})
	if got := bodies(s.server, "odd"); got != `"Infinity"` {
		t.Errorf("odd has %s", got)
	}
}
