package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"unicode/utf16"
)

// value is what a cell holds: JSON, with the digits of its numbers and the order of its
// keys.
type value struct{ raw json.RawMessage }

// valuesOf encodes values as JSON.
func valuesOf(all []any) ([]value, error) {
	values := make([]value, len(all))
	for i, v := range all {
		if raw, ok := v.(json.RawMessage); ok && json.Valid(raw) {
			values[i] = value{raw: bytes.TrimSpace(raw)}
			continue
		}
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(v); err != nil {
			return nil, fmt.Errorf("cannot print a value: %w", err)
		}
		values[i] = value{raw: bytes.TrimSpace(b.Bytes())}
	}
	return values, nil
}

// The kinds of values, in the order in which they are sorted.
const (
	kindNumber = iota
	kindString
	kindBool
	kindContainer
	kindNull
)

func (v value) rank() int {
	switch v.raw[0] {
	case '"':
		return kindString
	case 't', 'f':
		return kindBool
	case '{', '[':
		return kindContainer
	case 'n':
		return kindNull
	}
	return kindNumber
}

// compare compares values of the same kind.
func (v value) compare(w value) int {
	if v.rank() == kindNumber && w.rank() == kindNumber {
		a, okA := new(big.Float).SetString(string(v.raw))
		b, okB := new(big.Float).SetString(string(w.raw))
		if okA && okB {
			return a.Cmp(b)
		}
	}
	return strings.Compare(v.text(), w.text())
}

// text returns the value for people and for scripts: a string without quotes, None, True
// and False as in Python, anything else as JSON in one line.
func (v value) text() string {
	switch v.rank() {
	case kindString:
		var text string
		if json.Unmarshal(v.raw, &text) == nil {
			return text
		}
	case kindNull:
		return "None"
	case kindBool:
		return strings.ToUpper(string(v.raw[:1])) + string(v.raw[1:])
	case kindContainer:
		var b bytes.Buffer
		(&jsonWriter{b: &b, unicode: true}).write(v.raw, 0)
		return b.String()
	}
	return string(v.raw)
}

// jsonWriter writes JSON as Python's json.dumps does.
type jsonWriter struct {
	b *bytes.Buffer
	// indent is the indentation of each level; 0 writes one line.
	indent int
	// unicode writes characters beyond ASCII as they are.
	unicode bool
}

// write writes one valid JSON text.
func (w *jsonWriter) write(raw []byte, depth int) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	w.next(decoder, depth)
}

func (w *jsonWriter) next(decoder *json.Decoder, depth int) {
	token, err := decoder.Token()
	if err != nil {
		return
	}
	switch t := token.(type) {
	case json.Delim:
		w.container(decoder, t, depth)
	case string:
		w.quote(t)
	case json.Number:
		w.b.WriteString(t.String())
	case bool:
		fmt.Fprintf(w.b, "%t", t)
	case nil:
		w.b.WriteString("null")
	}
}

func (w *jsonWriter) container(decoder *json.Decoder, opening json.Delim, depth int) {
	w.b.WriteByte(byte(opening))
	items := 0
	for ; decoder.More(); items++ {
		w.separate(items == 0, depth+1)
		if opening == '{' {
			w.next(decoder, 0) // the key
			w.b.WriteString(": ")
		}
		w.next(decoder, depth+1)
	}
	if closing, err := decoder.Token(); err == nil {
		if items > 0 {
			w.line(depth)
		}
		w.b.WriteByte(byte(closing.(json.Delim)))
	}
}

// separate begins the next item.
func (w *jsonWriter) separate(first bool, depth int) {
	switch {
	case !first && w.indent == 0:
		w.b.WriteString(", ")
	case !first:
		w.b.WriteByte(',')
	}
	w.line(depth)
}

func (w *jsonWriter) line(depth int) {
	if w.indent > 0 {
		w.b.WriteString("\n" + strings.Repeat(" ", depth*w.indent))
	}
}

var jsonEscapes = map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}

func (w *jsonWriter) quote(text string) {
	w.b.WriteByte('"')
	for _, r := range text {
		escape, special := jsonEscapes[r]
		switch {
		case special:
			w.b.WriteString(escape)
		case r >= ' ' && r <= '~', r > 0x9f && w.unicode:
			w.b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(w.b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(w.b, `\u%04x`, r)
		}
	}
	w.b.WriteByte('"')
}

func (o *Options) indent() int {
	if o.NoIndent {
		return 0
	}
	return 2
}

func (o *Options) jsonList(b *bytes.Buffer, columns []string, rows [][]value) {
	w := &jsonWriter{b: b, indent: o.indent()}
	b.WriteByte('[')
	for i, row := range rows {
		w.separate(i == 0, 1)
		w.object(columns, row, 1)
	}
	if len(rows) > 0 {
		w.line(0)
	}
	b.WriteString("]\n")
}

func (o *Options) jsonOne(b *bytes.Buffer, columns []string, values []value) {
	(&jsonWriter{b: b, indent: o.indent()}).object(columns, values, 0)
	b.WriteByte('\n')
}

func (w *jsonWriter) object(columns []string, values []value, depth int) {
	w.b.WriteByte('{')
	for i, v := range values {
		w.separate(i == 0, depth+1)
		w.quote(columns[i])
		w.b.WriteString(": ")
		w.write(v.raw, depth+1)
	}
	if len(values) > 0 {
		w.line(depth)
	}
	w.b.WriteByte('}')
}
