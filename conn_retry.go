package zaqar

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/safehttp"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
)

// course is one call: its attempts so far, and whether another one may follow.
type course struct {
	conn *Conn
	info callInfo
	most int // attempts, without those after a 401

	sent    int  // attempts so far, with those after a 401
	failed  int  // attempts so far that failed
	acted   bool // one of them may have been carried out
	signIns int  // again, after a 401
}

// maxSignIns is how often a call signs in again after a 401. Keystone's credentials stop
// by themselves after as many tokens in a row that were refused, others may not. One is not
// enough: the new token may be revoked too, before it was used, or be refused by a server
// that does not have Keystone's newest key.
const maxSignIns = 4

// limited returns the context of the next attempt. An attempt that can be repeated gets
// the time of WithTimeout, the next one twice that. The last one gets all that is left.
func (c *course) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := c.limit(ctx)
	if limit == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, limit)
}

// limit returns 0 if the next attempt gets all that the context leaves. So it is without
// time for another one that is at least as long.
func (c *course) limit(ctx context.Context) time.Duration {
	again := c.info.repeatable || c.info.duplicable && c.conn.retry.AllowDuplicates
	deadline, ok := ctx.Deadline()
	if !again || !ok || c.conn.timeout <= 0 || c.failed+1 >= c.most {
		return 0
	}
	limit, left := c.conn.timeout, time.Until(deadline)
	for range c.failed {
		if limit > left/2 {
			return 0
		}
		limit *= 2
	}
	if limit > left/2 || c.conn.retry.budget.empty() {
		return 0
	}
	return limit
}

// next reports whether the call is to be sent again after an error, and how long to wait
// before.
func (c *course) next(ctx context.Context, e *Error, timedOut bool) (wait time.Duration, again bool) {
	if c.failed >= c.most || ctx.Err() != nil || !c.info.mayRepeat(e, c.conn.retry.AllowDuplicates) {
		return 0, false
	}
	wait = max(c.conn.retry.waits.Delay(c.failed), e.RetryAfter)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return 0, false
	}
	if c.info.mayNeverHeal(e, wait) && (c.failed > 1 || wait > time.Second) {
		return 0, false
	}
	// An attempt is cut short only because another one follows.
	return wait, c.conn.retry.budget.take() || timedOut
}

// mayRepeat reports whether the same request may succeed later, and may be sent again.
func (c callInfo) mayRepeat(e *Error, allowDuplicates bool) bool {
	switch {
	case !passing(e):
		return false
	case !e.maybeActed:
		return true
	case e.Code == http.StatusInternalServerError:
		return c.reads
	case c.answerTooLong(e):
		return false
	}
	return c.repeatable || c.duplicable && allowDuplicates
}

// answerTooLong reports whether an error most likely means that a proxy has refused the
// answer to a post, so that each attempt is stored.
func (c callInfo) answerTooLong(e *Error) bool {
	return c.manyIDs && e.Code == http.StatusBadGateway
}

// passing reports whether the fault behind an error may be over soon.
func passing(e *Error) bool {
	switch e.Code {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case 0:
	default:
		return false
	}
	if failed, ok := errors.AsType[*transport.Error](e.Err); ok && failed.Final {
		return false
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](e.Err); ok {
		return false
	}
	if safehttp.MistakeOf(e.Err) != 0 { // in how the server is addressed
		return false
	}
	for _, final := range []error{
		auth.ErrRefused, auth.ErrNotCovered, transport.ErrClosed, transport.ErrResponseTooLarge, ErrInvalid,
	} {
		if errors.Is(e.Err, final) {
			return false
		}
	}
	return true
}

// mayNeverHeal reports whether servers may give the same answer after the wait, however
// healthy they are: about statistics (quirk 8), and about a claim that has ended (quirk
// 7). Over the WebSocket it is a 500 (quirk 43).
func (c callInfo) mayNeverHeal(e *Error, wait time.Duration) bool {
	if e.Code != http.StatusServiceUnavailable && e.Code != http.StatusInternalServerError {
		return false
	}
	switch wire.Op(c.op) {
	case wire.QueueStats:
		return true
	case wire.ClaimGet, wire.ClaimUpdate, wire.ClaimDelete:
		return !time.Now().Add(wait).Before(c.claimEnds)
	}
	return false
}

// wait waits before the next attempt. It returns false if ctx ended first.
func (c *course) wait(ctx context.Context, d time.Duration, after *Error) bool {
	c.conn.observer.report(ctx, observe.Retry{
		Op: c.info.op, Queue: c.info.queue, Attempt: c.sent + 1, Wait: d, Status: after.Code, Err: after.Err,
	})
	return backoff.Wait(ctx, d)
}

// note keeps what an attempt that failed has shown.
func (c *course) note(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		c.acted = c.acted || e.maybeActed
	}
	return err
}

// final completes the error of the last attempt with what the earlier ones have shown.
func (c *course) final(e *Error) *Error {
	e.Attempts = c.sent
	e.maybeActed = e.maybeActed || c.acted
	return e
}

// interrupted is final for a call whose context ended while it waited for the next
// attempt.
func (c *course) interrupted(ctx context.Context, e *Error) *Error {
	cause := context.Cause(ctx)
	if e.Err != nil {
		cause = fmt.Errorf("%w (%w)", cause, e.Err)
	}
	e.Err = cause
	return c.final(e)
}

const (
	// retryCost is what a retry takes out of the budget. A call that succeeds puts 1 back,
	// and so does each second.
	retryCost = 10
	refill    = time.Second
)

// budget is the token bucket of a client's retries. While everything fails, it runs dry,
// and requests are no longer repeated.
type budget struct {
	mu   sync.Mutex
	most float64 // in units of which a retry costs retryCost
	left float64
	at   time.Time // when left was computed; zero at first
}

func newBudget(retries int) budget {
	full := float64(retries) * retryCost
	return budget{most: full, left: full}
}

// take takes a retry out of the budget. It returns false if none is left.
func (b *budget) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.growLocked()
	if b.left < retryCost {
		return false
	}
	b.left -= retryCost
	return true
}

// empty reports whether no retry is left.
func (b *budget) empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.growLocked()
	return b.left < retryCost
}

// succeeded notes a call that succeeded.
func (b *budget) succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = min(b.left+1, b.most)
}

func (b *budget) growLocked() {
	now := time.Now()
	if !b.at.IsZero() {
		b.left = min(b.left+float64(now.Sub(b.at))/float64(refill), b.most)
	}
	b.at = now
}
