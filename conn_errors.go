package zaqar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/transport"
)

// callInfo is what an error says about the call that failed.
type callInfo struct {
	op, queue  string
	repeatable bool
	claimed    bool
	anonymous  bool // sent without credentials: version discovery
}

func (c callInfo) failure(maybeActed bool, err error) *Error {
	return &Error{Op: c.op, Queue: c.queue, Err: err, maybeActed: maybeActed, repeatable: c.repeatable, claimed: c.claimed}
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
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w (%w)", context.Cause(ctx), err)
	}
	return c.failure(maybe, withMistake(err))
}

// refused makes the error of a reply other than 2xx.
func (c callInfo) refused(reply *transport.Response) *Error {
	fault := wire.DecodeFault(reply.Body)
	e := c.failure(acted(reply.Status), mistakeIn(reply))
	e.Code, e.Title, e.Description = reply.Status, fault.Title, fault.Description
	e.RequestID = reply.Header.Get("X-Openstack-Request-Id")
	if reply.Status/100 == 3 && e.Description == "" {
		e.Description = "redirects are not followed" + redirectTarget(reply.Header.Get("Location"))
	}
	return e
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
	return e
}
