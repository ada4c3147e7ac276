package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/transport"
)

// Client manages pools, flavors and topics. It is safe for concurrent use.
type Client struct{ client *zaqar.Client }

// New returns a Client that uses client, which the caller closes. It does no I/O.
func New(client *zaqar.Client) *Client { return &Client{client: client} }

// Health reports the state of the service's stores, pool by pool. It calls
// zaqar.Client.Health.
func (c *Client) Health(ctx context.Context) (zaqar.Health, error) { return c.client.Health(ctx) }

// route is the method and path of an operation. {name} in the path is replaced.
type route struct{ method, path string }

var pools = map[string]route{
	"pool_list":   {http.MethodGet, "/pools"},
	"pool_create": {http.MethodPut, "/pools/{name}"},
	"pool_get":    {http.MethodGet, "/pools/{name}"},
	"pool_update": {http.MethodPatch, "/pools/{name}"},
	"pool_delete": {http.MethodDelete, "/pools/{name}"},
}

// flavors1 are the routes of v1.1. Its PATCH is left out: it refuses everything
// (quirk 39).
var flavors1 = map[string]route{
	"flavor_list":   {http.MethodGet, "/flavors"},
	"flavor_create": {http.MethodPut, "/flavors/{name}"},
	"flavor_get":    {http.MethodGet, "/flavors/{name}"},
	"flavor_delete": {http.MethodDelete, "/flavors/{name}"},
}

var flavors2 = map[string]route{
	"flavor_update": {http.MethodPatch, "/flavors/{name}"},
}

var topics = map[string]route{
	"topic_list":      {http.MethodGet, "/topics"},
	"topic_create":    {http.MethodPut, "/topics/{name}"},
	"topic_get":       {http.MethodGet, "/topics/{name}"},
	"topic_update":    {http.MethodPatch, "/topics/{name}"},
	"topic_delete":    {http.MethodDelete, "/topics/{name}"},
	"topic_get_stats": {http.MethodGet, "/topics/{name}/stats"},
	"topic_purge":     {http.MethodPost, "/topics/{name}/purge"},
}

// routes are the operations of each version of the API.
var routes = map[zaqar.Version]map[string]route{
	zaqar.V1:   merged(pools),
	zaqar.V1_1: merged(pools, flavors1),
	zaqar.V2:   merged(pools, flavors1, flavors2, topics),
}

func merged(tables ...map[string]route) map[string]route {
	all := map[string]route{}
	for _, table := range tables {
		maps.Copy(all, table)
	}
	return all
}

// Operations returns the names of the operations that a version has, sorted. They are the
// names that occur in errors, such as "pool_create".
func Operations(version zaqar.Version) []string { return slices.Sorted(maps.Keys(routes[version])) }

// Supports reports whether a version has an operation. The name is the one that occurs in
// errors, such as "pool_create" or "flavor_update".
func Supports(version zaqar.Version, operation string) bool {
	_, ok := routes[version][operation]
	return ok
}

// request are the arguments of an operation.
type request struct {
	name   string // replaces {name} in the path
	query  url.Values
	body   any
	header http.Header
}

// call sends one operation.
func (c *Client) call(ctx context.Context, op string, r request) (*transport.Response, error) {
	conn := c.client.Conn()
	to, ok := routes[conn.Version()][op]
	if !ok {
		return nil, unsupported(conn.Version(), op, "such operation")
	}
	path := to.path
	if strings.Contains(path, "{name}") {
		if err := checkName(op, r.name); err != nil {
			return nil, err
		}
		path = strings.Replace(path, "{name}", url.PathEscape(r.name), 1)
	}
	req := &transport.Request{
		Op: op, Method: to.method, Path: "/" + conn.Version().String() + path, Query: r.query, Header: r.header,
		Repeatable: to.method != http.MethodPost,
	}
	if r.body != nil {
		body, err := encode(r.body)
		if err != nil {
			return nil, &zaqar.ArgumentError{Op: op, Argument: "the request", Rule: "cannot be encoded as JSON", Err: err}
		}
		req.Body = body
	}
	reply, err := conn.Do(ctx, req)
	if err != nil {
		return reply, err
	}
	return reply, checkSuccess(op, reply)
}

// successes are the statuses of a success, by the last part of the operation's name.
var successes = map[string][]int{
	"list": {http.StatusOK}, "get": {http.StatusOK}, "stats": {http.StatusOK},
	"create": {http.StatusCreated, http.StatusNoContent},
	"update": {http.StatusOK, http.StatusCreated, http.StatusNoContent},
	"delete": {http.StatusNoContent}, "purge": {http.StatusNoContent},
}

// checkSuccess returns an error if a 2xx is not the service's: a proxy that answers in its
// place has carried out nothing.
func checkSuccess(op string, reply *transport.Response) error {
	want := successes[op[strings.LastIndexByte(op, '_')+1:]]
	body := bytes.TrimSpace(reply.Body)
	if slices.Contains(want, reply.Status) && (len(body) == 0 || json.Valid(body)) {
		return nil
	}
	return fmt.Errorf("zaqar: %s: %w (status %d): a proxy may have answered in the service's place", op, zaqar.ErrMalformed, reply.Status)
}

// encode encodes JSON without escaping < and &.
func encode(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSpace(buffer.Bytes()), err
}

// decode decodes an answer. Numbers keep all their digits.
func decode[T any](op string, reply *transport.Response) (T, error) {
	var value T
	decoder := json.NewDecoder(bytes.NewReader(reply.Body))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return value, fmt.Errorf("zaqar: %s: %w (status %d): %w", op, zaqar.ErrMalformed, reply.Status, err)
	}
	return value, nil
}

func unsupported(version zaqar.Version, op, what string) error {
	return fmt.Errorf("zaqar: %s: API %s has no %s: %w", op, version, what, zaqar.ErrUnsupported)
}

// checkName refuses names that would change the path or that the server would cut.
func checkName(op, name string) error {
	if name != "" && len(name) <= 64 && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == '/' || r == 0x7f }) && name != "." && name != ".." {
		return nil
	}
	return &zaqar.ArgumentError{Op: op, Argument: "the name", Rule: fmt.Sprintf("must have 1 to 64 characters, without spaces and slashes; it is %.80q", name)}
}
