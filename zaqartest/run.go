package zaqartest

import (
	"log/slog"
	"slices"
)

// TB is the part of *testing.T that [Run] needs. With it, programs that embed the
// server do not link package testing.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
}

// Run returns a server that listens on a free port of the loopback interface. It is
// closed when the test ends.
func Run(t TB, opts ...Option) *Server {
	t.Helper()
	return run(t, opts, func(s *Server) error { return s.Listen("127.0.0.1:0") })
}

// RunInMemory returns a server without sockets, which only [Server.HTTPClient]
// reaches. It is closed when the test ends. It works inside testing/synctest
// bubbles.
func RunInMemory(t TB, opts ...Option) *Server {
	t.Helper()
	return run(t, opts, (*Server).ListenInMemory)
}

func run(t TB, opts []Option, listen func(*Server) error) *Server {
	t.Helper()
	s, err := NewServer(slices.Concat([]Option{WithLogger(testLogger(t))}, opts)...)
	if err != nil {
		t.Fatalf("zaqartest: %v", err)
		return nil
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Logf("zaqartest: close: %v", err)
		}
	})
	if err := listen(s); err != nil {
		t.Fatalf("zaqartest: %v", err)
	}
	return s
}

// testLogger writes failures to a test's log. The server is closed before the test
// ends, so nothing is logged too late.
func testLogger(t TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(logWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

type logWriter struct{ t TB }

// Write implements io.Writer.
func (w logWriter) Write(line []byte) (int, error) {
	w.t.Logf("%s", line)
	return len(line), nil
}
