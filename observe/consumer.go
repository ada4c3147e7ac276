package observe

import (
	"log/slog"
	"time"
)

// Claimed reports that a consumer claimed messages. There is no event for an empty claim.
type Claimed struct {
	Queue string
	// Claim is the claim's id.
	Claim string
	// Messages is the number of messages in the claim.
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

// ClaimFailed reports that a consumer could not claim, or was refused to. It tries again
// unless Wait is 0.
type ClaimFailed struct {
	Queue string
	// Wait is the back-off before the next attempt. It is 0 if the consumer gives up.
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

// ClaimRenewed reports that a consumer extended a claim.
type ClaimRenewed struct {
	Queue, Claim string
	// Messages is the number of its messages that are not settled yet.
	Messages int
	// Left is how long the claim would have lasted without the extension.
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

// RenewalFailed reports that a consumer could not extend a claim. It tries again until
// the claim ends.
type RenewalFailed struct {
	Queue, Claim string
	// Messages is the number of its messages that are not settled yet.
	Messages int
	// Left is how long the claim still lasts.
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

// ClaimLost reports that a claim no longer holds messages that a consumer has not
// settled. Other consumers may be handling them.
type ClaimLost struct {
	Queue, Claim string
	// Message is the id of the message if only one was lost, which shows when it is
	// deleted. It is "" if the whole claim was lost, which shows when it is extended or
	// when its time is over.
	Message string
	// Messages is the number of lost messages that were not settled.
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

// ClaimReleased reports that a consumer released a claim, or tried to.
type ClaimReleased struct {
	Queue, Claim string
	// Messages is the number of messages that go back to the queue.
	Messages int
	// Err is why the release failed, nil if it succeeded. After a failure the messages
	// can be claimed again once the claim has expired.
	Err error
}

// Name returns "claim released".
func (ClaimReleased) Name() string { return "claim released" }

// Level is Debug, or Warn if the release failed.
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

// Handled reports that a message was handled and deleted.
type Handled struct {
	Queue, Message string
	// Attempt is the number of the attempt, from 1 on.
	Attempt int
	// Took is the time from handing out the message to its deletion.
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

// AttemptFailed reports that an attempt to handle a message failed.
type AttemptFailed struct {
	Queue, Message string
	// Attempt is the number of the attempt, from 1 on.
	Attempt int
	// Wait is the back-off before the next attempt, which can start later. It is 0 if
	// there will be no next attempt.
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

// HandlerPanicked reports that a handler panicked. The consumer recovers and treats it
// as a failed attempt.
type HandlerPanicked struct {
	Queue, Message string
	// Attempt is the number of the attempt, from 1 on.
	Attempt int
	// Value is the value of the panic, and Stack the stack of the goroutine.
	Value any
	Stack []byte
}

// Name returns "handler panicked".
func (HandlerPanicked) Name() string { return "handler panicked" }

// Level is Error: a panic is a bug in the program.
func (HandlerPanicked) Level() slog.Level { return slog.LevelError }

// Attrs implements [Event].
func (h HandlerPanicked) Attrs() []slog.Attr {
	return attrs(slog.String("queue", h.Queue), slog.String("message", h.Message), slog.Int("attempt", h.Attempt),
		slog.Any("value", h.Value), slog.String("stack", string(h.Stack)))
}

// DeadLettered reports that a consumer moved a message to the dead-letter queue.
type DeadLettered struct {
	Queue, Message string
	// To is the name of the dead-letter queue.
	To string
	// Attempts is the number of failed attempts.
	Attempts int
	// Reason is the text of the last failure.
	Reason string
	// Bare is set if the message was too large for an envelope. Its body was posted as it
	// was, so only this event says what became of Message, and why.
	Bare bool
}

// Name returns "dead-lettered".
func (DeadLettered) Name() string { return "dead-lettered" }

// Level is Warn.
func (DeadLettered) Level() slog.Level { return slog.LevelWarn }

// Attrs implements [Event].
func (d DeadLettered) Attrs() []slog.Attr {
	return attrs(slog.String("queue", d.Queue), slog.String("message", d.Message), slog.String("to", d.To),
		slog.Int("attempts", d.Attempts), slog.String("reason", d.Reason), slog.Bool("bare", d.Bare))
}

// SettleFailed reports a request that failed, to delete a message that was handled or to
// post its dead letter.
type SettleFailed struct {
	Queue, Message string
	// Attempt is the number of the request for this message, from 1 on.
	Attempt int
	// Wait is the back-off before the next request. It is 0 if there will be none.
	Wait time.Duration
	// Final is set if the consumer gives up. A message that was handled is then
	// remembered: if it comes again, it is only deleted. A message that should have
	// become a dead letter is kept and tried again.
	Final bool
	Err   error
}

// Name returns "settle failed".
func (SettleFailed) Name() string { return "settle failed" }

// Level is Warn.
func (SettleFailed) Level() slog.Level { return slog.LevelWarn }

// Attrs implements [Event].
func (s SettleFailed) Attrs() []slog.Attr {
	return attrs(slog.String("queue", s.Queue), slog.String("message", s.Message), slog.Int("attempt", s.Attempt),
		slog.Duration("wait", s.Wait), slog.Bool("final", s.Final), failure(s.Err))
}

// BacklogFull reports that so many messages of a consumer wait for their back-off, or for
// the rest of their claim, that it claims no more until some of them are due. It comes
// once each time that happens.
type BacklogFull struct {
	Queue string
	// Messages is the number of messages that wait.
	Messages int
}

// Name returns "backlog full".
func (BacklogFull) Name() string { return "backlog full" }

// Level is Warn.
func (BacklogFull) Level() slog.Level { return slog.LevelWarn }

// Attrs implements [Event].
func (b BacklogFull) Attrs() []slog.Attr {
	return attrs(slog.String("queue", b.Queue), slog.Int("messages", b.Messages))
}

// Duplicate reports that a claim brought a message that the consumer already has or has
// finished, or that another consumer has finished. The message is not handled again.
type Duplicate struct {
	Queue, Message, Claim string
	// Finished is true if the consumer had finished the message but could not delete
	// it, or if another one has deleted it since.
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
