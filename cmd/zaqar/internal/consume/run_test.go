//go:build unix

package consume_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/clitest"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/consume"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/process"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// never is longer than a test takes.
const never = time.Hour

// scene is a queue "jobs" on an embedded server.
type scene struct {
	*testing.T
	server *zaqartest.Server
	client *zaqar.Client
	queue  *zaqar.Queue
	dir    string
	log    clitest.Transcript
}

func newScene(t *testing.T) *scene {
	t.Helper()
	server, client := clitest.Connect(t)
	return &scene{T: t, server: server, client: client, queue: client.Queue("jobs"), dir: t.TempDir()}
}

func (s *scene) post(bodies ...any) []string {
	s.Helper()
	ids, err := s.queue.Post(s.Context(), bodies...)
	if err != nil {
		s.Fatal(err)
	}
	return ids
}

func (s *scene) printf(format string, values ...any) {
	_, _ = fmt.Fprintf(&s.log, format+"\n", values...)
}

// exec returns a run of a command line in the scene's folder.
func (s *scene) exec(line string) *consume.Run {
	command := &process.Command{Args: process.Shell("cd " + s.dir + "; " + line), Stdout: &s.log, Stderr: &s.log, KillAfter: never}
	handler := &consume.Exec{Command: command, RetryAfter: never, Log: s.printf}
	return &consume.Run{
		Queue: s.queue, Command: command, Handler: handler.Handle, StopTimeout: never,
		Consumer: zaqar.ConsumerConfig{Backoff: -1, Poll: time.Millisecond, MaxPoll: time.Millisecond},
	}
}

// do does a run to its end.
func (s *scene) do(r *consume.Run) error { return r.Do(s.Context(), context.Background()) }

// left returns the bodies in a queue.
func (s *scene) left(queue string) []string {
	var bodies []string
	for _, m := range s.server.Messages("demo", queue) {
		bodies = append(bodies, string(m.Body))
	}
	slices.Sort(bodies)
	return bodies
}

// open reports whether a message of the queue is claimed.
func (s *scene) open() bool {
	for _, m := range s.server.Messages("demo", "jobs") {
		if m.ClaimID != "" {
			return true
		}
	}
	return false
}

func TestTheExitStatusSettlesAMessage(t *testing.T) {
	s := newScene(t)
	s.post("exit 0", "exit 75", "echo bad input >&2; exit 65", "echo out of luck >&2; exit 1", "kill -KILL $$")
	r := s.exec(`exec sh -c "$(cat)"`)
	r.UntilEmpty = true
	r.Consumer.DeadLetter, r.Consumer.MaxAttempts = "dead", 3
	if err := s.do(r); err != nil {
		t.Fatal(err)
	}
	if left := s.left("jobs"); len(left) != 1 || left[0] != `"exit 75"` {
		t.Errorf("left: %s", left)
	}
	if s.open() {
		t.Error("the message that was put off is still claimed")
	}
	found := map[string]string{}
	for m, err := range s.client.Queue("dead").Messages(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		letter, err := zaqar.ReadDeadLetter(m)
		if err != nil {
			t.Fatal(err)
		}
		found[string(letter.Body)] = fmt.Sprint(letter.Attempts, " ", letter.Permanent, " ", letter.Reason)
	}
	want := map[string]string{
		`"echo bad input >&2; exit 65"`:  "1 true exit status 65: bad input",
		`"echo out of luck >&2; exit 1"`: "3 false exit status 1: out of luck",
		`"kill -KILL $$"`:                "3 false signal: killed",
	}
	if !maps.Equal(found, want) {
		t.Errorf("%q, want %q", found, want)
	}
	if stats := r.Stats(); stats.Handled != 1 || stats.DeadLettered != 3 || stats.Failed != 7 {
		t.Errorf("%+v", stats)
	}
}

func TestAProcessGetsTheBodyAndKnowsItsMessage(t *testing.T) {
	s := newScene(t)
	ids := s.post(map[string]any{"n": 1}, "two words", zaqar.Outgoing{Body: 3, TTL: 5 * time.Minute})
	r := s.exec(`echo "$(cat) $ZAQAR_QUEUE $ZAQAR_MESSAGE_ID $ZAQAR_ATTEMPT $ZAQAR_AGE $ZAQAR_TTL $ZAQAR_BODY_TYPE ${#ZAQAR_CLAIM_ID}"`)
	r.UntilEmpty = true
	if err := s.do(r); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
	slices.Sort(lines)
	want := []string{
		"3 jobs " + ids[2] + " 1 0 300 number 24",
		"two words jobs " + ids[1] + " 1 0 3600 string 24",
		`{"n":1} jobs ` + ids[0] + " 1 0 3600 object 24",
	}
	for i, line := range lines {
		lines[i] = line[:strings.LastIndex(line, " ")] + " 24"
	}
	if !slices.Equal(lines, want) {
		t.Errorf("%q, want %q", lines, want)
	}
}

func TestATextMayBePassedAsJSON(t *testing.T) {
	s := newScene(t)
	s.post("a \"text\"", map[string]any{"n": 1})
	r := s.exec("cat; echo")
	r.Handler = (&consume.Exec{Command: r.Command, AsJSON: true, Log: s.printf}).Handle
	r.UntilEmpty, r.Consumer.Workers = true, 1
	if err := s.do(r); err != nil {
		t.Fatal(err)
	}
	if got := s.log.String(); got != `"a \"text\""`+"\n"+`{"n":1}`+"\n" {
		t.Errorf("%s", got)
	}
}

func TestAProcessThatTakesTooLongIsEnded(t *testing.T) {
	s := newScene(t)
	s.post("slow")
	r := s.exec("echo begun >&2; while :; do sleep 0.01; done")
	r.Handler = (&consume.Exec{Command: r.Command, Timeout: 50 * time.Millisecond, Log: s.printf}).Handle
	r.Consumer.HandlerTimeout = 50 * time.Millisecond
	r.Consumer.DeadLetter, r.Consumer.MaxAttempts, r.UntilEmpty = "dead", 1, true
	if err := s.do(r); err != nil {
		t.Fatal(err)
	}
	m, _, err := zaqar.First(s.client.Queue("dead").Messages(t.Context()))
	if err != nil || m == nil || !strings.Contains(string(m.Body()), "it took longer than 50ms") {
		t.Errorf("%v %v", m, err)
	}
}

func TestAStopLetsRunningProcessesFinish(t *testing.T) {
	s := newScene(t)
	s.post("one", "two", "three")
	r := s.exec("echo begun $(cat); until [ -e go ]; do sleep 0.01; done")
	r.Consumer.Workers = 1
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-s.log.Shows("begun one")
		cancel()
		if r.Running() != 1 {
			t.Error("nothing is running")
		}
		if err := os.WriteFile(filepath.Join(s.dir, "go"), nil, 0o600); err != nil {
			t.Error(err)
		}
	}()
	if err := r.Do(ctx, context.Background()); err != nil {
		t.Error(err)
	}
	if left := s.left("jobs"); len(left) != 2 || s.open() {
		t.Errorf("left: %s; still claimed: %v", left, s.open())
	}
}

func TestAProcessThatOutlastsTheStopIsEndedAndItsMessageGivenBack(t *testing.T) {
	for name, ignores := range map[string]bool{"it ends": false, "it must be killed": true} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.post("one")
			trap := ""
			if ignores {
				trap = "trap '' TERM; "
			}
			r := s.exec(trap + "echo begun; while :; do sleep 0.01; done")
			r.StopTimeout = time.Millisecond
			r.Consumer.DeadLetter, r.Consumer.MaxAttempts = "dead", 1
			if ignores {
				r.Command.KillAfter = time.Millisecond
			}
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-s.log.Shows("begun")
				cancel()
			}()
			if err := r.Do(ctx, context.Background()); !errors.Is(err, consume.ErrCut) {
				t.Errorf("%v, want ErrCut", err)
			}
			if left := s.left("jobs"); len(left) != 1 || s.open() {
				t.Errorf("left: %s; still claimed: %v", left, s.open())
			}
			if dead := s.left("dead"); len(dead) != 0 {
				t.Errorf("an attempt that was cut counts: %s", dead)
			}
		})
	}
}

func TestASecondRequestToStopEndsAtOnce(t *testing.T) {
	s := newScene(t)
	s.post("one")
	r := s.exec("trap '' TERM; echo begun; while :; do sleep 0.01; done")
	ctx, cancel := context.WithCancel(t.Context())
	now, hurry := context.WithCancel(t.Context())
	go func() {
		<-s.log.Shows("begun")
		cancel()
		hurry()
	}()
	if err := r.Do(ctx, now); err == nil {
		t.Error("nothing was left open")
	}
	if s.open() {
		t.Error("the message is still claimed")
	}
}

func TestAProgramThatIsNotThereEndsTheRun(t *testing.T) {
	s := newScene(t)
	s.post("one", "two")
	r := s.exec("")
	r.Command.Args = []string{"/no/such/program"}
	r.Consumer.DeadLetter, r.Consumer.MaxAttempts = "dead", 1
	if err := s.do(r); err == nil || !strings.Contains(err.Error(), "cannot run /no/such/program") {
		t.Errorf("%v", err)
	}
	if left := s.left("jobs"); len(left) != 2 || s.open() || len(s.left("dead")) != 0 {
		t.Errorf("left: %s; still claimed: %v; dead letters: %s", left, s.open(), s.left("dead"))
	}
}

func TestANumberOfAttemptsEndsTheRun(t *testing.T) {
	for _, workers := range []int{1, 2, 8} {
		s := newScene(t)
		s.post(1, 2, 3, 4, 5, 6, 7, 8)
		r := s.exec("echo tried")
		r.Max, r.Consumer.Workers = 3, workers
		if err := s.do(r); err != nil {
			t.Fatal(err)
		}
		if tried := strings.Count(s.log.String(), "tried"); tried != 3 {
			t.Errorf("%d workers: tried %d, want 3", workers, tried)
		}
		if left := s.left("jobs"); len(left) != 5 || s.open() {
			t.Errorf("%d workers: left: %s; still claimed: %v", workers, left, s.open())
		}
	}
}

func TestARunUntilEmptyLeavesWhatFailsWithoutADeadLetterQueue(t *testing.T) {
	s := newScene(t)
	s.post("exit 1", "exit 65", "exit 0")
	r := s.exec(`sh -c "$(cat)"`)
	r.UntilEmpty = true
	if err := s.do(r); err != nil {
		t.Fatal(err)
	}
	if left := s.left("jobs"); len(left) != 2 || s.open() {
		t.Errorf("left: %s; still claimed: %v", left, s.open())
	}
}

func TestPrintWritesALineForEachMessage(t *testing.T) {
	s := newScene(t)
	s.post(map[string]any{"n": 1}, "two\nlines", 3, zaqar.Outgoing{})
	for _, text := range []bool{false, true} {
		var out bytes.Buffer
		if text {
			s.post("two\nlines")
		}
		r := s.print(&out)
		r.Handler = (&consume.Print{Out: &out, AsText: text}).Handle
		if err := s.do(r); err != nil {
			t.Fatal(err)
		}
		want := "{\"n\":1}\n\"two\\nlines\"\n3\nnull\n"
		if text {
			want = "two\nlines\n"
		}
		if out.String() != want {
			t.Errorf("%q, want %q", &out, want)
		}
	}
	if left := s.left("jobs"); len(left) != 0 {
		t.Errorf("left: %s", left)
	}
}

// print returns a run that prints until the queue is empty.
func (s *scene) print(out *bytes.Buffer) *consume.Run {
	return &consume.Run{
		Queue: s.queue, Handler: (&consume.Print{Out: out}).Handle, StopTimeout: never, UntilEmpty: true,
		Consumer: zaqar.ConsumerConfig{Workers: 1, ClaimSize: 10},
	}
}

// full is a writer with room for some lines.
type full struct{ room int }

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	if f.room--; f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWhatWasNotWrittenStaysInTheQueue(t *testing.T) {
	s := newScene(t)
	s.post(1, 2, 3, 4)
	r := s.print(nil)
	r.Handler = (&consume.Print{Out: &full{room: 2}}).Handle
	if err := s.do(r); !errors.Is(err, errFull) {
		t.Errorf("%v", err)
	}
	if left := s.left("jobs"); !slices.Equal(left, []string{"3", "4"}) || s.open() {
		t.Errorf("left: %s; still claimed: %v", left, s.open())
	}
}
