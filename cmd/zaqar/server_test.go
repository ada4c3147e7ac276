package main_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// served is a running zaqar serve.
type served struct {
	cmd *exec.Cmd
	// printed are the lines of its standard output.
	printed []string
	rest    chan struct{} // closed when it writes no more
}

// startServe starts cmd, a zaqar serve, and waits until it listens.
func startServe(cmd *exec.Cmd) (*served, error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if cmd.Stderr == nil {
		cmd.Stderr = os.Stderr
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &served{cmd: cmd, rest: make(chan struct{})}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		s.printed = append(s.printed, lines.Text())
		if strings.Contains(lines.Text(), "zaqar tour") {
			go func() {
				defer close(s.rest)
				_, _ = io.Copy(io.Discard, out)
			}()
			return s, nil
		}
	}
	return nil, fmt.Errorf("zaqar serve ended early: %w", errors.Join(lines.Err(), cmd.Wait()))
}

// url returns the address that it printed.
func (s *served) url() string {
	_, url, _ := strings.Cut(s.printed[0], " at ")
	return url
}

// webSocket returns the address of its WebSocket that it printed.
func (s *served) webSocket() string {
	_, url, _ := strings.Cut(s.printed[1], " at ")
	return url
}

// exports returns the variables that it printed.
func (s *served) exports() map[string]string {
	found := map[string]string{}
	for _, line := range s.printed {
		if pair, ok := strings.CutPrefix(line, "export "); ok {
			name, value, _ := strings.Cut(pair, "=")
			found[name] = value
		}
	}
	return found
}

// stop sends a signal and returns the exit code.
func (s *served) stop(signal os.Signal) (int, error) {
	if err := s.cmd.Process.Signal(signal); err != nil {
		return 0, err
	}
	<-s.rest
	return exitCode(s.cmd.Wait())
}

// exitCode returns the exit code of a command that has ended; -1 means that a signal
// killed it.
func exitCode(err error) (int, error) {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), nil
	}
	return 0, err
}
