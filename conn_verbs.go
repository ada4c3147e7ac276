package zaqar

import (
	"context"
	"net/http"
	"strings"

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
