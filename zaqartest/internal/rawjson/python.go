package rawjson

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Python writes a JSON value as Python's json module does by default: a space after
// each comma and colon, ASCII only, and numbers in Python's notation. The value must
// be valid JSON.
func Python(value json.RawMessage) []byte {
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.UseNumber()
	var out []byte
	token, err := dec.Token()
	if err != nil {
		return value
	}
	return appendPython(out, dec, token)
}

func appendPython(out []byte, dec *json.Decoder, token json.Token) []byte {
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return appendPythonObject(out, dec)
		}
		out = append(out, '[')
		for first := true; dec.More(); first = false {
			if !first {
				out = append(out, ", "...)
			}
			item, _ := dec.Token()
			out = appendPython(out, dec, item)
		}
		_, _ = dec.Token()
		return append(out, ']')
	case string:
		return appendPythonString(out, token)
	case json.Number:
		return append(out, pythonNumber(string(token))...)
	case bool:
		return strconv.AppendBool(out, token)
	}
	return append(out, "null"...)
}

// appendPythonObject keeps the order of the keys. A repeated key keeps its first
// position and its last value.
func appendPythonObject(out []byte, dec *json.Decoder) []byte {
	var keys []string
	values := map[string][]byte{}
	for dec.More() {
		token, _ := dec.Token()
		key, _ := token.(string)
		if _, seen := values[key]; !seen {
			keys = append(keys, key)
		}
		value, _ := dec.Token()
		values[key] = appendPython(nil, dec, value)
	}
	_, _ = dec.Token()
	out = append(out, '{')
	for i, key := range keys {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(appendPythonString(out, key), ": "...)
		out = append(out, values[key]...)
	}
	return append(out, '}')
}

func appendPythonString(out []byte, s string) []byte {
	const short = "\b\f\n\r\t"
	out = append(out, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r < 0x80 && strings.ContainsRune(short, r):
			out = append(out, '\\', "bfnrt"[strings.IndexRune(short, r)])
		case r >= 0x20 && r < 0x7f:
			out = append(out, byte(r))
		case r < 0x10000:
			out = appendEscape(out, r)
		default:
			high, low := utf16.EncodeRune(r)
			out = appendEscape(appendEscape(out, high), low)
		}
	}
	return append(out, '"')
}

func appendEscape(out []byte, r rune) []byte {
	digits := strconv.FormatInt(int64(r), 16)
	return append(append(append(out, '\\', 'u'), "0000"[len(digits):]...), digits...)
}

// pythonNumber writes integers as they are, and other numbers in the shortest form
// that reads back the same.
func pythonNumber(text string) string {
	if integral([]byte(text)) {
		if text == "-0" {
			return "0"
		}
		return text
	}
	f, _ := strconv.ParseFloat(text, 64)
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	scientific := strconv.FormatFloat(f, 'e', -1, 64)
	_, power, _ := strings.Cut(scientific, "e")
	if n, _ := strconv.Atoi(power); n < -4 || n >= 16 {
		return scientific
	}
	plain := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(plain, ".") {
		plain += ".0"
	}
	return plain
}
