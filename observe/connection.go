package observe

import "log/slog"

// Connected reports a new connection of the WebSocket.
type Connected struct {
	// Session is the connection's number, from 1 on. Above 1 it is a reconnection.
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

// Disconnected reports that a connection of the WebSocket has ended. Notifications that
// the service sends before the next [Connected] are lost.
type Disconnected struct {
	// Session is the connection's number.
	Session uint64
	// Err is why it ended.
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

// Push reports a notification that the service sent over the WebSocket.
type Push struct {
	// Session is the connection's number.
	Session uint64
	// Queue is the queue's name, or "" if the notification does not name it.
	Queue string
	// Size is the notification's size in bytes.
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
