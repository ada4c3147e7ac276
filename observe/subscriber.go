package observe

import (
	"log/slog"
	"time"
)

// ReadFailed is a look of a subscriber into a queue that failed, and will be
// repeated.
type ReadFailed struct {
	Queue string
	// Failures is how many looks into the queue have failed in a row.
	Failures int
	// Wait is how long the next one is put off.
	Wait time.Duration
	Err  error
}

// Name returns "read failed".
func (ReadFailed) Name() string { return "read failed" }

// Level is Warn.
func (ReadFailed) Level() slog.Level { return slog.LevelWarn }

// Attrs implements [Event].
func (r ReadFailed) Attrs() []slog.Attr {
	return attrs(slog.String("queue", r.Queue), slog.Int("failures", r.Failures), slog.Duration("wait", r.Wait), failure(r.Err))
}

// ReadRecovered is the first look into a queue that succeeded after some had failed.
type ReadRecovered struct {
	Queue string
	// Failures is how many had failed.
	Failures int
}

// Name returns "read recovered".
func (ReadRecovered) Name() string { return "read recovered" }

// Level is Info.
func (ReadRecovered) Level() slog.Level { return slog.LevelInfo }

// Attrs implements [Event].
func (r ReadRecovered) Attrs() []slog.Attr {
	return attrs(slog.String("queue", r.Queue), slog.Int("failures", r.Failures))
}

// Repeats are messages that the server listed again and that a subscriber did not
// hand out again.
type Repeats struct {
	Queue string
	Count int
}

// Name returns "repeats".
func (Repeats) Name() string { return "repeats" }

// Level is Debug.
func (Repeats) Level() slog.Level { return slog.LevelDebug }

// Attrs implements [Event].
func (r Repeats) Attrs() []slog.Attr {
	return attrs(slog.String("queue", r.Queue), slog.Int("count", r.Count))
}

// PushUnavailable is a queue that a subscriber polls although there is a WebSocket: the
// service refused to announce its messages, or did not announce one that came.
type PushUnavailable struct {
	Queue string
	Err   error
}

// Name returns "push unavailable".
func (PushUnavailable) Name() string { return "push unavailable" }

// Level is Info.
func (PushUnavailable) Level() slog.Level { return slog.LevelInfo }

// Attrs implements [Event].
func (p PushUnavailable) Attrs() []slog.Attr {
	return attrs(slog.String("queue", p.Queue), failure(p.Err))
}
