package plainjson

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// isPlain reports whether Marshal would leave JSON as it is: it is JSON, it is UTF-8, and
// it has no space between its parts.
func isPlain(raw json.RawMessage) bool {
	return utf8.Valid(raw) && json.Valid(raw) && !hasSpace(raw)
}

// hasSpace reports whether there is space between the parts of a JSON text.
func hasSpace(text []byte) bool {
	for len(text) > 0 {
		at := bytes.IndexByte(text, '"')
		if at < 0 {
			at = len(text)
		}
		if bytes.ContainsAny(text[:at], " \t\r\n") {
			return true
		}
		text = text[at:]
		if len(text) > 0 {
			text = text[closing(text)+1:]
		}
	}
	return false
}

// closing returns the index of the quote that ends the string which the text begins with.
func closing(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text) - 1
}
