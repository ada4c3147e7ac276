package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"sync"

	"github.com/zaqar-go/zaqar/internal/mend"
)

// Unmarshal decodes exactly one JSON value. Numbers keep all their digits: in an any
// they are a json.Number.
func Unmarshal(data []byte, into any) error {
	if into != nil && !holdsAny(reflect.TypeOf(into)) {
		err := json.Unmarshal(data, into)
		if _, broken := err.(*json.SyntaxError); !broken { //nolint:errorlint // json returns it as it is
			return err
		}
		// Nothing was decoded. The error is to be the same for all types.
	}
	return unmarshalOne(data, into)
}

// UnmarshalMended is Unmarshal for answers that can contain numbers which JSON does not
// have, see package mend.
func UnmarshalMended(data []byte, into any) error {
	return mend.UnmarshalBy(unmarshalOne, data, into)
}

// unmarshalOne is slower than json.Unmarshal, which cannot be told to keep digits.
func unmarshalOne(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON value")
	}
	return nil
}

// anyHolders remembers for each type what holdsAny has found.
var anyHolders sync.Map // of reflect.Type to bool

// holdsAny reports whether a value of a type can hold an any, into which a number could be
// decoded.
func holdsAny(t reflect.Type) bool {
	if known, ok := anyHolders.Load(t); ok {
		return known.(bool)
	}
	found := findAny(t, map[reflect.Type]bool{})
	anyHolders.Store(t, found)
	return found
}

// findAny looks for an interface within a type. seen are the types that were looked at.
func findAny(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return findAny(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if findAny(t.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}
