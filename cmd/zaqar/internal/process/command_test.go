//go:build unix

package process_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/process"
)

// never is longer than a test takes.
const never = time.Hour

func run(t *testing.T, c *process.Command, stdin string, env ...string) process.Result {
	t.Helper()
	result, err := c.Run(t.Context(), []byte(stdin), env...)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestAProcessReadsTheBodyAndItsEnvironment(t *testing.T) {
	var out bytes.Buffer
	c := &process.Command{Args: process.Shell(`cat; echo " $COLOUR"`), Stdout: &out, KillAfter: never}
	result := run(t, c, "a body", "COLOUR=blue")
	if result.Code != 0 || result.Ended != nil || out.String() != "a body blue\n" {
		t.Errorf("%+v, output %q", result, &out)
	}
}

func TestTheEndOfAProcessIsReported(t *testing.T) {
	for line, want := range map[string]process.Result{
		"exit 0":                              {Code: 0, State: "exit status 0"},
		"exit 75":                             {Code: 75, State: "exit status 75"},
		"echo no such user >&2; exit 1":       {Code: 1, State: "exit status 1", Said: "no such user"},
		"printf 'one\ntwo\n\n' >&2; exit 1":   {Code: 1, State: "exit status 1", Said: "two"},
		"printf 'without an end' >&2; exit 1": {Code: 1, State: "exit status 1", Said: "without an end"},
		"kill -KILL $$":                       {Code: -1, State: "signal: killed"},
		"no-such-program 2>/dev/null":         {Code: 127, State: "exit status 127"},
	} {
		c := &process.Command{Args: process.Shell(line), KillAfter: never}
		if got := run(t, c, "unread"); got != want {
			t.Errorf("%s: %+v, want %+v", line, got, want)
		}
	}
}

func TestAProcessReadsBodiesOfAnySize(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, size := range []int{0, 1, 4096, 4097, 1 << 20} {
		var out bytes.Buffer
		c := &process.Command{Args: []string{"cat"}, Stdout: &out, KillAfter: never}
		body := strings.Repeat("x", size)
		if run(t, c, body); out.String() != body {
			t.Errorf("of %d bytes it read %d", size, out.Len())
		}
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAProcessNeedNotReadItsInput(t *testing.T) {
	c := &process.Command{Args: process.Shell("exit 3"), KillAfter: never}
	if result := run(t, c, strings.Repeat("x", 1<<20)); result.Code != 3 {
		t.Errorf("%+v", result)
	}
}

func TestWhatAProcessLeavesInTheBackgroundIsNotWaitedFor(t *testing.T) {
	dir := t.TempDir()
	c := &process.Command{Args: process.Shell("cd " + dir + "; mkfifo until; cat until >&2 & echo begun >&2"), KillAfter: never}
	result := run(t, c, "")
	if result.Code != 0 {
		t.Errorf("%+v", result)
	}
	// Let the process in the background end.
	f, err := os.OpenFile(filepath.Join(dir, "until"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
}

func TestWhatDoesNotExistCannotBeStarted(t *testing.T) {
	c := &process.Command{Args: []string{"/no/such/program"}}
	if err := c.Find(); err == nil {
		t.Error("it was found")
	}
	if _, err := c.Run(t.Context(), nil); err == nil {
		t.Error("it was started")
	}
}

// transcript tells when a text was written.
type transcript struct {
	mu    sync.Mutex
	text  strings.Builder
	until string
	shown chan struct{}
}

func newTranscript(until string) *transcript {
	return &transcript{until: until, shown: make(chan struct{})}
}

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := strings.Contains(s.text.String(), s.until)
	s.text.Write(p)
	if !before && strings.Contains(s.text.String(), s.until) {
		close(s.shown)
	}
	return len(p), nil
}

// endWhen ends the context of a run when the process has written "ready" to its standard
// error.
func endWhen(t *testing.T, line string, killAfter time.Duration, why error) process.Result {
	t.Helper()
	said := newTranscript("ready\n")
	c := &process.Command{Args: process.Shell(line), Stderr: said, KillAfter: killAfter}
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-said.shown
		cancel(why)
	}()
	result, err := c.Run(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

var errLate = errors.New("it takes too long")

func TestAProcessIsAskedToEnd(t *testing.T) {
	result := endWhen(t, `trap 'exit 4' TERM; echo ready >&2; while :; do sleep 0.01; done`, never, errLate)
	if result.Code != 4 || !errors.Is(result.Ended, errLate) {
		t.Errorf("%+v", result)
	}
}

func TestAProcessThatDoesNotEndIsKilled(t *testing.T) {
	result := endWhen(t, `trap '' TERM; echo ready >&2; while :; do sleep 0.01; done`, time.Millisecond, errLate)
	if result.State != "signal: killed" || !errors.Is(result.Ended, errLate) {
		t.Errorf("%+v", result)
	}
}

func TestWhatAShellStartedMayEndAfterTheShell(t *testing.T) {
	dir := t.TempDir()
	// The shell ends at once. Its child finishes its work after the SIGTERM.
	const line = `(trap 'mkdir finished; exit 0' TERM; echo ready >&2; while :; do sleep 0.01; done) & wait`
	// Where nobody collects the dead child, the group does not become empty.
	result := endWhen(t, "cd "+dir+"; "+line, time.Minute, errLate)
	if result.State != "signal: terminated" {
		t.Errorf("%+v", result)
	}
	if _, err := os.Stat(filepath.Join(dir, "finished")); err != nil {
		t.Error(err)
	}
}

func TestKillKillsAllThatRunsAndAllThatStartsLater(t *testing.T) {
	said := newTranscript("ready\nready\n")
	c := &process.Command{Args: process.Shell(`trap '' TERM; echo ready >&2; while :; do sleep 0.01; done`), Stderr: said, KillAfter: never}
	results := make(chan process.Result)
	start := func() {
		result, _ := c.Run(context.Background(), nil)
		results <- result
	}
	go start()
	go start()
	<-said.shown
	c.Kill()
	go start()
	for range 3 {
		if result := <-results; result.State != "signal: killed" || result.Ended == nil {
			t.Errorf("%+v", result)
		}
	}
}

func TestAProcessHasAGroupOfItsOwn(t *testing.T) {
	var out bytes.Buffer
	// Field 5 of stat is the process group. Without /proc, ps knows it.
	c := &process.Command{Args: process.Shell(`echo $$; ps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat`), Stdout: &out, KillAfter: never}
	run(t, c, "")
	fields := strings.Fields(out.String())
	if len(fields) != 2 || fields[0] != fields[1] {
		t.Errorf("process and group: %v; this process's group is %d", fields, syscall.Getpgrp())
	}
}
