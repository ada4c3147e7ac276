package wire

import "strings"

// Change is one step of Zaqar's form of JSON Patch: it adds, replaces or removes one key
// of a queue's metadata.
type Change struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// Set sets a key to a value, whether the key exists or not. A Go nil is JSON's null.
func Set(key string, value any) Change {
	if value == nil {
		value = Null{}
	}
	return Change{Op: "add", Path: pointer(key), Value: value}
}

// Remove removes a key. The server refuses it if the key neither exists nor is reserved.
func Remove(key string) Change { return Change{Op: "remove", Path: pointer(key)} }

// pointer escapes a key for a JSON pointer.
func pointer(key string) string {
	return "/metadata/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

// Null encodes as null. A nil would be dropped by omitempty.
type Null struct{}

// MarshalJSON returns null.
func (Null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }
