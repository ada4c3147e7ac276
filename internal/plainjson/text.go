package plainjson

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"unicode/utf8"
	"unsafe"
)

// ErrText says that a value holds text that is not valid UTF-8.
var ErrText = errors.New("it holds text that is not valid UTF-8, which JSON cannot carry")

// mayHideBrokenText reports whether an encoded value can have come from broken text.
// It only saves [brokenText] from looking at every value: an encoder either leaves
// broken text as it is or replaces it by U+FFFD, and JSON has two spellings for that.
func mayHideBrokenText(encoded []byte) bool {
	if !utf8.Valid(encoded) || bytes.Contains(encoded, []byte("\ufffd")) {
		return true
	}
	for {
		_, rest, found := bytes.Cut(encoded, []byte(`\u`))
		if !found {
			return false
		}
		if len(rest) >= 4 && bytes.EqualFold(rest[:4], []byte("fffd")) {
			return true
		}
		encoded = rest
	}
}

// brokenText reports whether a value that could be encoded holds text that is not
// valid UTF-8. It looks at what encoding/json encodes and at nothing else. JSON that
// the value brings along ([json.RawMessage], [json.Marshaler]) is its own business,
// but must be UTF-8.
func brokenText(value any) bool {
	t := textCheck{fields: map[reflect.Type][]field{}, seen: map[place]bool{}}
	t.push(reflect.ValueOf(value))
	for len(t.left) > 0 {
		last := len(t.left) - 1
		v := t.left[last]
		t.left = t.left[:last]
		if t.broken(v) {
			return true
		}
	}
	return false
}

// textCheck goes through a value without recursion, and once only through what
// several pointers share.
type textCheck struct {
	left   []reflect.Value // to be looked at
	seen   map[place]bool
	fields map[reflect.Type][]field
}

// place is where a pointer, a map or a slice points to.
type place struct {
	at     unsafe.Pointer
	length int
	is     reflect.Type
}

// push notes a value to be looked at.
func (t *textCheck) push(v reflect.Value) {
	if v.IsValid() {
		t.left = append(t.left, v)
	}
}

// broken looks at one value and pushes what it holds.
func (t *textCheck) broken(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Interface:
		t.push(v.Elem())
		return false
	case reflect.Pointer:
		if v.IsNil() || t.again(v) {
			return false
		}
	case reflect.Map, reflect.Slice:
		if t.again(v) {
			return false
		}
	}
	if text, own := ownText(v); own {
		return !utf8.Valid(text)
	}
	switch v.Kind() {
	case reflect.String:
		return !utf8.ValidString(v.String())
	case reflect.Pointer:
		t.push(v.Elem())
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if brokenKey(entries.Key()) {
				return true
			}
			t.push(entries.Value())
		}
	case reflect.Slice, reflect.Array:
		if !holdsText(v.Type().Elem()) {
			return false
		}
		for i := range v.Len() {
			t.push(v.Index(i))
		}
	case reflect.Struct:
		t.pushFields(v)
	}
	return false
}

// again reports whether a pointer, map or slice was looked at before.
func (t *textCheck) again(v reflect.Value) bool {
	at := place{at: v.UnsafePointer(), is: v.Type()}
	if v.Kind() == reflect.Slice {
		at.length = v.Len()
	}
	again := t.seen[at]
	t.seen[at] = true
	return again
}

// holdsText reports whether a value of a type can have text. It spares the elements
// of long slices of numbers, above all []byte, which is encoded in base64.
func holdsText(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		methods := reflect.PointerTo(t) // those of t too
		return makesJSON(methods) || makesText(methods)
	}
	return true
}

// brokenKey reports whether the key of a map is broken text. Methods of keys that are
// strings are not called.
func brokenKey(key reflect.Value) bool {
	if key.Kind() == reflect.String {
		return !utf8.ValidString(key.String())
	}
	if key.Kind() == reflect.Pointer && key.IsNil() {
		return false
	}
	marshaler, ok := key.Interface().(encoding.TextMarshaler)
	if !ok {
		return false // a number
	}
	text, err := marshaler.MarshalText()
	return err == nil && !utf8.Valid(text)
}

// ownText returns what a value makes of itself, JSON or text, if it does. As in
// encoding/json, methods on its pointer count where the value is addressable, and
// JSON goes before text.
func ownText(v reflect.Value) (text []byte, own bool) {
	if !v.CanInterface() {
		return nil, false
	}
	if raw, ok := v.Interface().(json.RawMessage); ok {
		return raw, true
	}
	for _, has := range []func(reflect.Type) bool{makesJSON, makesText} {
		switch {
		case v.Kind() != reflect.Pointer && v.CanAddr() && has(reflect.PointerTo(v.Type())):
			return marshaled(v.Addr()), true
		case has(v.Type()):
			return marshaled(v), true
		}
	}
	return nil, false
}

// marshaled returns what a value makes of itself; nothing where that fails now, or
// where it writes to an encoder of its own choice.
func marshaled(v reflect.Value) []byte {
	if streams(v.Type()) {
		return nil
	}
	var text []byte
	switch m := v.Interface().(type) {
	case json.Marshaler:
		text, _ = m.MarshalJSON()
	case encoding.TextMarshaler:
		text, _ = m.MarshalText()
	}
	return text
}

func makesJSON(t reflect.Type) bool { return t.Implements(jsonMarshaler) || streams(t) }

func makesText(t reflect.Type) bool { return t.Implements(textMarshaler) }

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// streams reports whether a type has the method by which encoding/json/v2 lets types
// write their own JSON. From Go 1.27 on encoding/json calls it too; before, no program
// has its parameter's type.
func streams(t reflect.Type) bool {
	method, ok := t.MethodByName("MarshalJSONTo")
	if !ok || t.Kind() == reflect.Interface || method.Type.NumIn() != 2 {
		return false
	}
	encoder := method.Type.In(1)
	return encoder.Kind() == reflect.Pointer && encoder.Elem().PkgPath() == "encoding/json/jsontext"
}
