package observe

import (
	"log/slog"
	"time"
)

// ReadFailed reports that a subscriber could not read a queue. It will try again, unless
// the service has refused for so long that this ends the loop.
type ReadFailed struct {
	Queue string
	// Failures is the number of reads of the queue that failed in a row.
	Failures int
	// Wait is the back-off before the next read. It is 0 if the loop ends.
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

// ReadRecovered reports the first successful read of a queue after [ReadFailed].
type ReadRecovered struct {
	Queue string
	// Failures is the number of reads that had failed in a row.
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

// Repeats reports messages that the server listed again. The subscriber does not hand
// them out twice.
type Repeats struct {
	Queue string
	// Count is the number of messages.
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

// PushUnavailable reports that a subscriber polls a queue although there is a WebSocket.
// Either the service refused the subscription, or a message came without a push.
type PushUnavailable struct {
	Queue string
	// Err is why.
	Err error
}

// Name returns "push unavailable".
func (PushUnavailable) Name() string { return "push unavailable" }

// Level is Info.
func (PushUnavailable) Level() slog.Level { return slog.LevelInfo }

// Attrs implements [Event].
func (p PushUnavailable) Attrs() []slog.Attr {
	return attrs(slog.String("queue", p.Queue), failure(p.Err))
}
