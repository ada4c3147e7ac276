// Package mend lets JSON be read in which a server has put numbers that JSON lacks.
//
// Servers take a number like 1e400 and give it back as Infinity, which is no JSON
// (quirk 17). One such body must not cost the page that it is on: it is read as a
// string with a mark, and put back into the body, where only the decoding of this
// one message meets it.
package mend

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// notNumbers finds strings, to pass over them, and the three words that Python
// writes for numbers that JSON lacks.
var notNumbers = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?Infinity|NaN`)

const mark = `"\u0000not a number: `

var marked = regexp.MustCompile(regexp.QuoteMeta(mark) + `(-?Infinity|NaN)"`)

// Unmarshal is json.Unmarshal for answers that can hold bodies. What it decodes into
// a json.RawMessage may have marks, which [Undo] takes away.
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

// Undo puts the words back.
func Undo(body json.RawMessage) json.RawMessage {
	if !bytes.Contains(body, []byte(mark)) {
		return body
	}
	return marked.ReplaceAll(body, []byte("$1"))
}
