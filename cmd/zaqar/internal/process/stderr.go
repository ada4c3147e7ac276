package process

import (
	"bufio"
	"errors"
	"os"
	"strings"
	"sync"
	"time"
)

// longestLine is how much of a line is passed on at once.
const longestLine = 32 << 10

// longestSaid is how much of the last line is kept.
const longestSaid = 500

// drainTime is how long the end of a process's output is waited for if something that the
// process has started keeps it open.
const drainTime = 200 * time.Millisecond

// speech is what a process writes to its standard error.
type speech struct {
	ended chan struct{}

	mu   sync.Mutex
	line string // the last one with text
}

// listen returns a pipe for the standard error of a process. What the process writes is
// passed on, line by line, so that processes do not write into each other's lines.
//
// The pipe is read until its end, not until the end of the process: what a process leaves
// in the background may go on writing.
func (c *Command) listen() (*speech, *os.File, error) {
	ours, theirs, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	s := &speech{ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		defer func() { _ = ours.Close() }()
		for lines := bufio.NewReaderSize(ours, longestLine); ; {
			line, err := lines.ReadSlice('\n')
			s.hear(line)
			c.passOn(line)
			if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
				return
			}
		}
	}()
	return s, theirs, nil
}

func (s *speech) hear(line []byte) {
	text := strings.TrimSpace(string(line[:min(len(line), longestSaid)]))
	if text == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line = strings.ToValidUTF8(text, "\uFFFD")
}

// last returns the last line of a process that has ended.
func (s *speech) last() string {
	timer := time.NewTimer(drainTime)
	defer timer.Stop()
	select {
	case <-s.ended:
	case <-timer.C:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.line
}

func (c *Command) passOn(line []byte) {
	if c.Stderr == nil || len(line) == 0 {
		return
	}
	c.stderrMu.Lock()
	defer c.stderrMu.Unlock()
	_, _ = c.Stderr.Write(line) // nobody to tell
}
