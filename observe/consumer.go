package observe

import (
	"log/slog"
	"time"
)

// Claimed is a claim that a consumer made and that brought messages.
type Claimed struct {
	Queue string
	// Claim is its id.
	Claim string
	// Messages is how many it brought.
	Messages int
}

// Name returns "claimed".
func (Claimed) Name() string { return "claimed" }

// Level is Debug.
func (Claimed) Level() slog.Level { return slog.LevelDebug }

// Attrs implements [Event].
func (c Claimed) Attrs() []slog.Attr {
	return attrs(slog.String("queue", c.Queue), slog.String("claim", c.Claim), slog.Int("messages", c.Messages))
}

// ClaimFailed is a consumer's attempt to claim that failed and comes again.
type ClaimFailed struct {
	Queue string
	// Wait is how long that is put off.
	Wait time.Duration
	Err  error
}

// Name returns "claim failed".
func (ClaimFailed) Name() string { return "claim failed" }

// Level is Warn.
func (ClaimFailed) Level() slog.Level { return slog.LevelWarn }

// Attrs implements [Event].
func (c ClaimFailed) Attrs() []slog.Attr {
	return attrs(slog.String("queue", c.Queue), slog.Duration("wait", c.Wait), failure(c.Err))
}

// ClaimRenewed is a claim that a consumer prolonged.
type ClaimRenewed struct {
	Queue, Claim string
	// Messages is how many of its messages are not settled yet.
	Messages int
	// Left is how much of the claim was left before.
	Left time.Duration
}

// Name returns "claim renewed".
func (ClaimRenewed) Name() string { return "claim renewed" }

// Level is Debug.
func (ClaimRenewed) Level() slog.Level { return slog.LevelDebug }

// Attrs implements [Event].
func (c ClaimRenewed) Attrs() []slog.Attr {
	return attrs(slog.String("queue", c.Queue), slog.String("claim", c.Claim),
		slog.Int("messages", c.Messages), slog.Duration("left", c.Left))
}

// RenewalFailed is an attempt to renew a claim that failed and comes again, as long as
// the claim lasts.
type RenewalFailed struct {
	Queue, Claim string
	// Messages is how many of its messages are not settled yet.
	Messages int
	// Left is how much of the claim is left.
	Left time.Duration
	Err  error
}

// Name returns "renewal failed".
func (RenewalFailed) Name() string { return "renewal failed" }

// Level is Warn.
func (RenewalFailed) Level() slog.Level { return slog.LevelWarn }

// Attrs implements [Event].
func (r RenewalFailed) Attrs() []slog.Attr {
	return attrs(slog.String("queue", r.Queue), slog.String("claim", r.Claim),
		slog.Int("messages", r.Messages), slog.Duration("left", r.Left), failure(r.Err))
}

// ClaimLost is a claim that does not hold messages any more that a consumer believed
// it held. Others may be at work on them.
type ClaimLost struct {
	Queue, Claim string
	// Message is the one message that was lost, found when it should be deleted; ""
	// when it is the whole claim, found when it should be renewed.
	Message string
	// Messages is how many were lost and not settled.
	Messages int
	Err      error
}

// Name returns "claim lost".
func (ClaimLost) Name() string { return "claim lost" }

// Level is Warn.
func (ClaimLost) Level() slog.Level { return slog.LevelWarn }

// Attrs implements [Event].
func (c ClaimLost) Attrs() []slog.Attr {
	return attrs(slog.String("queue", c.Queue), slog.String("claim", c.Claim), slog.String("message", c.Message),
		slog.Int("messages", c.Messages), failure(c.Err))
}

// ClaimReleased is a claim that a consumer gave up.
type ClaimReleased struct {
	Queue, Claim string
	// Messages is how many of its messages were given back.
	Messages int
	// Err is why that failed; they are free when the claim ends by itself.
	Err error
}

// Name returns "claim released".
func (ClaimReleased) Name() string { return "claim released" }

// Level is Debug, and Warn when it failed.
func (c ClaimReleased) Level() slog.Level {
	if c.Err != nil {
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

// Attrs implements [Event].
func (c ClaimReleased) Attrs() []slog.Attr {
	return attrs(slog.String("queue", c.Queue), slog.String("claim", c.Claim),
		slog.Int("messages", c.Messages), failure(c.Err))
}

// Handled is a message that was handled and deleted.
type Handled struct {
	Queue, Message string
	Attempt        int
	// Took is the time from when the message was handed out until it was deleted.
	Took time.Duration
}

// Name returns "handled".
func (Handled) Name() string { return "handled" }

// Level is Debug.
func (Handled) Level() slog.Level { return slog.LevelDebug }

// Attrs implements [Event].
func (h Handled) Attrs() []slog.Attr {
	return attrs(slog.String("queue", h.Queue), slog.String("message", h.Message),
		slog.Int("attempt", h.Attempt), slog.Duration("took", h.Took))
}

// AttemptFailed is an attempt at a message that failed.
type AttemptFailed struct {
	Queue, Message string
	Attempt        int
	// Wait is how long the next one is put off at least; unset when there is none.
	Wait time.Duration
	Err  error
}

// Name returns "attempt failed".
func (AttemptFailed) Name() string { return "attempt failed" }

// Level is Warn.
func (AttemptFailed) Level() slog.Level { return slog.LevelWarn }

// Attrs implements [Event].
func (a AttemptFailed) Attrs() []slog.Attr {
	return attrs(slog.String("queue", a.Queue), slog.String("message", a.Message),
		slog.Int("attempt", a.Attempt), slog.Duration("wait", a.Wait), failure(a.Err))
}

// HandlerPanicked is a panic of a handler, which the consumer contained.
type HandlerPanicked struct {
	Queue, Message string
	Attempt        int
	// Value is what it panicked with, and Stack where.
	Value any
	Stack []byte
}

// Name returns "handler panicked".
func (HandlerPanicked) Name() string { return "handler panicked" }

// Level is Error: it is a mistake in the program.
func (HandlerPanicked) Level() slog.Level { return slog.LevelError }

// Attrs implements [Event].
func (h HandlerPanicked) Attrs() []slog.Attr {
	return attrs(slog.String("queue", h.Queue), slog.String("message", h.Message), slog.Int("attempt", h.Attempt),
		slog.Any("value", h.Value), slog.String("stack", string(h.Stack)))
}

// DeadLettered is a message that a consumer moved to the dead-letter queue.
type DeadLettered struct {
	Queue, Message string
	// To is the dead-letter queue.
	To string
	// Attempts is how many attempts had failed.
	Attempts int
	// Reason is the last failure.
	Reason string
}

// Name returns "dead-lettered".
func (DeadLettered) Name() string { return "dead-lettered" }

// Level is Warn.
func (DeadLettered) Level() slog.Level { return slog.LevelWarn }

// Attrs implements [Event].
func (d DeadLettered) Attrs() []slog.Attr {
	return attrs(slog.String("queue", d.Queue), slog.String("message", d.Message), slog.String("to", d.To),
		slog.Int("attempts", d.Attempts), slog.String("reason", d.Reason))
}

// Duplicate is a message that came to a consumer again although it has it at work, or
// has finished it. It is not handled again.
type Duplicate struct {
	Queue, Message, Claim string
	// Finished is whether the consumer had finished it and only could not delete it.
	Finished bool
}

// Name returns "duplicate".
func (Duplicate) Name() string { return "duplicate" }

// Level is Info.
func (Duplicate) Level() slog.Level { return slog.LevelInfo }

// Attrs implements [Event].
func (d Duplicate) Attrs() []slog.Attr {
	return attrs(slog.String("queue", d.Queue), slog.String("message", d.Message),
		slog.String("claim", d.Claim), slog.Bool("finished", d.Finished))
}
