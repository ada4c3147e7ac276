// Package plainjson encodes JSON as it is meant for Zaqar rather than for a browser,
// and refuses text that JSON cannot carry.
package plainjson

import (
	"bytes"
	"encoding/json"
)

// Marshal encodes JSON without escaping <, > and &, which would make bodies longer
// than what the caller counted. It returns [ErrText] for text that is not UTF-8,
// which encoding/json would replace by U+FFFD or pass on as it is.
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
