// Package plainjson encodes JSON without the escapes that are meant for browsers, and
// refuses text that JSON cannot carry.
package plainjson

import (
	"bytes"
	"encoding/json"
	"sync"
)

// Marshal encodes JSON without escaping <, > and &. The escapes would make bodies longer
// than the caller counted. It returns [ErrText] where encoding/json would replace or pass
// on bytes that are not UTF-8. The result shares no memory with the value.
func Marshal(value any) ([]byte, error) {
	if raw, ok := value.(json.RawMessage); ok && isPlain(raw) {
		return bytes.Clone(raw), nil
	}
	e, _ := encoders.Get().(*encoder)
	defer e.giveBack()
	if err := e.json.Encode(value); err != nil {
		return nil, err
	}
	encoded := bytes.TrimSuffix(e.buffer.Bytes(), []byte("\n"))
	if mayHideBrokenText(encoded) && brokenText(value) {
		return nil, ErrText
	}
	return bytes.Clone(encoded), nil
}

// Share is Marshal for whoever is done with the result before the value changes: a
// [json.RawMessage] that needs no change is the result itself.
func Share(value any) ([]byte, error) {
	if raw, ok := value.(json.RawMessage); ok && isPlain(raw) {
		return raw, nil
	}
	return Marshal(value)
}

// encoder is an encoder with its buffer. They are pooled, because a new buffer would grow
// several times for each value.
type encoder struct {
	buffer bytes.Buffer
	json   *json.Encoder
}

var encoders = sync.Pool{New: func() any {
	e := &encoder{}
	e.json = json.NewEncoder(&e.buffer)
	e.json.SetEscapeHTML(false)
	return e
}}

// mostKept is how large a buffer may be that is kept.
const mostKept = 64 << 10

func (e *encoder) giveBack() {
	if e.buffer.Cap() <= mostKept {
		e.buffer.Reset()
		encoders.Put(e)
	}
}
