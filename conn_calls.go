package zaqar

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/internal/plainjson"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/transport"
)

// Get sends a GET. Like the other raw verbs it is for what the library has no method
// for.
//
// A path starts at the service's root and includes the API version, like the hrefs
// that Zaqar returns: "/v2/queues/wot". It may have a query. A body (see [Conn.Post])
// is any value that JSON can encode; a json.RawMessage is sent as it is, and nil
// sends no body. The raw verbs block, fail and retry as [Conn.Do] does: GET and HEAD are
// repeated after a fault, the others only if the server cannot have acted. HTTP only.
func (c *Conn) Get(ctx context.Context, path string) (*transport.Response, error) {
	return c.raw(ctx, http.MethodGet, path, nil)
}

// Head sends a HEAD. Most of Zaqar's resources answer it with 405.
func (c *Conn) Head(ctx context.Context, path string) (*transport.Response, error) {
	return c.raw(ctx, http.MethodHead, path, nil)
}

// Post sends a POST.
func (c *Conn) Post(ctx context.Context, path string, body any) (*transport.Response, error) {
	return c.raw(ctx, http.MethodPost, path, body)
}

// Put sends a PUT.
func (c *Conn) Put(ctx context.Context, path string, body any) (*transport.Response, error) {
	return c.raw(ctx, http.MethodPut, path, body)
}

// Patch sends a PATCH as application/json. A queue's metadata needs another media
// type: use [Metadata], or [Conn.Do] with that Content-Type.
func (c *Conn) Patch(ctx context.Context, path string, body any) (*transport.Response, error) {
	return c.raw(ctx, http.MethodPatch, path, body)
}

// Delete sends a DELETE. It is not taken for idempotent, because "…/messages?pop=5" is not.
// Use [Conn.Do] with Repeatable for one that is.
func (c *Conn) Delete(ctx context.Context, path string) (*transport.Response, error) {
	return c.raw(ctx, http.MethodDelete, path, nil)
}

func (c *Conn) raw(ctx context.Context, method, path string, body any) (*transport.Response, error) {
	req := &transport.Request{Method: method, Path: path}
	if path == "" || path[0] != '/' {
		return nil, &ArgumentError{Op: opName(req), Argument: "path", Rule: `must start with "/", as in "/v2/queues"`}
	}
	if before, _, _ := strings.Cut(path, "?"); wire.Climbs(before) {
		return nil, &ArgumentError{Op: opName(req), Argument: "path", Rule: `must not have a segment "." or "..", which can lead to another path`}
	}
	if body != nil {
		encoded, err := plainjson.Marshal(body)
		if err != nil {
			return nil, &ArgumentError{Op: opName(req), Argument: "body", Rule: "cannot be encoded as JSON", Err: err}
		}
		req.Body = encoded
	}
	return c.Do(ctx, req)
}

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
		wire.AddForms(req, wire.Version(c.version), op, args)
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

// onlySocket reports whether the client has nothing but the WebSocket.
func (c *Conn) onlySocket() bool {
	_, only := c.transport.(*transport.WebSocket)
	return only
}

// onlyHTTP reports whether the client has nothing but HTTP, which does not read the
// WebSocket's form of a request.
func (c *Conn) onlyHTTP() bool {
	_, only := c.transport.(*transport.HTTP)
	return only
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
