package wire

import "strings"

// Change is one step of Zaqar's dialect of JSON Patch: add, replace or remove one
// key of a queue's metadata.
type Change struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// Set puts a value under a key, whether it was there or not. A Go nil is JSON's
// null.
func Set(key string, value any) Change {
	if value == nil {
		value = Null{}
	}
	return Change{Op: "add", Path: pointer(key), Value: value}
}

// Remove removes a key. It is refused when the key is neither there nor reserved.
func Remove(key string) Change { return Change{Op: "remove", Path: pointer(key)} }

// pointer escapes a key for a JSON pointer: "~" before "/", or the escapes would
// be escaped.
func pointer(key string) string {
	return "/metadata/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

// Null encodes as null where omitempty would drop a nil.
type Null struct{}

// MarshalJSON returns null.
func (Null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }
