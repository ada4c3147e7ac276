// Package process runs a process for each message.
//
// A process gets a process group of its own, so that Ctrl-C in a terminal reaches only
// the program that started it, and so that everything a shell started can be ended
// together with the shell.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// Command is what runs for each message. Its methods are safe for concurrent use.
type Command struct {
	// Args are the program and its arguments.
	Args []string
	// Stdout and Stderr receive what the processes write, Stderr line by line. nil
	// discards.
	Stdout, Stderr io.Writer
	// KillAfter is how long a process that was asked to end may take for it.
	KillAfter time.Duration

	killOnce sync.Once
	kill     chan struct{} // closed by Kill
	initOnce sync.Once
	stderrMu sync.Mutex
}

// Kill kills the processes that run, and those that start later, at once.
func (c *Command) Kill() {
	c.init()
	c.killOnce.Do(func() { close(c.kill) })
}

func (c *Command) init() { c.initOnce.Do(func() { c.kill = make(chan struct{}) }) }

// Find returns an error if there is no such program.
func (c *Command) Find() error {
	_, err := exec.LookPath(c.Args[0])
	return err
}

// Result is how a process ended.
type Result struct {
	// Code is the exit status, and -1 if there is none.
	Code int
	// State describes the end: "exit status 1", "signal: killed".
	State string
	// Said is the last line that the process wrote to its standard error.
	Said string
	// Ended is why the process was asked to end, nil if it ended by itself.
	Ended error
}

// String returns the state, and what the process said last.
func (r Result) String() string {
	if r.Said == "" {
		return r.State
	}
	return r.State + ": " + r.Said
}

// Run runs a process and waits for its end. The process reads stdin, and env is added to
// this program's own environment. When ctx ends, the process and all that it started are
// asked to end (SIGTERM, where there is one), and killed KillAfter later. An error means
// that the process could not be started.
func (c *Command) Run(ctx context.Context, stdin []byte, env ...string) (Result, error) {
	c.init()
	//nolint:noctx,gosec // ctx ends the whole group, and gently; the command is what the user wants to run
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout = c.Stdout
	cmd.SysProcAttr = ownGroup()
	cmd.WaitDelay = c.KillAfter // if Stdout is no file, it may be open in a process that has left the group
	in, clean, err := input(stdin)
	if err != nil {
		return Result{}, err
	}
	defer clean()
	defer func() { _ = in.Close() }()
	cmd.Stdin = in
	said, theirs, err := c.listen()
	if err != nil {
		return Result{}, err
	}
	cmd.Stderr = theirs
	err = cmd.Start()
	_ = theirs.Close()
	if err != nil {
		return Result{}, err
	}
	ended := make(chan struct{})
	guarded := make(chan error)
	go func() { guarded <- c.guard(ctx, cmd.Process, ended) }()
	err = cmd.Wait()
	close(ended)
	result := Result{Code: cmd.ProcessState.ExitCode(), State: cmd.ProcessState.String(), Ended: <-guarded}
	result.Said = said.last()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited && !errors.Is(err, exec.ErrWaitDelay) {
		return result, fmt.Errorf("wait for the process: %w", err)
	}
	return result, nil
}

// guard ends a process and its group when ctx ends, or when everything is killed. It
// returns after the process has ended, and says why it was asked to.
func (c *Command) guard(ctx context.Context, p *os.Process, ended <-chan struct{}) error {
	select {
	case <-ended:
		return nil
	case <-c.kill:
		killGroup(p)
		<-ended
		return errKilled
	case <-ctx.Done():
	}
	endGroup(p)
	timer := time.NewTimer(c.KillAfter)
	defer timer.Stop()
	// A shell may end before what it has started.
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for leader := ended; ; {
		select {
		case <-leader:
			leader = nil
		case <-look.C:
		case <-c.kill:
			killGroup(p)
			<-ended
			return context.Cause(ctx)
		case <-timer.C:
			killGroup(p)
			<-ended
			return context.Cause(ctx)
		}
		if leader == nil && !groupRuns(p) {
			return context.Cause(ctx)
		}
	}
}

var errKilled = errors.New("killed")
