// Package rawjson reads JSON values that the server stores and returns as they were
// sent, with the types that Zaqar, a Python program, sees in them.
package rawjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxNesting bounds how deep arrays and objects are nested.
const maxNesting = 900

// Check refuses the request bodies that Zaqar refuses: text that is not UTF-8 or not
// JSON, integers beyond 64 bits, unpaired surrogates, and arrays or objects nested
// too deep. Every value of an accepted body can be stored and returned unchanged.
func Check(text []byte) error {
	switch trimmed := bytes.TrimLeft(text, " \t\r\n"); {
	case !utf8.Valid(text):
		return errors.New("the body is not UTF-8")
	case !json.Valid(text):
		return errors.New("the body is not JSON")
	case trimmed[0] != '{' && trimmed[0] != '[':
		return errors.New("the body is neither an object nor an array")
	}
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '{' || c == '[':
			depth++
			if depth > maxNesting {
				return fmt.Errorf("the body is nested more than %d deep", maxNesting)
			}
		case c == '}' || c == ']':
			depth--
		case c == '"':
			end := stringEnd(text, i)
			if !wholeRunes(text[i:end]) {
				return errors.New("a string of the body has half of a surrogate pair")
			}
			i = end - 1
		case c == '-' || '0' <= c && c <= '9':
			end := numberEnd(text, i)
			if number := text[i:end]; integral(number) {
				if _, err := strconv.ParseInt(string(number), 10, 64); err != nil {
					return errors.New("the body has an integer that is too large")
				}
			}
			i = end - 1
		}
	}
	return nil
}

func numberEnd(text []byte, i int) int {
	for i < len(text) && !isDelimiter(text[i]) {
		i++
	}
	return i
}

// wholeRunes reports whether each surrogate in a JSON string that is written as a \u
// escape has its other half.
func wholeRunes(text []byte) bool {
	if bytes.IndexByte(text, '\\') < 0 {
		return true
	}
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++
		if text[i] != 'u' {
			continue
		}
		first := escaped(text[i:])
		i += 4
		if !utf16.IsSurrogate(first) {
			continue
		}
		if i+2 >= len(text) || text[i+1] != '\\' || text[i+2] != 'u' {
			return false
		}
		if utf16.DecodeRune(first, escaped(text[i+2:])) == utf8.RuneError {
			return false
		}
		i += 6
	}
	return true
}

// escaped reads a \u escape, from its u on.
func escaped(text []byte) rune {
	n, _ := strconv.ParseUint(string(text[1:5]), 16, 16) // the JSON is valid
	return rune(n)
}
