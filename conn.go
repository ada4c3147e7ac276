package zaqar

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/push"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
)

// Conn sends one request and returns its reply. It adds the identity of the client
// (Client-ID, User-Agent), the credentials and a time limit. When the server answers
// 401 it signs in again, a few times at most. It repeats requests after faults that may
// pass, if that does no harm ([WithRetry]). It turns every answer other than 2xx into an [*Error].
//
// Everything a [Client] does goes through its Conn. Use it for what the library has
// no method for; see [Conn.Do] and the raw verbs, such as [Conn.Get]. A Conn is safe
// for concurrent use. [Client.Conn] returns it.
type Conn struct {
	transport transport.Transport
	auth      auth.Authorizer
	endpoint  string
	version   Version
	clientID  string
	headers   http.Header // what a request gets if it lacks it
	timeout   time.Duration
	checksums bool
	limits    wire.Limits // of what an answer may be decoded to
	async     *pool
	observer  *observer
	// unmarked is set once the WebSocket has listed messages without a marker (quirk 48).
	// Then HTTP lists them, if there is HTTP.
	unmarked atomic.Bool
	retry    *retries
	life     *life
	closed   chan struct{} // closed by Client.Close
	closing  sync.Once
	runMu    sync.Mutex
	running  map[stopper]stopKind // what a shutdown stops
	push     *push.Hub
	unmade   bool // see there
}

// end ends the loops over Subscriber.Listen: the client is being closed.
func (c *Conn) end() {
	c.beginEnd()
	c.life.endLoops()
}

// beginEnd makes these loops end, and does not wait for that.
func (c *Conn) beginEnd() { c.closing.Do(func() { close(c.closed) }) }

// Endpoint returns the service's URL without the API version. It is "" when
// [WithTransport] was given without an endpoint.
func (c *Conn) Endpoint() string { return c.endpoint }

// Version returns the API version in use: the one given by [WithVersion] or
// discovered by [Connect].
func (c *Conn) Version() Version { return c.version }

// ClientID returns the UUID that identifies this client to the server. Messages
// posted with it are the client's own; see [Echo].
func (c *Conn) ClientID() string { return c.clientID }

// ProjectID returns the project's id if the credentials know it, else "". It sends
// nothing: Keystone credentials know it after the first call.
func (c *Conn) ProjectID() string {
	if c == nil {
		return ""
	}
	if named, ok := c.auth.(auth.ProjectNamer); ok {
		return named.ProjectID()
	}
	return ""
}

// Do sends one request and returns the reply. It does not change the request. It
// keeps the headers that the request has and adds the missing ones.
//
// An answer other than 2xx is an [*Error]; the reply is returned with it, for its
// header and body. There is one exception: the 300 with which a server lists its
// versions at "/" is neither a redirect nor an error.
//
// Do blocks until the reply has arrived. If ctx has no deadline, it gives up after
// the time set by [WithTimeout]. Do repeats a request as [WithRetry] says. It repeats one
// that may have been carried out only if that does no harm: a GET, a HEAD, or a request
// whose Repeatable is true. It takes no other method for idempotent, because Zaqar has a
// DELETE that pops messages. After a 401, which refuses the request, it signs in again
// and sends the request again: up to 4 times, for as long as [auth.Invalidator] says that
// another token may help. Keystone's says so once at once, and then after 1, 2 and 4
// seconds, if each new token is refused too.
func (c *Conn) Do(ctx context.Context, req *transport.Request) (*transport.Response, error) {
	if req == nil {
		return nil, &ArgumentError{Op: "request", Argument: "the request", Rule: "is nil"}
	}
	reads := safeMethod(req.Method)
	return c.do(ctx, req, &callInfo{op: opName(req), repeatable: reads || req.Repeatable, reads: reads})
}

// do sends a request, and again as info allows. It notes in info how often.
func (c *Conn) do(ctx context.Context, req *transport.Request, info *callInfo) (*transport.Response, error) {
	if c == nil || c.life == nil || c.unmade {
		return nil, notMade(info.op, "Client", "Connect")
	}
	ctx, number, err := c.life.enter(ctx)
	if err != nil {
		return nil, info.failure(false, err)
	}
	defer c.life.leave(number)
	if _, limited := ctx.Deadline(); !limited && c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	course := &course{conn: c, info: *info, most: c.retry.attempts(ctx)}
	defer func() { info.attempts = course.sent }()
	for {
		reply, timedOut, err := course.attempt(ctx, req)
		if err == nil {
			c.retry.budget.succeeded()
			return reply, nil
		}
		failed, ok := errors.AsType[*Error](err)
		if !ok {
			return nil, err
		}
		wait, again := course.next(ctx, failed, timedOut)
		if !again {
			return reply, course.final(failed)
		}
		if !course.wait(ctx, wait, failed) {
			return reply, course.interrupted(ctx, failed)
		}
	}
}

// attempt sends the request, and again after a 401. timedOut reports whether it was given
// up to leave time for the next attempt.
func (c *course) attempt(ctx context.Context, req *transport.Request) (reply *transport.Response, timedOut bool, err error) {
	limited, cancel := c.limited(ctx)
	defer cancel()
	conn, info := c.conn, c.info
	defer func() {
		if err != nil {
			c.failed++
			timedOut = limited.Err() != nil && ctx.Err() == nil
		}
	}()
	for {
		c.sent++
		sent, err := conn.prepare(limited, req, info)
		if err != nil {
			return nil, false, info.failure(false, err)
		}
		reply, err := conn.exchange(limited, sent, info, c.sent)
		if err != nil {
			return nil, false, c.note(info.unanswered(limited, err))
		}
		if reply.Status == http.StatusUnauthorized && c.signIns < maxSignIns && conn.dropToken(sent.Headers()) {
			c.signIns++
			conn.observer.report(ctx, observe.Retry{Op: info.op, Queue: info.queue, Attempt: c.sent + 1, Status: reply.Status})
			continue
		}
		if reply.Status/100 == 2 || reply.Status == http.StatusMultipleChoices && req.Path == "/" {
			return reply, false, nil
		}
		return reply, false, c.note(conn.explain(info.refused(reply)))
	}
}

// prepare returns a copy of req with the headers that it lacks, sealed.
func (c *Conn) prepare(ctx context.Context, req *transport.Request, info callInfo) (*transport.Request, error) {
	sent := *req
	sent.Header = req.Headers()
	if !info.anonymous {
		if err := c.allows(req); err != nil {
			return nil, err
		}
		if err := c.auth.Authorize(ctx, sent.Header); err != nil {
			return nil, err
		}
		c.observer.tokenSent(ctx, sent.Header, c.auth)
	}
	for name, values := range c.headers {
		if sent.Header.Get(name) == "" && (name != contentType || sent.Body != nil) {
			sent.Header[name] = values
		}
	}
	return sent.Sealed(), nil
}

// allows asks credentials that are restricted to some calls. The server itself would
// refuse with a 404 that explains nothing.
func (c *Conn) allows(req *transport.Request) error {
	restrictor, ok := c.auth.(auth.Restrictor)
	if !ok {
		return nil
	}
	path, _, _ := strings.Cut(req.Path, "?")
	return restrictor.Allows(req.Method, path)
}

// exchange sends one request and reports its outcome to the observer.
func (c *Conn) exchange(ctx context.Context, req *transport.Request, info callInfo, attempt int) (*transport.Response, error) {
	if !c.observer.enabled() {
		return c.transport.Do(ctx, req)
	}
	seen := observe.Request{Op: info.op, Queue: info.queue, Attempt: attempt, Started: time.Now(), Sent: len(req.Body)}
	ctx = c.observer.requestStarts(ctx, seen)
	reply, err := c.transport.Do(ctx, req)
	seen.Took, seen.Err = time.Since(seen.Started), err
	if reply != nil {
		seen.Status, seen.Received = reply.Status, len(reply.Body)
		seen.RequestID = reply.Header.Get("X-Openstack-Request-Id")
	}
	c.observer.report(ctx, seen)
	return reply, err
}

const contentType = "Content-Type"

// headersOf returns the headers of every request of a client.
func headersOf(clientID, userAgent string) http.Header {
	return http.Header{
		"Client-Id": {clientID}, "User-Agent": {userAgent}, "Accept": {"application/json"}, contentType: {"application/json"},
	}
}

// dropToken discards the refused token and reports whether signing in again may help.
func (c *Conn) dropToken(refused http.Header) bool {
	invalidator, ok := c.auth.(auth.Invalidator)
	if !ok || !invalidator.Invalidate(refused) {
		return false
	}
	c.observer.tokenRefused(refused)
	return true
}

func opName(req *transport.Request) string {
	if req.Op != "" {
		return req.Op
	}
	path, _, _ := strings.Cut(req.Path, "?")
	return req.Method + " " + path
}

// safeMethod reports whether requests with this method only read.
func safeMethod(method string) bool { return method == http.MethodGet || method == http.MethodHead }
