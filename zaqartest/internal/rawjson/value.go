package rawjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// marshal writes JSON as others do: without Go's escapes for HTML.
func Marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// object reads a JSON object. Its keys are exact: encoding/json would take "TTL"
// for "ttl" in a struct.
func Object(text []byte) (map[string]json.RawMessage, error) {
	var out map[string]json.RawMessage
	if err := json.Unmarshal(text, &out); err != nil || out == nil {
		return nil, errors.New("an object is expected")
	}
	return out, nil
}

// array reads a JSON array.
func Array(text []byte) ([]json.RawMessage, error) {
	var out []json.RawMessage
	if err := json.Unmarshal(text, &out); err != nil || out == nil {
		return nil, errors.New("an array is expected")
	}
	return out, nil
}

// integer reads a JSON integer. As in Zaqar the two booleans are integers,
// while 60.0 and 6e1 are none.
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

// text reads a JSON string.
func Text(value json.RawMessage) (string, bool) {
	var out *string
	if err := json.Unmarshal(value, &out); err != nil || out == nil {
		return "", false
	}
	return *out, true
}

// texts reads an array of strings.
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

func IsText(value json.RawMessage) bool {
	_, ok := Text(value)
	return ok
}

// isStrictInteger does not take true for 1.
func IsInteger(value json.RawMessage) bool {
	_, ok := Integer(value)
	return ok && !IsBool(value)
}

func IsArray(value json.RawMessage) bool {
	_, err := Array(value)
	return err == nil
}

func IsObject(value json.RawMessage) bool {
	_, err := Object(value)
	return err == nil
}

func IsTexts(value json.RawMessage) bool {
	_, ok := Texts(value)
	return ok
}

// isFalsy tells the values for which Zaqar fills in a default.
func IsFalsy(value json.RawMessage) bool {
	switch string(value) {
	case "", "null", "false", "0", "-0", `""`, "[]", "{}":
		return true
	}
	n, err := strconv.ParseFloat(string(value), 64)
	return err == nil && n == 0
}

func IsNull(value json.RawMessage) bool { return value == nil || string(value) == "null" }

func IsBool(value json.RawMessage) bool {
	return string(value) == "true" || string(value) == "false"
}

func IsTrue(value json.RawMessage) bool { return string(value) == "true" }
