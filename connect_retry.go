package zaqar

import (
	"context"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
)

// Retry says how a client repeats requests that failed; see [WithRetry]. The zero value
// has the defaults.
//
// What is repeated depends on the failure and on whether the operation is idempotent:
//
//   - No answer came, or it was 408, 425, 429, 502, 503 or 504: operations are repeated
//     that are idempotent, such as reading, deleting messages, extending a claim and
//     creating a queue. After a 500 only reading is.
//   - Posting, claiming, popping and changing metadata are repeated only if the server
//     cannot have acted: nothing was sent, or the answer was 425 or 429. So is deleting or
//     purging a whole queue, because the second request could delete what others have
//     posted since.
//   - Other answers are never repeated, except after a 401: the client signs in again and
//     sends the request again, up to 4 times, whatever Attempts says.
//   - What may never heal is repeated once at most, and soon: a 503 about statistics or
//     about a claim that has ended (quirks 7 and 8).
//
// The wait before a retry is random, between zero and a bound that doubles from Backoff
// to MaxBackoff. If the answer has a Retry-After, the wait is at least that long; see
// [Error.RetryAfter]. If the context ends before the wait does, the error is returned at
// once.
//
// If the context leaves enough time, an attempt that can be repeated is given up after
// the time set by [WithTimeout], the next one after twice that, and so on. The last one
// gets all that the context leaves, so that a slow answer is still waited for.
//
// A [Consumer], a [Publisher] and a [Subscriber] do not use it: they have their own ways
// to try again.
type Retry struct {
	// Attempts is how often a request is sent at most, the first time included.
	// Defaults to 3.
	Attempts int
	// Backoff bounds the wait before the second attempt. Defaults to 500 ms. The bound
	// doubles with each further one, up to MaxBackoff, which defaults to 10 s.
	Backoff, MaxBackoff time.Duration
	// AllowDuplicates also repeats posts, claims, pops and changes of metadata that the
	// server may have carried out. Messages may then be stored twice, and messages that
	// were claimed or popped by a lost answer are missing until the claim ends, or for
	// ever. A post of more than [DefaultBatchMessages] messages is not repeated after a
	// 502 all the same: a proxy that answers so to a stored post does it each time, see
	// [Queue.Post]. Off by default.
	AllowDuplicates bool
	// Budget is how many retries the client makes in excess of one for ten calls that
	// succeed, so that an outage is not multiplied by its clients. It fills up again by
	// one every ten seconds. Defaults to 100.
	Budget int
}

// WithRetry sets how the client repeats requests that failed. Without it the client
// repeats them as the zero [Retry] does. [Error.Attempts] and observe.Retry tell of the
// retries. It affects all calls over HTTP and the WebSocket, Connect's own included.
func WithRetry(r Retry) ConnectOption { return func(s *settings) { s.retry = r } }

// NoRetry makes the client send each request once, except after a 401. A call then takes
// as long as its context allows, or the time set by [WithTimeout] if that has no
// deadline.
func NoRetry() ConnectOption { return WithRetry(Retry{Attempts: 1}) }

// The defaults of Retry.
const (
	defaultAttempts   = 3
	defaultBackoff    = 500 * time.Millisecond
	defaultMaxBackoff = 10 * time.Second
	defaultBudget     = 100
)

// check finds mistakes, and fills in the defaults.
func (r *Retry) check() error {
	if r.Attempts < 0 || r.Backoff < 0 || r.MaxBackoff < 0 || r.Budget < 0 {
		return &ArgumentError{Op: "connect", Argument: "WithRetry", Rule: "must not have negative values"}
	}
	setDefault(&r.Attempts, defaultAttempts)
	setDefault(&r.Backoff, defaultBackoff)
	setDefault(&r.MaxBackoff, max(defaultMaxBackoff, r.Backoff))
	setDefault(&r.Budget, defaultBudget)
	return nil
}

// retries repeats the requests of a client.
type retries struct {
	Retry  // with its defaults
	waits  backoff.Backoff
	budget budget
}

func newRetries(r Retry) *retries {
	return &retries{
		Retry: r, waits: backoff.Backoff{First: r.Backoff, Most: r.MaxBackoff},
		budget: newBudget(r.Budget),
	}
}

// ownRetries marks the contexts of those who repeat calls by themselves.
type ownRetries struct{}

// sentOnce returns a context whose calls are not repeated, except after a 401. The
// engines use it, which have loops of their own.
func sentOnce(ctx context.Context) context.Context {
	return context.WithValue(ctx, ownRetries{}, true)
}

// attempts returns how often a call with this context may be sent.
func (r *retries) attempts(ctx context.Context) int {
	if ctx.Value(ownRetries{}) != nil {
		return 1
	}
	return r.Attempts
}
