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

// unmade is the connection of what this package did not make: of a zero Client or Queue.
// All of its calls fail, so that these do not panic.
var unmade = sync.OnceValue(func() *Conn {
	client, err := Connect(context.Background(), "", WithTransport(noServer{}), WithVersion(V2), WithProject("none"))
	if err != nil {
		return &Conn{version: V2} // never: its arguments are right
	}
	client.conn.unmade = true
	return client.conn
})

// connection returns the client's connection, or unmade.
func (c *Client) connection() *Conn {
	if c == nil || c.conn == nil {
		return unmade()
	}
	return c.conn
}

// connection returns the queue's connection, or unmade.
func (q *Queue) connection() *Conn {
	if q == nil || q.conn == nil {
		return unmade()
	}
	return q.conn
}

// orNone returns q, or a Queue that can do nothing if there is none.
func orNone(q *Queue) *Queue {
	if q == nil {
		return &Queue{}
	}
	return q
}

// notMade is the error of a value that this package did not make.
func notMade(op, what, maker string) error {
	return &ArgumentError{Op: op, Argument: "the " + what, Rule: "is the zero value: make it with " + maker}
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

// call encodes an operation in the API version in use and sends it.
func (c *Conn) call(ctx context.Context, op wire.Op, p wire.Params) (reply, error) {
	return c.request(ctx, op, &wire.Args{More: p})
}

// request is call without a map.
func (c *Conn) request(ctx context.Context, op wire.Op, args *wire.Args) (reply, error) {
	info := callInfo{op: string(op), queue: args.Queue, claimed: args.Claim != "", anonymous: op == wire.Versions}
	info.claimEnds, _ = ctx.Value(claimEnds{}).(time.Time)
	req, err := wire.Encode(wire.Version(c.version), op, args)
	if err != nil {
		if missing, ok := errors.AsType[*wire.Unsupported](err); ok {
			return reply{}, &unsupportedError{cause: missing}
		}
		return reply{}, &ArgumentError{Op: info.op, Argument: "the request", Rule: "cannot be encoded", Err: err}
	}
	if !c.onlyHTTP() {
		wire.AddAction(req, wire.Version(c.version), op, args)
	}
	route, _ := wire.Lookup(wire.Version(c.version), op)
	info.reads, info.route = safeMethod(route.Method), route
	info.repeatable, info.duplicable = req.Repeatable, !route.Sweeps
	info.manyIDs = len(args.Messages) > DefaultBatchMessages && !c.onlySocket()
	req.Lesser = req.Lesser || c.checksums && wire.Summed(op) || op == wire.MessageList && c.unmarked.Load()
	r, err := c.do(ctx, req, &info)
	if r == nil {
		return reply{info: info}, err
	}
	if bad := c.measure(ctx, op, len(args.Messages), reply{Response: r, info: info}); bad != nil && err == nil {
		return reply{Response: r, info: info}, bad
	}
	usual, bad := route.Usual(op, r)
	answer := reply{Response: usual, info: info}
	switch {
	case bad != nil:
		return answer, answer.malformed(bad)
	case usual != r:
		return answer, nil
	}
	return answer, err
}

// takes reports whether the API version in use has a parameter.
func (c *Conn) takes(op wire.Op, param string) bool {
	return wire.Takes(wire.Version(c.version), op, param)
}

// has reports whether the API version in use has an operation.
func (c *Conn) has(op wire.Op) bool { return c.version.Supports(string(op)) }

// unsupported is the error for an operation or a parameter that the API version in
// use lacks.
func (c *Conn) unsupported(op wire.Op, param string) error {
	return &unsupportedError{cause: &wire.Unsupported{Op: op, Version: wire.Version(c.version), Param: param}}
}

// reply is an answer with the call that it answers.
type reply struct {
	*transport.Response
	info callInfo
}

// decode reads the body of an answer. Its error names the operation.
func decode[T any](r reply, read func([]byte) (T, error)) (T, error) {
	value, err := read(r.Body)
	if err != nil {
		var none T
		return none, r.malformed(err)
	}
	return value, nil
}
