package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// Edit is one operation of a patch.
type Edit struct {
	op, key string
	value   json.RawMessage
}

// errMissingKey is the error for replacing or removing a key that is neither set nor
// reserved.
var errMissingKey = errors.New("there is no such key")

// ParsePatch reads Zaqar's dialect of JSON patch: add, replace and remove one key of
// the metadata.
func ParsePatch(document []byte) ([]Edit, error) {
	items, err := rawjson.Array(document)
	if err != nil {
		return nil, errors.New("a patch is an array of operations")
	}
	edits := make([]Edit, 0, len(items))
	for i, item := range items {
		e, err := parseEdit(item)
		if err != nil {
			return nil, fmt.Errorf("operation %d of the patch: %w", i, err)
		}
		edits = append(edits, e)
	}
	return edits, nil
}

func parseEdit(item json.RawMessage) (Edit, error) {
	fields, err := rawjson.Object(item)
	if err != nil {
		return Edit{}, err
	}
	var e Edit
	e.op, _ = rawjson.Text(fields["op"])
	path, isText := rawjson.Text(fields["path"])
	var hasValue bool
	e.value, hasValue = fields["value"]
	switch {
	case e.op != "add" && e.op != "replace" && e.op != "remove":
		return e, errors.New("op must be add, replace or remove")
	case !isText || !strings.HasPrefix(path, "/"):
		return e, errors.New("path must be a string that begins with a slash")
	case !hasValue && e.op != "remove":
		return e, errors.New("value is missing")
	}
	parts := strings.Split(path[1:], "/")
	// A real Zaqar ignores the first part of the path in a remove.
	if len(parts) != 2 || e.op != "remove" && parts[0] != "metadata" {
		return e, errors.New("path must be /metadata/ and one key")
	}
	e.key, err = unescapePointer(parts[1])
	return e, err
}

// unescapePointer reads one part of a JSON pointer.
func unescapePointer(part string) (string, error) {
	rest := strings.NewReplacer("~0", "", "~1", "").Replace(part)
	switch {
	case part == "":
		return "", errors.New("path names no key")
	case strings.Contains(rest, "~"):
		return "", errors.New("path has a ~ that is neither ~0 nor ~1")
	}
	return strings.NewReplacer("~0", "~", "~1", "/").Replace(part), nil
}

// Patched applies edits in order. If one fails, none is applied.
func (m Metadata) Patched(edits []Edit, l Limits) (Metadata, error) {
	out := maps.Clone(m)
	if out == nil {
		out = Metadata{}
	}
	reserved := l.reserved()
	for _, e := range edits {
		_, set := out[e.key]
		_, known := reserved[e.key]
		if e.op != "add" && !set && !known {
			return nil, fmt.Errorf("%s %q: %w", e.op, e.key, errMissingKey)
		}
		if e.op == "remove" {
			delete(out, e.key)
		} else {
			out[e.key] = e.value
		}
	}
	return out, nil
}
