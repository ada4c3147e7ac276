package observe

import "log/slog"

// Connected is a connection that was made, by a transport that keeps one (the
// WebSocket).
type Connected struct {
	// Session numbers the connections, from 1 on: above 1 it is a reconnection.
	Session uint64
	// Attempts is how many dials it took.
	Attempts int
}

// Name returns "connected".
func (Connected) Name() string { return "connected" }

// Level is Info.
func (Connected) Level() slog.Level { return slog.LevelInfo }

// Attrs implements [Event].
func (c Connected) Attrs() []slog.Attr {
	return attrs(slog.Uint64("session", c.Session), slog.Int("attempts", c.Attempts))
}

// Disconnected is a connection that is gone. What the service pushed until the next
// [Connected] is lost.
type Disconnected struct {
	Session uint64
	// Err is why.
	Err error
}

// Name returns "disconnected".
func (Disconnected) Name() string { return "disconnected" }

// Level is Warn.
func (Disconnected) Level() slog.Level { return slog.LevelWarn }

// Attrs implements [Event].
func (d Disconnected) Attrs() []slog.Attr {
	return attrs(slog.Uint64("session", d.Session), failure(d.Err))
}

// Push is a notification that the service sent.
type Push struct {
	Session uint64
	// Queue is the queue that it is about, "" when it did not tell.
	Queue string
	// Size is its size in bytes.
	Size int
}

// Name returns "push".
func (Push) Name() string { return "push" }

// Level is Debug.
func (Push) Level() slog.Level { return slog.LevelDebug }

// Attrs implements [Event].
func (p Push) Attrs() []slog.Attr {
	return attrs(slog.Uint64("session", p.Session), slog.String("queue", p.Queue), slog.Int("size", p.Size))
}
