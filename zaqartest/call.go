package zaqartest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// call is a request on its way through the server.
type call struct {
	srv    *Server
	ctx    context.Context
	req    *http.Request
	kind   string
	target *target // nil for an unknown path
	route  *route  // nil for a method that the path does not allow
	query  url.Values

	body    []byte
	size    int64 // of the body, according to Content-Length
	whole   bool  // the body was read to its end
	held    int64 // the memory that it holds, in bytes
	readErr error

	client   broker.UUID
	named    bool // the caller sent a Client-ID
	project  string
	roles    []string
	location string // Content-Location, for v1
	messages string // the path of the queue's messages, once it was needed
}

// newCall resolves a request and reads its body.
func (s *Server) newCall(w http.ResponseWriter, r *http.Request) *call {
	c := &call{srv: s, ctx: r.Context(), req: r, kind: "unknown", query: parseQuery(r.URL.RawQuery)}
	if s.isKeystone(r.URL.Path) {
		c.kind = keystoneKind(r.Method, r.URL.Path)
	} else if c.target = s.find(r.URL.Path); c.target != nil {
		if c.route = c.target.row(r.Method, c.query); c.route != nil {
			c.kind = c.route.kind
		}
	}
	if c.wantsWebSocket() {
		c.kind = webSocketKind
	}
	if r.ContentLength != 0 {
		setReadDeadline(w)
		c.readBody()
		if c.whole {
			clearReadDeadline(w)
		}
	}
	return c
}

// readBody reads the body, unless it is too large for every operation. Like Zaqar,
// it ignores a body of unknown length (chunked); Keystone reads that as well.
func (c *call) readBody() {
	c.size = max(0, c.req.ContentLength)
	most := c.srv.options.limits.LargestBody()
	if c.req.ContentLength < 0 && c.srv.isKeystone(c.req.URL.Path) {
		if c.readErr = c.hold(most); c.readErr == nil {
			c.body, c.readErr = io.ReadAll(io.LimitReader(c.req.Body, most))
			c.size = int64(len(c.body))
			c.whole = c.readErr == nil && c.size < most
		}
		return
	}
	if c.size > most && c.size <= 4*most {
		// Read and discard the body. Then the client can finish sending, gets the
		// refusal, and can reuse the connection.
		_, c.readErr = io.Copy(io.Discard, c.req.Body)
		c.whole = c.readErr == nil
		return
	}
	if c.size == 0 || c.size > most {
		return
	}
	if c.readErr = c.hold(c.size); c.readErr != nil {
		return
	}
	if c.size <= usualBody {
		c.body = make([]byte, c.size)
		var n int
		n, c.readErr = io.ReadFull(c.req.Body, c.body)
		if c.body = c.body[:n]; errors.Is(c.readErr, io.EOF) {
			c.readErr = nil // it is short
		}
	} else {
		c.body, c.readErr = io.ReadAll(io.LimitReader(c.req.Body, c.size))
	}
	if c.readErr == nil && int64(len(c.body)) < c.size {
		c.readErr = io.ErrUnexpectedEOF
	}
	c.whole = c.readErr == nil
}

// usualBody is the size of the largest body that gets its memory before it has arrived, in
// bytes. Larger ones get it as they arrive, since a client may send nothing.
const usualBody = 32 << 10

// param returns the value of a {name} in the route's path.
func (c *call) param(name string) string { return c.target.params[name] }

// path returns a path of this call's version.
func (c *call) path(parts ...string) string {
	return "/" + c.target.version.name + "/" + strings.Join(parts, "/")
}

// queuePath returns a path below this call's queue.
func (c *call) queuePath(parts ...string) string {
	return c.path(append([]string{c.collection(), c.param("queue")}, parts...)...)
}

// messagePath returns the path of a message of this call's queue.
func (c *call) messagePath(id string) string {
	if c.messages == "" {
		c.messages = c.queuePath("messages") + "/"
	}
	return c.messages + id
}

// collection returns the first part of the path: queues or topics.
func (c *call) collection() string {
	name, _, _ := strings.Cut(c.target.path[1:], "/")
	return name
}

// document returns the body. It must be a JSON object or array of at most most
// bytes.
func (c *call) document(most int64) ([]byte, error) {
	if c.size > most {
		return nil, invalid("The body is larger than %d bytes.", most)
	}
	if c.size == 0 {
		return nil, invalidBody("Request body can not be empty")
	}
	if c.readErr != nil {
		return nil, invalidBody("The body ended early.")
	}
	if err := rawjson.Check(c.body); err != nil {
		return nil, invalidBody("The request body was refused: %v.", err)
	}
	return c.body, nil
}

// anyDocument returns a body whose size has no bound of its own.
func (c *call) anyDocument() ([]byte, error) {
	return c.document(c.srv.options.limits.LargestBody())
}

// check makes the same checks as Zaqar, in the same order. The first one that fails
// decides.
func (c *call) check() error {
	if err := c.authenticate(); err != nil {
		return err
	}
	if c.target == nil {
		return noRoute()
	}
	for _, step := range []func() error{
		c.checkSignature, c.checkMedia, c.checkClient, c.checkProject, c.checkQueueName, c.checkMethod, c.checkRole,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) checkMedia() error {
	_, announced := c.req.Header["Content-Length"]
	if announced && strings.EqualFold(c.req.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return badRequest("Invalid Content-Type", "Bodies are JSON: send application/json.")
	}
	if quality(c.accept(), jsonType) == 0 {
		return &refusal{
			status: http.StatusNotAcceptable, title: "406 Not Acceptable",
			description: "Only application/json is available. The Accept header must allow it.",
			link: &helpLink{
				Text: "14.1 Accept, Hypertext Transfer Protocol -- HTTP/1.1",
				Href: "http://www.w3.org/Protocols/rfc2616/rfc2616-sec14.html", Rel: "help",
			},
		}
	}
	return nil
}

func (c *call) accept() string { return strings.Join(c.req.Header.Values("Accept"), ",") }

func (c *call) checkClient() error {
	if c.target.version == nil {
		return nil
	}
	values := c.req.Header["Client-Id"]
	if len(values) == 0 {
		if c.target.version.needsClient {
			return badRequest("Missing header value", `The "Client-ID" header is required.`)
		}
		return nil
	}
	if c.client, c.named = broker.ParseUUID(values[0]); !c.named {
		return badRequest("Wrong UUID value", "The Client-ID is not a UUID.")
	}
	return nil
}

// authenticate determines the caller's project and roles. They come from a
// pre-signed URL, which gives no roles and is checked later; else, with Keystone,
// from the token alone; else from the headers.
func (c *call) authenticate() error {
	if c.target == versionsTarget {
		return nil
	}
	if c.signed() {
		c.project = c.req.Header.Get("X-Project-Id")
		return nil
	}
	if c.srv.options.keystone {
		t, ok := c.srv.keystone.token(c.req.Header.Get("X-Auth-Token"))
		if !ok {
			return errUnauthenticated
		}
		c.project, c.roles = t.project.id, t.roles
		return nil
	}
	c.project = c.req.Header.Get("X-Project-Id")
	c.roles = c.srv.options.defaultRoles
	if sent := c.req.Header.Get("X-Roles"); sent != "" {
		c.roles = strings.Split(sent, ",")
	}
	return nil
}

// errUnauthenticated is answered in the form of Keystone's middleware.
var errUnauthenticated = errors.New("a valid token is required")

func (c *call) checkProject() error {
	version := c.target.version
	if version == nil {
		return nil
	}
	_, sent := c.req.Header["X-Project-Id"]
	switch {
	case c.project == "" && sent && !c.srv.options.keystone:
		return badRequest("Empty project header not allowed", "The X-Project-Id header is empty.")
	case c.project == "" && version.needsProject:
		return badRequest("Project-Id Missing", "The request names no project.")
	case strings.ContainsFunc(c.project, unicode.IsControl):
		return badRequest("Invalid queue identification", "The project id is not valid.")
	}
	return nil
}

func (c *call) checkQueueName() error {
	name, has := c.target.params["queue"]
	if has && (!broker.ValidProject(c.project) || !broker.ValidQueueName(name)) {
		return badRequest("Invalid "+strings.TrimSuffix(c.collection(), "s")+" identification",
			"The name of a queue or topic has 1 to 64 letters, digits, underscores, dashes and dots. The id of a project has at most 256 characters.")
	}
	return nil
}

// knownMethods get a 405 where a path does not allow them. Others get a 400.
var knownMethods = []string{
	"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
	"CHECKIN", "CHECKOUT", "REPORT", "UNCHECKIN", "UPDATE", "VERSION-CONTROL",
}

func (c *call) checkMethod() error {
	switch {
	case c.route != nil || c.req.Method == http.MethodOptions:
		return nil
	case !slices.Contains(knownMethods, c.req.Method):
		return badRequest("Bad request", "There is no such method.")
	}
	return &refusal{
		status: http.StatusMethodNotAllowed, title: "405 Method Not Allowed",
		allow: c.target.allow() + ", " + http.MethodOptions,
	}
}

func (c *call) checkRole() error {
	if c.route == nil || c.route.role == "" {
		return nil
	}
	for _, role := range c.roles {
		if strings.EqualFold(strings.TrimSpace(role), c.route.role) {
			return nil
		}
	}
	return &refusal{
		status: http.StatusForbidden, title: "Not authorized",
		description: "You are not authorized to complete this action.",
	}
}
