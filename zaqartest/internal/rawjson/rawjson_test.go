package rawjson

import (
	"encoding/json"
	"strings"
	"testing"
)

func FuzzDocument(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2.5,-0,1e400,"\ud83d\ude00",null]}`, `["\ud800"]`, `[9223372036854775808]`, ` {}`, `"x"`, `[[[`, "[\"\xff\"]", `["\\u"]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if Check(text) != nil {
			return
		}
		var value any
		if err := json.Unmarshal(text, &value); err != nil && !strings.Contains(err.Error(), "number") {
			t.Fatalf("taken, but: %v", err)
		}
		out, err := Marshal(json.RawMessage(text))
		if err != nil || Check(out) != nil {
			t.Fatalf("%q comes out as %q: %v", text, out, err)
		}
		if python := Python(text); len(python) == 0 {
			t.Fatalf("%q has no spelling in Python", text)
		}
	})
}

func TestPythonSpellsNumbersInItsOwnWay(t *testing.T) {
	for given, want := range map[string]string{
		`1`: `1`, `-0`: `0`, `1.0`: `1.0`, `1e5`: `100000.0`, `1E16`: `1e+16`, `123456789012345680.0`: `1.2345678901234568e+17`,
		`0.0001`: `0.0001`, `0.00001`: `1e-05`, `-0.0`: `-0.0`, `1e400`: `Infinity`, `-1e400`: `-Infinity`,
		`"é\u007f/\n"`: `"\u00e9\u007f/\n"`, `"😀"`: `"\ud83d\ude00"`, `{"b":1,"a":2,"b":3}`: `{"b": 3, "a": 2}`,
		`[]`: `[]`, `{}`: `{}`, `[ 1,true , null]`: `[1, true, null]`, `"\b\f\r\t\"\\\u0001"`: `"\b\f\r\t\"\\\u0001"`,
	} {
		if got := string(Python(json.RawMessage(given))); got != want {
			t.Errorf("%s: %s, want %s", given, got, want)
		}
	}
}
