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

// Encode returns the request of an operation in the form that HTTP needs, with the query
// in Path; [AddForms] adds what other transports read. Its error is an [*Unsupported] if
// the version does not have the operation or a parameter.
func Encode(v Version, op Op, args *Args) (*transport.Request, error) {
	route, err := Lookup(v, op)
	if err != nil {
		return nil, err
	}
	if param := args.unknown(route); param != "" {
		return nil, &Unsupported{Op: op, Version: v, Param: param}
	}
	req := &transport.Request{Op: string(op), Method: route.Method, Repeatable: route.Repeatable}
	var target strings.Builder
	target.Grow(256)
	if op != Versions {
		target.WriteByte('/')
		target.WriteString(string(v))
	}
	if err := args.addPath(&target, route.Path); err != nil {
		return nil, err
	}
	args.addQuery(&target, route)
	req.Path = target.String()
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

// AddForms adds to a request the forms in which transports other than HTTP may read it:
// the query apart from the path, and the WebSocket's action with its parameters.
func AddForms(req *transport.Request, v Version, op Op, args *Args) {
	path, query, _ := strings.Cut(req.Path, "?")
	req.Path = path
	req.Query, _ = url.ParseQuery(query) // it is encoded here
	if route, err := Lookup(v, op); err == nil {
		req.Action = route.Action
	}
	addAction(req, op, args.params())
}

// addPath writes a path with its parameters. An empty parameter is an error, because the
// path would be that of another resource: DELETE /claims/ does not delete a claim. So is
// one that leads out of its place, see [Climbs]. Every path of an operation is made here.
func (a *Args) addPath(target *strings.Builder, template string) error {
	for {
		before, rest, found := strings.Cut(template, "{")
		target.WriteString(before)
		if !found {
			return nil
		}
		name, after, _ := strings.Cut(rest, "}")
		value := a.text(name)
		if value == "" {
			value, _ = a.More[name].(string)
		}
		if value == "" {
			return fmt.Errorf("%s is empty", name)
		}
		if Climbs(value) {
			return fmt.Errorf(`%s is %.80q, but "." and ".." lead to another path`, name, value)
		}
		target.WriteString(url.PathEscape(value))
		template = after
	}
}

// addQuery writes the parameters that are in the query. A list is repeated, not joined:
// servers do not split at an escaped comma (quirk 29).
func (a *Args) addQuery(target *strings.Builder, route *Route) {
	separator := byte('?')
	add := func(name, value string) {
		target.WriteByte(separator)
		target.WriteString(url.QueryEscape(name))
		target.WriteByte('=')
		target.WriteString(url.QueryEscape(value))
		separator = '&'
	}
	for _, name := range route.Query {
		if text := a.text(name); text != "" {
			add(name, text)
		}
		for _, value := range a.list(name) {
			add(name, value)
		}
		switch value := a.More[name].(type) {
		case nil:
		case string:
			add(name, value)
		default:
			add(name, fmt.Sprint(value))
		}
	}
	if extra, ok := a.More[route.Spread].(url.Values); ok && route.Spread != "" {
		for _, name := range slices.Sorted(maps.Keys(extra)) {
			if _, given := a.More[name]; given && slices.Contains(route.Query, name) {
				continue
			}
			for _, value := range extra[name] {
				add(name, value)
			}
		}
	}
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
