//go:build unix

package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/clitest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// jobs is a queue with messages on an embedded server in this process.
type jobs struct {
	*testing.T
	server *zaqartest.Server
}

func newJobs(t *testing.T, bodies ...any) jobs {
	t.Helper()
	server := zaqartest.Run(t)
	client, err := zaqar.Connect(t.Context(), server.URL(), zaqar.WithProject("demo"))
	check(t, err)
	defer func() { _ = client.Close() }()
	_, err = client.Queue("jobs").Post(t.Context(), bodies...)
	check(t, err)
	return jobs{t, server}
}

// consumer is a zaqar consume.
type consumer struct {
	*exec.Cmd
	out, err clitest.Transcript
}

// consumer returns a zaqar consume with a command line, in a process group of its own.
func (j jobs) consumer(line string, flags ...string) *consumer {
	j.Helper()
	args := slices.Concat([]string{"consume", "jobs", "--endpoint", j.server.URL(), "--project-id", "demo", "--exec", line}, flags)
	c := &consumer{Cmd: command(j.T, args...)}
	c.Env = append(c.Env, "PATH="+os.Getenv("PATH"))
	c.Stdout, c.Stderr = &c.out, &c.err
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return c
}

// consume starts a consumer.
func (j jobs) consume(line string, flags ...string) *consumer {
	j.Helper()
	c := j.consumer(line, flags...)
	check(j.T, c.Start())
	return c
}

// ends waits for the end of a consumer and of all that it has started, and returns its exit
// code; -1 means that a signal killed it.
func (c *consumer) ends(t *testing.T) int {
	t.Helper()
	code, err := exitCode(c.Wait())
	check(t, err)
	return code
}

// left returns how many messages are in the queue, and how many of them are claimed.
func (j jobs) left() (messages, claimed int) {
	for _, m := range j.server.Messages("demo", "jobs") {
		messages++
		if m.ClaimID != "" {
			claimed++
		}
	}
	return messages, claimed
}

func TestASignalLetsCommandsFinish(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGTERM, 0}, {syscall.SIGINT, 130}} {
		t.Run(c.signal.String(), func(t *testing.T) {
			t.Parallel()
			j := newJobs(t, 1, 2)
			consumer := j.consume("echo begun; until [ -e go ]; do sleep 0.01; done", "--workers", "1")
			<-consumer.out.Shows("begun")
			// As a terminal does: every process of the group gets the signal.
			check(t, syscall.Kill(-consumer.Process.Pid, c.signal))
			<-consumer.err.Shows("stopping; 1 command may finish within 30s")
			check(t, os.WriteFile(filepath.Join(consumer.Dir, "go"), nil, 0o600))
			if code := consumer.ends(t); code != c.code {
				t.Errorf("exit code %d, want %d\n%s", code, c.code, &consumer.err)
			}
			if messages, claimed := j.left(); messages != 1 || claimed != 0 {
				t.Errorf("%d messages are left, %d of them claimed; want one free", messages, claimed)
			}
		})
	}
}

func TestACommandThatOutlastsTheStopIsEnded(t *testing.T) {
	t.Parallel()
	for name, trap := range map[string]string{"it ends": "", "it is killed": "trap '' TERM; "} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newJobs(t, 1)
			consumer := j.consume(trap+"echo begun; while :; do sleep 0.01; done", "--stop-timeout", "1ms", "--kill-after", "100ms")
			<-consumer.out.Shows("begun")
			check(t, consumer.Process.Signal(syscall.SIGTERM))
			if code := consumer.ends(t); code != 143 {
				t.Errorf("exit code %d, want 143\n%s", code, &consumer.err)
			}
			if messages, claimed := j.left(); messages != 1 || claimed != 0 {
				t.Errorf("%d messages are left, %d of them claimed; want one free", messages, claimed)
			}
		})
	}
}

func TestASecondSignalKillsCommands(t *testing.T) {
	t.Parallel()
	j := newJobs(t, 1)
	consumer := j.consume("trap '' TERM; echo begun; while :; do sleep 0.01; done", "--stop-timeout", "1h", "--kill-after", "1h")
	<-consumer.out.Shows("begun")
	check(t, consumer.Process.Signal(os.Interrupt))
	<-consumer.err.Shows("stopping")
	check(t, consumer.Process.Signal(os.Interrupt))
	if code := consumer.ends(t); code != 130 {
		t.Errorf("exit code %d, want 130\n%s", code, &consumer.err)
	}
	if messages, claimed := j.left(); messages != 1 || claimed != 0 {
		t.Errorf("%d messages are left, %d of them claimed; want one free", messages, claimed)
	}
}

// counter counts lines, and tells when there are enough.
type counter struct {
	mu     sync.Mutex
	lines  map[string]int
	rest   string
	want   int
	enough chan struct{}
}

// until returns a channel that is closed when there are n different lines.
func (c *counter) until(n int) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.want, c.enough = n, make(chan struct{})
	return c.enough
}

func (c *counter) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.lines)
	c.rest += string(p)
	for {
		line, rest, ok := strings.Cut(c.rest, "\n")
		if !ok {
			break
		}
		c.lines[line]++
		c.rest = rest
	}
	if before < c.want && len(c.lines) >= c.want {
		close(c.enough)
	}
	return len(p), nil
}

// TestNothingIsLostWhenConsumersAreKilledRestartedAndInterrupted is the small form of
// integration/exec. A command works only on messages below a limit, and waits until the
// limit is raised. So it is known which commands are running when a signal comes.
func TestNothingIsLostWhenConsumersAreKilledRestartedAndInterrupted(t *testing.T) {
	t.Parallel()
	const messages = 80
	bodies := make([]any, messages)
	for i := range bodies {
		bodies[i] = i
	}
	j := newJobs(t, bodies...)
	limit := filepath.Join(t.TempDir(), "limit")
	done := &counter{lines: map[string]int{}}
	raise := func(to int) { check(t, os.WriteFile(limit, fmt.Appendln(nil, to), 0o600)) }
	const work = `n=$(cat); until [ "$n" -lt "$(cat "$LIMIT")" ] 2>/dev/null; do sleep 0.01; done; echo "$n"`
	for round, end := range []struct {
		signal      syscall.Signal
		limit, code int
	}{{syscall.SIGKILL, 8, -1}, {syscall.SIGTERM, 24, 0}, {syscall.SIGKILL, 40, -1}, {syscall.SIGINT, 56, 130}, {0, messages, 0}} {
		raise(end.limit)
		reached := done.until(end.limit)
		c := j.consumer(work, "--once")
		c.Env = append(c.Env, "LIMIT="+limit)
		c.Stdout = done
		check(t, c.Start())
		<-reached
		if end.signal != 0 {
			stopping := c.err.Shows("stopping")
			check(t, c.Process.Signal(end.signal))
			if end.signal != syscall.SIGKILL {
				<-stopping
			}
			raise(end.limit + 8) // what is running may finish
		}
		if code := c.ends(t); code != end.code {
			t.Fatalf("round %d: exit code %d, want %d\n%s", round, code, end.code, &c.err)
		}
		if end.signal == syscall.SIGKILL {
			j.server.Advance(3 * time.Minute) // the claims of the dead end
		}
	}
	for i := range bodies {
		if done.lines[fmt.Sprint(i)] == 0 {
			t.Errorf("message %d is lost", i)
		}
	}
	if messages, _ := j.left(); messages != 0 {
		t.Errorf("%d messages are left", messages)
	}
}
