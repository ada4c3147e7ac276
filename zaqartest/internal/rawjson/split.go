package rawjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
)

// The functions of this file split text that [Check] has accepted, or a part of it. They
// do not check it again: a large post would be read three times more. Other text gives
// other values, or an error.

var (
	errNoObject = errors.New("an object is expected")
	errNoArray  = errors.New("an array is expected")
)

// Object reads a JSON object. Its keys are exact: in a struct, encoding/json would
// accept "TTL" for "ttl".
func Object(text []byte) (map[string]json.RawMessage, error) {
	members, err := Members(text)
	if err != nil {
		return nil, err
	}
	out := map[string]json.RawMessage{}
	for key, value := range members {
		out[string(key)] = value
	}
	return out, nil
}

// Members iterates over the members of a JSON object. A key may come twice; then the last
// one counts.
func Members(text []byte) (iter.Seq2[[]byte, json.RawMessage], error) {
	at := spaceEnd(text, 0)
	if at == len(text) || text[at] != '{' {
		return nil, errNoObject
	}
	return func(yield func([]byte, json.RawMessage) bool) {
		for at := spaceEnd(text, at+1); at < len(text) && text[at] == '"'; at = spaceEnd(text, at+1) {
			end := stringEnd(text, at)
			key := unquoted(text[at:end])
			at = spaceEnd(text, end)                  // the colon
			at = spaceEnd(text, min(at+1, len(text))) // the value
			end = valueEnd(text, at)
			if end == at || !yield(key, json.RawMessage(text[at:end:end])) {
				return
			}
			if at = spaceEnd(text, end); at == len(text) || text[at] != ',' {
				return
			}
		}
	}, nil
}

// unquoted returns what a JSON string says.
func unquoted(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 && len(text) >= 2 {
		return text[1 : len(text)-1]
	}
	var out string
	_ = json.Unmarshal(text, &out) // it was checked
	return []byte(out)
}

// Array reads a JSON array.
func Array(text []byte) ([]json.RawMessage, error) {
	at := spaceEnd(text, 0)
	if at == len(text) || text[at] != '[' {
		return nil, errNoArray
	}
	out := []json.RawMessage{}
	for at = spaceEnd(text, at+1); at < len(text) && text[at] != ']'; at = spaceEnd(text, at+1) {
		end := valueEnd(text, at)
		if end == at {
			break
		}
		out = append(out, text[at:end:end])
		if at = spaceEnd(text, end); at == len(text) || text[at] != ',' {
			break
		}
	}
	return out, nil
}

// AppendCompact appends a value without the white space between its parts.
func AppendCompact(out, value []byte) []byte {
	from := 0
	for i := 0; i < len(value); {
		if value[i] == '"' {
			i = stringEnd(value, i)
			continue
		}
		end := spaceEnd(value, i)
		if end == i {
			i++
			continue
		}
		out = append(out, value[from:i]...)
		from, i = end, end
	}
	return append(out, value[from:]...)
}

// spaceEnd returns the end of the white space at i.
func spaceEnd(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r') {
		i++
	}
	return i
}

// valueEnd returns the end of the value that begins at i.
func valueEnd(text []byte, i int) int {
	for depth := 0; i < len(text); {
		switch text[i] {
		case '"':
			i = stringEnd(text, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case ',', ':', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			for i < len(text) && !isDelimiter(text[i]) {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
	return i
}

func isDelimiter(c byte) bool {
	switch c {
	case '"', '{', '[', '}', ']', ',', ':', ' ', '\n', '\t', '\r':
		return true
	}
	return false
}

// stringEnd returns the end of the string that begins at i.
func stringEnd(text []byte, i int) int {
	for from := i + 1; from < len(text); {
		n := bytes.IndexByte(text[from:], '"')
		if n < 0 {
			break
		}
		end := from + n
		backslashes := 0
		for end-backslashes > from && text[end-backslashes-1] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return end + 1
		}
		from = end + 1
	}
	return len(text)
}
