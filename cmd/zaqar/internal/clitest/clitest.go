// Package clitest is what tests of the command line share.
package clitest

import (
	"strings"
	"sync"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// Connect returns an embedded server without sockets, and a client of project "demo" on it.
func Connect(t *testing.T, options ...zaqartest.Option) (*zaqartest.Server, *zaqar.Client) {
	t.Helper()
	server := zaqartest.RunInMemory(t, options...)
	client, err := zaqar.Connect(t.Context(), server.URL(), zaqar.WithHTTPClient(server.HTTPClient()), zaqar.WithProject("demo"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return server, client
}

// Transcript is the output of a command, which may come from many goroutines.
type Transcript struct {
	mu    sync.Mutex
	text  strings.Builder
	waits []wait
}

type wait struct {
	text  string
	shown chan struct{}
}

// Write implements io.Writer.
func (s *Transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	s.tellLocked()
	return len(p), nil
}

// Shows returns a channel that is closed as soon as text was written.
func (s *Transcript) Shows(text string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := wait{text, make(chan struct{})}
	s.waits = append(s.waits, w)
	s.tellLocked() // the text may be there already
	return w.shown
}

func (s *Transcript) tellLocked() {
	var waiting []wait
	for _, w := range s.waits {
		if strings.Contains(s.text.String(), w.text) {
			close(w.shown)
		} else {
			waiting = append(waiting, w)
		}
	}
	s.waits = waiting
}

func (s *Transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
