package rawjson

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Marshal encodes a value as JSON, without Go's HTML escapes.
func Marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// AppendText appends a string as JSON.
func AppendText(out []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := Marshal(text) // it never fails: it is a string
			return append(out, quoted...)
		}
	}
	return append(append(append(out, '"'), text...), '"')
}

// Integer reads a JSON integer. As in Zaqar, true and false are integers; 60.0 and
// 6e1 are not.
func Integer(value json.RawMessage) (int64, bool) {
	switch string(value) {
	case "true":
		return 1, true
	case "false":
		return 0, true
	}
	if !integral(value) {
		return 0, false
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	return n, err == nil
}

func integral(number []byte) bool { return !bytes.ContainsAny(number, ".eE") }

// Text reads a JSON string.
func Text(value json.RawMessage) (string, bool) {
	var out *string
	if err := json.Unmarshal(value, &out); err != nil || out == nil {
		return "", false
	}
	return *out, true
}

// Texts reads an array of strings.
func Texts(value json.RawMessage) ([]string, bool) {
	items, err := Array(value)
	if err != nil {
		return nil, false
	}
	out := make([]string, 0, len(items))
	for _, item := range items {
		s, ok := Text(item)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// IsText reports whether a value is a string.
func IsText(value json.RawMessage) bool {
	_, ok := Text(value)
	return ok
}

// IsInteger reports whether a value is an integer and not a boolean.
func IsInteger(value json.RawMessage) bool {
	_, ok := Integer(value)
	return ok && !IsBool(value)
}

// IsArray reports whether a value is an array.
func IsArray(value json.RawMessage) bool {
	_, err := Array(value)
	return err == nil
}

// IsObject reports whether a value is an object.
func IsObject(value json.RawMessage) bool {
	_, err := Object(value)
	return err == nil
}

// IsTexts reports whether a value is an array of strings.
func IsTexts(value json.RawMessage) bool {
	_, ok := Texts(value)
	return ok
}

// IsFalsy reports whether Zaqar uses a default instead of the value.
func IsFalsy(value json.RawMessage) bool {
	switch string(value) {
	case "", "null", "false", "0", "-0", `""`, "[]", "{}":
		return true
	}
	n, err := strconv.ParseFloat(string(value), 64)
	return err == nil && n == 0
}

// IsNull reports whether a value is null or missing.
func IsNull(value json.RawMessage) bool { return value == nil || string(value) == "null" }

// IsBool reports whether a value is true or false.
func IsBool(value json.RawMessage) bool {
	return string(value) == "true" || string(value) == "false"
}

// IsTrue reports whether a value is true.
func IsTrue(value json.RawMessage) bool { return string(value) == "true" }
