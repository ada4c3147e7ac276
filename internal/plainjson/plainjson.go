// Package plainjson encodes JSON without the escapes that are meant for browsers.
package plainjson

import (
	"bytes"
	"encoding/json"
)

// Marshal encodes JSON without escaping <, > and &. The escapes would make bodies longer
// than the caller counted.
func Marshal(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}
