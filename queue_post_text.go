package zaqar

import (
	"encoding"
	"encoding/json"
	"reflect"
	"unicode/utf8"
)

// holdsBrokenText reports whether a Go value holds text that is not valid UTF-8. It does
// not look at JSON that the value brings itself, as a json.RawMessage does: that may hold
// an escaped U+FFFD. The value was encoded before, so it has no cycles.
func holdsBrokenText(v reflect.Value) bool {
	if !v.IsValid() {
		return false
	}
	if v.CanAddr() && v.Addr().CanInterface() {
		if _, brings := v.Addr().Interface().(json.Marshaler); brings {
			return false
		}
	}
	if v.CanInterface() {
		switch value := v.Interface().(type) {
		case json.Marshaler:
			return false
		case encoding.TextMarshaler:
			if v.Kind() == reflect.Pointer && v.IsNil() {
				return false
			}
			text, err := value.MarshalText()
			return err == nil && !utf8.Valid(text)
		}
	}
	switch v.Kind() {
	case reflect.String:
		return !utf8.ValidString(v.String())
	case reflect.Pointer, reflect.Interface:
		return holdsBrokenText(v.Elem())
	case reflect.Struct:
		return structHoldsBrokenText(v)
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return false // base64, or numbers
		}
		for i := range v.Len() {
			if holdsBrokenText(v.Index(i)) {
				return true
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if holdsBrokenText(key) || holdsBrokenText(v.MapIndex(key)) {
				return true
			}
		}
	}
	return false
}

// structHoldsBrokenText looks at the fields that JSON has.
func structHoldsBrokenText(v reflect.Value) bool {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() && !field.Anonymous || field.Tag.Get("json") == "-" {
			continue
		}
		if holdsBrokenText(v.Field(i)) {
			return true
		}
	}
	return false
}
