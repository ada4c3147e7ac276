package observe

import (
	"log/slog"
	"time"
)

// Request reports that a request has ended, with an answer of any status or without one.
// One call of the client can take several requests, for pages or a retry.
type Request struct {
	// Op is the operation, such as "message_post". For a raw call it is the method and
	// the path.
	Op string
	// Queue is the queue's name, "" for operations without a queue.
	Queue string
	// Attempt is 1 for the first request of a call, 2 for its retry.
	Attempt int
	// Started is when the request was sent, Took how long it took.
	Started time.Time
	Took    time.Duration
	// Status is the status code of the answer, 0 if there was none.
	Status int
	// RequestID is the server's id of the request, "" if the answer had none.
	RequestID string
	// Sent and Received are the sizes of the two bodies in bytes.
	Sent, Received int
	// Err is why there was no answer, nil if there was one.
	Err error
}

// Name returns "request".
func (Request) Name() string { return "request" }

// Level is Debug, even for errors: the caller gets them and knows what they mean.
func (Request) Level() slog.Level { return slog.LevelDebug }

// Attrs implements [Event].
func (r Request) Attrs() []slog.Attr {
	return attrs(slog.String("op", r.Op), slog.String("queue", r.Queue), slog.Int("attempt", r.Attempt),
		slog.Int("status", r.Status), slog.Duration("took", r.Took), slog.Int("sent", r.Sent),
		slog.Int("received", r.Received), slog.String("request_id", r.RequestID), failure(r.Err))
}

// Retry reports that a request is about to be sent again.
type Retry struct {
	Op, Queue string
	// Attempt is the number of the next request, from 2 on.
	Attempt int
	// Wait is the back-off before it.
	Wait time.Duration
	// Status and Err are the result of the request before.
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

// TokenRenewed reports that a new token replaced an earlier one. There is no event for
// the first token of a client.
type TokenRenewed struct {
	// Project is the id of the token's project, "" if it is not known.
	Project string
	// Expires is when the new token expires, the zero time if that is not known.
	Expires time.Time
	// Refused is true if a server refused the earlier token, false if that was replaced
	// before its end.
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
