package zaqar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/transport"
)

// callInfo is what an error says about the call that failed.
type callInfo struct {
	op, queue  string
	repeatable bool // sending it twice does no harm
	duplicable bool // sending it twice does no more harm than duplicates
	manyIDs    bool // a post whose answer a proxy may refuse, which does that again (quirk 46)
	reads      bool
	claimed    bool
	claimEnds  time.Time   // when the claim ends that the call is about
	route      *wire.Route // nil for a raw call
	anonymous  bool        // sent without credentials: version discovery
	attempts   int         // how often the call was sent, once it has its answer
}

func (c callInfo) failure(maybeActed bool, err error) *Error {
	e := &Error{Op: c.op, Queue: c.queue, Err: err, Attempts: max(c.attempts, 1), maybeActed: maybeActed, repeatable: c.repeatable, claimed: c.claimed}
	if asks, ok := errors.AsType[waiter](err); ok {
		e.RetryAfter = min(asks.RetryAfter(), backoff.MaxRetryAfter)
	}
	return e
}

// askedToWait returns how long the server asked to wait, for the loops of the engines.
func askedToWait(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// waiter is an error about an answer with a Retry-After: of Keystone, or to the
// handshake of a WebSocket.
type waiter interface {
	error
	RetryAfter() time.Duration
}

// unanswered makes the error of a request without a reply.
func (c callInfo) unanswered(ctx context.Context, err error) error {
	if errors.Is(err, transport.ErrNoAction) {
		return fmt.Errorf("zaqar: %s: %w: %w", c.op, ErrUnsupported, err)
	}
	maybe := true
	if te, ok := errors.AsType[*transport.Error](err); ok {
		maybe = te.MaybeSent
	}
	// Some network errors hide that the caller gave up.
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w (%w)", cause, err)
	}
	return c.failure(maybe, withMistake(err))
}

// refused makes the error of a reply other than 2xx.
func (c callInfo) refused(reply *transport.Response) *Error {
	told := wire.DecodeFault(reply.Body)
	e := c.failure(acted(reply.Status), mistakeIn(reply))
	e.Code, e.Title, e.Description = reply.Status, told.Title, told.Description
	e.RetryAfter = backoff.RetryAfter(reply.Header, time.Now())
	e.RequestID = reply.Header.Get("X-Openstack-Request-Id")
	if e.foreign = refusals[reply.Status] && !c.genuine(reply); e.foreign && e.Err == nil {
		e.Err = fault.Foreign
	}
	if reply.Status/100 == 3 && e.Description == "" {
		e.Description = "redirects are not followed" + redirectTarget(reply.Header.Get("Location"))
	}
	return e
}

// refusals are the statuses that say something about a queue, a message or a claim, if they
// are Zaqar's. With all others it does not matter who answers.
var refusals = map[int]bool{
	http.StatusBadRequest: true, http.StatusForbidden: true, http.StatusNotFound: true, http.StatusConflict: true,
}

// genuine reports whether a refusal can be Zaqar's. What a raw call asks for is not known,
// nor what the answer has to look like, so there only a 404 that is a page is not.
func (c callInfo) genuine(reply *transport.Response) bool {
	if c.route != nil {
		return c.route.Refuses(reply)
	}
	return reply.Status != http.StatusNotFound || reply.Dialect == transport.Frames || wire.IsZaqars(reply.Body)
}

// redirectTarget returns where a redirect leads, without the path and the query: a
// query can hold a signature.
func redirectTarget(location string) string {
	u, err := url.Parse(location)
	if err != nil || u.Host == "" {
		return ""
	}
	return " (it leads to " + u.Scheme + "://" + u.Host + ")"
}

// errSignedURL explains a 404 without a description: servers answer nothing else when
// they refuse a signed URL.
var errSignedURL = errors.New("the server may have refused the signed URL: it must be signed with the server's key for this call and project, and not be expired by the server's clock")

// explain adds the likely cause to a refusal without a description.
func (c *Conn) explain(e *Error) *Error {
	if _, restricted := c.auth.(auth.Restrictor); restricted && e.Code == http.StatusNotFound && e.Description == "" {
		e.Err = errSignedURL
	}
	return e
}

// malformed makes the error of an answer that cannot be understood.
func (r reply) malformed(err error) error {
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		err = fmt.Errorf("it is not JSON: %w", err)
	}
	e := r.info.failure(true, fmt.Errorf("%w (status %d, body length %d): %w", ErrMalformed, r.Status, len(r.Body), err))
	e.RequestID = r.Header.Get("X-Openstack-Request-Id")
	e.RetryAfter = backoff.RetryAfter(r.Header, time.Now())
	return e
}
