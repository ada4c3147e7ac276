package consume

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/process"
)

// The exit statuses of a process that mean more than failure, from sysexits.h.
const (
	statusPermanent = 65 // EX_DATAERR
	statusLater     = 75 // EX_TEMPFAIL
)

// Exec is a handler that runs a process for each message.
type Exec struct {
	Command *process.Command
	// Timeout is the limit of an attempt. The consumer keeps it; here it is only named.
	Timeout time.Duration
	// RetryAfter is the wait after exit status 75.
	RetryAfter time.Duration
	// AsJSON passes texts on as JSON, in quotes.
	AsJSON bool
	// Log prints a line for the user.
	Log func(format string, values ...any)
}

// Handle runs a process and decides by its exit status what happens to the message.
func (e *Exec) Handle(ctx context.Context, m *zaqar.Message) error {
	attempt := zaqar.Attempt(ctx)
	result, err := e.Command.Run(ctx, bodyFor(m.Body(), e.AsJSON), environment(m, attempt)...)
	if err != nil {
		// The next message would fare the same.
		return fatal(fmt.Errorf("cannot run %s: %w", e.Command.Args[0], err))
	}
	cause := result.Ended
	switch {
	case result.Code == 0:
		return nil
	case result.Code == statusLater:
		return &laterError{zaqar.RetryAfter(e.RetryAfter, nil)}
	case errors.Is(cause, zaqar.ErrStopped):
		return errors.New(result.String())
	case errors.Is(cause, zaqar.ErrClaimLost):
		e.Log("message %s: its claim was lost, so the process was ended", m.ID())
		return cause
	case errors.Is(cause, context.DeadlineExceeded) && result.Code != statusPermanent:
		result.State = fmt.Sprintf("it took longer than %v (%s)", e.Timeout, result.State)
	}
	failure := errors.New(result.String())
	if result.Code == statusPermanent {
		e.Log("message %s: attempt %d failed permanently: %v", m.ID(), attempt, failure)
		return zaqar.Permanent(failure)
	}
	e.Log("message %s: attempt %d failed: %v", m.ID(), attempt, failure)
	return failure
}

// environment describes a message to a process.
func environment(m *zaqar.Message, attempt int) []string {
	seconds := func(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }
	return []string{
		"ZAQAR_QUEUE=" + m.Queue().Name(),
		"ZAQAR_MESSAGE_ID=" + m.ID(),
		"ZAQAR_CLAIM_ID=" + m.ClaimID(),
		"ZAQAR_ATTEMPT=" + strconv.Itoa(attempt),
		"ZAQAR_AGE=" + seconds(m.Age()),
		"ZAQAR_TTL=" + seconds(m.TTL()),
		"ZAQAR_BODY_TYPE=" + bodyType(m.Body()),
	}
}

// bodyFor returns the body as a process or a reader gets it: the text of a JSON string,
// and anything else as JSON.
func bodyFor(body json.RawMessage, asJSON bool) []byte {
	var text string
	if asJSON || json.Unmarshal(body, &text) != nil || bodyType(body) != "string" {
		return body
	}
	return []byte(text)
}

// bodyType names the JSON type of a body.
func bodyType(body json.RawMessage) string {
	if len(body) == 0 {
		return "null"
	}
	switch body[0] {
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "array"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

// laterError puts a message off, so that a run need not wait for it.
type laterError struct{ error }

func (e *laterError) Unwrap() error { return e.error }

// fatalError ends the run. Its message is given back.
type fatalError struct {
	error // means "not now"
	cause error
}

func (e *fatalError) Unwrap() error { return e.error }

// fatal returns the error of a handler that cannot handle any message.
func fatal(cause error) error { return &fatalError{error: notNow(), cause: cause} }
