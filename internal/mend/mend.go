// Package mend reads JSON that contains numbers which JSON does not have.
//
// Servers accept a number like 1e400 and return it as Infinity, which is not JSON
// (quirk 17). One such body must not make the whole page unreadable. So the word is read
// as a marked string and then put back into the body. Only decoding that one message
// fails.
package mend

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// notNumbers matches strings, which are skipped, and the three words that Python writes
// for numbers that JSON does not have.
var notNumbers = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?Infinity|NaN`)

const mark = `"\u0000not a number: `

var marked = regexp.MustCompile(regexp.QuoteMeta(mark) + `(-?Infinity|NaN)"`)

// Unmarshal is json.Unmarshal for answers that can contain bodies. A json.RawMessage that
// it decodes may contain marks, which [Undo] removes.
func Unmarshal(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	if _, broken := err.(*json.SyntaxError); !broken { //nolint:errorlint // json returns it as it is
		return err
	}
	mended := notNumbers.ReplaceAllFunc(data, func(token []byte) []byte {
		if token[0] == '"' {
			return token
		}
		return []byte(mark + string(token) + `"`)
	})
	if bytes.Equal(mended, data) {
		return err
	}
	return json.Unmarshal(mended, into)
}

// Undo replaces the marks in a body by the original words.
func Undo(body json.RawMessage) json.RawMessage {
	if !bytes.Contains(body, []byte(mark)) {
		return body
	}
	return marked.ReplaceAll(body, []byte("$1"))
}
