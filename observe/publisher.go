package observe

import (
	"log/slog"
	"time"
)

// BatchOutcome is what became of an attempt to send a batch.
type BatchOutcome string

// The outcomes.
const (
	// BatchStored: all messages of the batch are stored.
	BatchStored BatchOutcome = "stored"
	// BatchRefused: none is. The server refused it, or it never got there.
	BatchRefused BatchOutcome = "refused"
	// BatchUnknown: they may be stored or not.
	BatchUnknown BatchOutcome = "unknown"
)

// Batch is a batch that a publisher sent, or tried to. A batch that is split or sent
// again is told of each time.
type Batch struct {
	Queue string
	// Messages is how many it has, Bytes the size of its request.
	Messages, Bytes int
	// Attempt is 1 for the first time.
	Attempt int
	Outcome BatchOutcome
	// Took is how long it took, with what had to come before it.
	Took time.Duration
	// Err is why it is not known to be stored.
	Err error
}

// Name returns "batch".
func (Batch) Name() string { return "batch" }

// Level is Debug for what is stored, otherwise Warn.
func (b Batch) Level() slog.Level {
	if b.Outcome == BatchStored {
		return slog.LevelDebug
	}
	return slog.LevelWarn
}

// Attrs implements [Event].
func (b Batch) Attrs() []slog.Attr {
	return attrs(slog.String("queue", b.Queue), slog.Int("messages", b.Messages), slog.Int("bytes", b.Bytes),
		slog.Int("attempt", b.Attempt), slog.String("outcome", string(b.Outcome)), slog.Duration("took", b.Took), failure(b.Err))
}

// MessageDropped is a message that a publisher did not take, since too much was
// outstanding.
type MessageDropped struct {
	Queue string
	// Size is the message's size in bytes, encoded.
	Size int
}

// Name returns "message dropped".
func (MessageDropped) Name() string { return "message dropped" }

// Level is Warn.
func (MessageDropped) Level() slog.Level { return slog.LevelWarn }

// Attrs implements [Event].
func (d MessageDropped) Attrs() []slog.Attr {
	return attrs(slog.String("queue", d.Queue), slog.Int("size", d.Size))
}
