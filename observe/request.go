package observe

import (
	"log/slog"
	"time"
)

// Request is one request that ended: answered, whatever the status, or not. A call
// of the client can take several: pages, a retry.
type Request struct {
	// Op is the operation, such as "message_post"; for a raw call the method and
	// path.
	Op string
	// Queue is the queue's name, "" for operations without one.
	Queue string
	// Attempt is 1 for the first request of a call, 2 for its retry.
	Attempt int
	// Started is when it was sent, Took how long the answer took.
	Started time.Time
	Took    time.Duration
	// Status is the answer's code, 0 when there was none.
	Status int
	// RequestID is the server's name for the request, "" when it told none.
	RequestID string
	// Sent and Received are the sizes of both bodies in bytes.
	Sent, Received int
	// Err is why there was no answer.
	Err error
}

// Name returns "request".
func (Request) Name() string { return "request" }

// Level is Debug: errors are returned to the caller, who knows what they mean.
func (Request) Level() slog.Level { return slog.LevelDebug }

// Attrs implements [Event].
func (r Request) Attrs() []slog.Attr {
	return attrs(slog.String("op", r.Op), slog.String("queue", r.Queue), slog.Int("attempt", r.Attempt),
		slog.Int("status", r.Status), slog.Duration("took", r.Took), slog.Int("sent", r.Sent),
		slog.Int("received", r.Received), slog.String("request_id", r.RequestID), failure(r.Err))
}

// Retry is a request that is about to be sent again.
type Retry struct {
	Op, Queue string
	// Attempt is the number of the request that comes.
	Attempt int
	// Wait is how long that is put off.
	Wait time.Duration
	// Status and Err say what became of the one before.
	Status int
	Err    error
}

// Name returns "retry".
func (Retry) Name() string { return "retry" }

// Level is Info.
func (Retry) Level() slog.Level { return slog.LevelInfo }

// Attrs implements [Event].
func (r Retry) Attrs() []slog.Attr {
	return attrs(slog.String("op", r.Op), slog.String("queue", r.Queue), slog.Int("attempt", r.Attempt),
		slog.Duration("wait", r.Wait), slog.Int("status", r.Status), failure(r.Err))
}

// TokenRenewed is a token that came in place of an earlier one. The first token of a
// client is none.
type TokenRenewed struct {
	// Project is the token's project, "" when it is not known.
	Project string
	// Expires is when the new one ends, the zero time when it is not known.
	Expires time.Time
	// Refused is whether the earlier one was refused by the server, rather than
	// replaced before its end.
	Refused bool
}

// Name returns "token renewed".
func (TokenRenewed) Name() string { return "token renewed" }

// Level is Info.
func (TokenRenewed) Level() slog.Level { return slog.LevelInfo }

// Attrs implements [Event].
func (t TokenRenewed) Attrs() []slog.Attr {
	expires := slog.Attr{Key: "expires"}
	if !t.Expires.IsZero() {
		expires = slog.Time("expires", t.Expires)
	}
	return attrs(slog.String("project", t.Project), expires, slog.Bool("refused", t.Refused))
}
