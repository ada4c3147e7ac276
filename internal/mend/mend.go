// Package mend reads JSON that contains numbers which JSON does not have.
//
// Servers accept a number like 1e400 and return it as Infinity, which is not JSON
// (quirk 17). One such number must not make a whole page unreadable. So the word is read
// as a marked string, and put back once the rest is decoded. Then only decoding the body
// that contains it fails.
package mend

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
)

// words are what Python writes for numbers that JSON does not have.
var words = [...]string{"-Infinity", "Infinity", "NaN"}

// Unmarshal is json.Unmarshal for answers that can contain such words. In a
// json.RawMessage the word stays as the server wrote it, and in an any it becomes a
// json.Number, such as json.Number("NaN").
func Unmarshal(data []byte, into any) error { return UnmarshalBy(json.Unmarshal, data, into) }

// UnmarshalBy is Unmarshal with a decoder other than json.Unmarshal.
func UnmarshalBy(unmarshal func([]byte, any) error, data []byte, into any) error {
	err := unmarshal(data, into)
	if _, broken := err.(*json.SyntaxError); !broken { //nolint:errorlint // json returns it as it is
		return err
	}
	mark := unusedMark(data)
	mended := marked(data, mark)
	if bytes.Equal(mended, data) {
		return err
	}
	if err := unmarshal(mended, into); err != nil {
		return err
	}
	undo(reflect.ValueOf(into), mark)
	return nil
}

// marked returns JSON in which the words outside of strings are strings with a mark.
func marked(data []byte, mark string) []byte {
	var out bytes.Buffer
	copied := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			for i++; i < len(data) && data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		case '-', 'I', 'N':
			for _, word := range words {
				if bytes.HasPrefix(data[i:], []byte(word)) {
					out.Write(data[copied:i])
					out.WriteString(`"` + mark + word + `"`)
					i += len(word) - 1
					copied = i + 1
					break
				}
			}
		}
	}
	out.Write(data[copied:])
	return out.Bytes()
}

// unusedMark returns a mark with which no string in data begins, so that no text is taken
// for a word. It is short, since data can be full of words.
func unusedMark(data []byte) string {
	for n := 0; ; n++ {
		mark := "?" + strconv.Itoa(n)
		if !bytes.Contains(data, []byte(`"`+mark)) {
			return mark
		}
	}
}

var rawMessage = reflect.TypeFor[json.RawMessage]()

// undo replaces the marked strings in a decoded value by the original words.
func undo(v reflect.Value, mark string) {
	switch {
	case v.Type() == rawMessage:
		if v.CanSet() {
			v.SetBytes(unmarked(v.Bytes(), mark))
		}
		return
	case v.Kind() == reflect.Interface && !v.IsNil() && v.Elem().Kind() == reflect.String && v.CanSet():
		if word, ok := bytes.CutPrefix([]byte(v.Elem().String()), []byte(mark)); ok {
			v.Set(reflect.ValueOf(json.Number(word)))
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			undo(v.Elem(), mark)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				undo(v.Field(i), mark)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			undo(v.Index(i), mark)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem() // an element of a map cannot be set
			value.Set(v.MapIndex(key))
			undo(value, mark)
			v.SetMapIndex(key, value)
		}
	}
}

// unmarked replaces the marked strings in JSON.
func unmarked(body []byte, mark string) []byte {
	for _, word := range words {
		body = bytes.ReplaceAll(body, []byte(`"`+mark+word+`"`), []byte(word))
	}
	return body
}
