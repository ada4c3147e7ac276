package rawjson

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// FuzzSplitting compares with encoding/json.
func FuzzSplitting(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"b":[1,{"c":"]"}],"a":null}`, ` { "a" : "\"" , "\u0061\\" : "\\" } `, `{}`, `[]`, ` [ 1 , -2.5e+3,"a,b" , [ ] , {} ,true] `, `[[[]],{"a":{}}]`,
		`["\\\\\"", "\\"]`, "[1\n,\t2\r]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		object, objectErr := Object(text)
		array, arrayErr := Array(text)
		compact := AppendCompact([]byte("before "), text)
		if Check(text) != nil {
			return // it only must not panic
		}
		want := bytes.NewBufferString("before ")
		if err := json.Compact(want, text); err != nil || !bytes.Equal(compact, want.Bytes()) {
			t.Fatalf("%q without white space is %q, want %q", text, compact, want)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(text, &members); (err == nil) != (objectErr == nil) || !maps.EqualFunc(object, members, sameJSON) {
			t.Fatalf("%q has the members %q, want %q", text, object, members)
		}
		var items []json.RawMessage
		if err := json.Unmarshal(text, &items); (err == nil) != (arrayErr == nil) || !slices.EqualFunc(array, items, sameJSON) {
			t.Fatalf("%q has the items %q, want %q", text, array, items)
		}
		for _, item := range items {
			if again, err := Array(item); (err == nil) != (item[0] == '[') {
				t.Fatalf("%q in %q is %q: %v", item, text, again, err)
			}
		}
	})
}

func sameJSON(a, b json.RawMessage) bool { return bytes.Equal(a, b) }
