// Package plainjson encodes JSON without the escapes that are meant for browsers, and
// refuses text that JSON cannot carry.
package plainjson

import (
	"bytes"
	"encoding/json"
)

// Marshal encodes JSON without escaping <, > and &. The escapes would make bodies longer
// than the caller counted. It returns [ErrText] where encoding/json would replace or pass
// on bytes that are not UTF-8.
func Marshal(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	encoded := bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
	if mayHideBrokenText(encoded) && brokenText(value) {
		return nil, ErrText
	}
	return encoded, nil
}
