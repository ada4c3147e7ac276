// Package plainjson encodes JSON as it is meant for Zaqar rather than for a browser.
package plainjson

import (
	"bytes"
	"encoding/json"
)

// Marshal encodes JSON without escaping <, > and &, which would make bodies longer
// than what the caller counted.
func Marshal(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}
