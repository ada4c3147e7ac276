package observe

import (
	"log/slog"
	"time"
)

// BatchOutcome is the result of an attempt to send a batch.
type BatchOutcome string

// The outcomes.
const (
	// BatchStored: all messages of the batch were stored.
	BatchStored BatchOutcome = "stored"
	// BatchRefused: no message was stored. The server refused the batch, or it was not
	// sent.
	BatchRefused BatchOutcome = "refused"
	// BatchUnknown: the messages may have been stored.
	BatchUnknown BatchOutcome = "unknown"
)

// Batch reports that a publisher sent a batch, or tried to. There is one event for each
// attempt, and one for each part of a batch that was split.
type Batch struct {
	Queue string
	// Messages is the number of messages, Bytes the size of the request.
	Messages, Bytes int
	// Attempt is the number of the attempt, from 1 on.
	Attempt int
	Outcome BatchOutcome
	// Took is how long the attempt took, including requests that had to come first.
	Took time.Duration
	// Err is why the batch was refused or its outcome is unknown.
	Err error
}

// Name returns "batch".
func (Batch) Name() string { return "batch" }

// Level is Debug if the batch was stored, otherwise Warn.
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

// MessageDropped reports a message that a publisher did not accept because its buffer
// was full.
type MessageDropped struct {
	Queue string
	// Size is the size of the encoded message in bytes.
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
