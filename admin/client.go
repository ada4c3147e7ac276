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

// Client does what an operator does. It is safe for concurrent use.
type Client struct{ client *zaqar.Client }

// New returns an operator's view of a client, which it does not close.
func New(client *zaqar.Client) *Client { return &Client{client: client} }

// Health asks how the stores behind the service are, pool by pool: it is
// zaqar.Client.Health.
func (c *Client) Health(ctx context.Context) (zaqar.Health, error) { return c.client.Health(ctx) }

// route is how an operation looks on the wire. {name} in a path is filled in.
type route struct{ method, path string }

var pools = map[string]route{
	"pool_list":   {http.MethodGet, "/pools"},
	"pool_create": {http.MethodPut, "/pools/{name}"},
	"pool_get":    {http.MethodGet, "/pools/{name}"},
	"pool_update": {http.MethodPatch, "/pools/{name}"},
	"pool_delete": {http.MethodDelete, "/pools/{name}"},
}

// flavors1 is v1.1's: it has a PATCH, too, which refuses everything (quirk 39).
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

// routes are what the versions of the API have.
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

// Operations are the operations that a version has, by the names that errors give them.
func Operations(version zaqar.Version) []string { return slices.Sorted(maps.Keys(routes[version])) }

// Supports reports whether a version has an operation, by the name that errors give it:
// "pool_create", "flavor_update", ….
func Supports(version zaqar.Version, operation string) bool {
	_, ok := routes[version][operation]
	return ok
}

// request is what a call has beside its operation.
type request struct {
	name   string // fills the path
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
	}
	if r.body != nil {
		body, err := encode(r.body)
		if err != nil {
			return nil, &zaqar.ArgumentError{Op: op, Argument: "the request", Rule: "cannot be encoded as JSON", Err: err}
		}
		req.Body = body
	}
	return conn.Do(ctx, req)
}

// encode leaves < and & as they are.
func encode(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSpace(buffer.Bytes()), err
}

// decode reads an answer, with all digits of its numbers.
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

// checkName refuses what would make another path, or be cut off unseen.
func checkName(op, name string) error {
	if name != "" && len(name) <= 64 && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == '/' || r == 0x7f }) && name != "." && name != ".." {
		return nil
	}
	return &zaqar.ArgumentError{Op: op, Argument: "the name", Rule: fmt.Sprintf("must have 1 to 64 characters without spaces and slashes; it is %.80q", name)}
}
