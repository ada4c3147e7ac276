package wire

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/zaqar-go/zaqar/internal/plainjson"
	"github.com/zaqar-go/zaqar/transport"
)

// Encode returns the request of an operation in HTTP's form; [AddAction] adds the
// WebSocket's. Its error is an [*Unsupported] if the version does not have the operation
// or a parameter.
func Encode(v Version, op Op, args *Args) (*transport.Request, error) {
	route, err := Lookup(v, op)
	if err != nil {
		return nil, err
	}
	if param := args.unknown(route); param != "" {
		return nil, &Unsupported{Op: op, Version: v, Param: param}
	}
	req := &transport.Request{Op: string(op), Method: route.Method, Repeatable: route.Repeatable}
	root := "/" + v
	if op == Versions {
		root = ""
	}
	if req.Path, err = fill(string(root), route.Path, args); err != nil {
		return nil, err
	}
	req.Query = query(route, args)
	if req.Body, err = body(route, args); err != nil {
		return nil, err
	}
	if req.Body != nil {
		req.Header = headers[route.Type]
	}
	return req, nil
}

// headers are those of requests with a body, by the route's Type. All requests share them.
var headers = map[string]http.Header{
	"":        {"Content-Type": {"application/json"}},
	PatchType: {"Content-Type": {PatchType}},
}

// fill puts parameters into a path. An empty parameter is an error, because the path
// would be that of another resource: DELETE /claims/ does not delete a claim. So is one
// that leads out of its place, see [Climbs]. Every path of an operation is made here.
func fill(root, template string, args *Args) (string, error) {
	var path strings.Builder
	path.Grow(len(root) + len(template) + 64)
	path.WriteString(root)
	for {
		before, rest, found := strings.Cut(template, "{")
		path.WriteString(before)
		if !found {
			return path.String(), nil
		}
		name, after, _ := strings.Cut(rest, "}")
		value := args.text(name)
		if value == "" {
			value, _ = args.More[name].(string)
		}
		if value == "" {
			return "", fmt.Errorf("%s is empty", name)
		}
		if Climbs(value) {
			return "", fmt.Errorf(`%s is %.80q, but "." and ".." lead to another path`, name, value)
		}
		path.WriteString(url.PathEscape(value))
		template = after
	}
}

// query returns the query, nil if there is none.
func query(route *Route, args *Args) url.Values {
	var values url.Values
	if extra, ok := args.More[route.Spread].(url.Values); ok && route.Spread != "" {
		values = maps.Clone(extra)
	}
	for _, name := range route.Query {
		value := args.inQuery(name)
		if value == nil {
			continue
		}
		if values == nil {
			values = url.Values{}
		}
		values[name] = value
	}
	return values
}

// body returns the body, nil if there is none.
func body(route *Route, args *Args) ([]byte, error) {
	switch {
	case args.Messages != nil && route.BodyIs == "messages":
		return appendMessages(make([]byte, 0, sizeOf(args.Messages)), args.Messages), nil
	case args.Messages != nil && slices.Contains(route.Body, "messages"):
		const before, after = `{"messages":`, `}`
		text := append(make([]byte, 0, len(before)+sizeOf(args.Messages)+len(after)), before...)
		return append(appendMessages(text, args.Messages), after...), nil
	case args.Times != nil && slices.Contains(route.Body, "ttl"):
		text := append(make([]byte, 0, 48), `{"grace":`...)
		text = append(strconv.AppendInt(text, args.Times.Grace, 10), `,"ttl":`...)
		return append(strconv.AppendInt(text, args.Times.TTL, 10), '}'), nil
	case route.BodyIs == "" && len(route.Body) == 0:
		return nil, nil
	case route.BodyIs != "":
		value, ok := args.More[route.BodyIs]
		if !ok {
			return nil, nil
		}
		return plainjson.Marshal(value)
	}
	object := map[string]any{}
	for name, value := range args.More {
		if slices.Contains(route.Body, name) {
			object[name] = value
		}
	}
	if len(object) == 0 {
		return nil, nil
	}
	return plainjson.Marshal(object)
}

// sizeOf returns about how long messages are as JSON, and never less.
func sizeOf(messages []Outgoing) int {
	size := len("[]")
	for _, m := range messages {
		size += len(`{"body":,"ttl":,"delay":},`) + 2*len("-9223372036854775808") + len(m.Body)
	}
	return size
}

// appendMessages appends messages as JSON.
func appendMessages(text []byte, messages []Outgoing) []byte {
	text = append(text, '[')
	for i, m := range messages {
		if i > 0 {
			text = append(text, ',')
		}
		text = m.append(text)
	}
	return append(text, ']')
}

// append appends the message as JSON, as encoding/json would write it.
func (m Outgoing) append(text []byte) []byte {
	text = append(append(text, `{"body":`...), orNull(m.Body)...)
	if m.TTL != nil {
		text = strconv.AppendInt(append(text, `,"ttl":`...), *m.TTL, 10)
	}
	if m.Delay != nil {
		text = strconv.AppendInt(append(text, `,"delay":`...), *m.Delay, 10)
	}
	return append(text, '}')
}

func orNull(body json.RawMessage) json.RawMessage {
	if body == nil {
		return json.RawMessage("null")
	}
	return body
}
