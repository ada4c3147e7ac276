package jsonscan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/internal/jsonscan"
)

// seeds are valid and broken JSON.
var seeds = []string{
	``, ` `, `null`, `true`, `false`, `nul`, `truex`, `"a"`, `"a`, `"\n"`, `"\u00e9"`, `"\u00g9"`, `"\x"`, `"\`, "\"\x01\"", "\"\xff\"",
	`0`, `-0`, `01`, `-`, `1.`, `.5`, `1.5e+3`, `1e`, `1E-7`, `--1`, `+1`, `NaN`, `-Infinity`,
	`[]`, `[1,2]`, `[1,]`, `[,1]`, `[`, `[1`, `]`, `{}`, `{"a":1}`, `{"a":1,}`, `{"a"}`, `{a:1}`, `{"a":1 "b":2}`, `{"a":{"b":[null,{}]}}`,
	" [ 1 ,\t{ \"a\" : \"b\" } ]\r\n", `1 2`, `{}{}`, "\ufeff{}",
}

func TestTheScannerAcceptsWhatEncodingJSONAccepts(t *testing.T) {
	t.Parallel()
	for _, seed := range append(seeds, strings.Repeat("[", 10000)+strings.Repeat("]", 10000), strings.Repeat("[", 10001)+strings.Repeat("]", 10001)) {
		check(t, []byte(seed))
	}
}

func FuzzScanner(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(check)
}

func check(t *testing.T, text []byte) {
	t.Helper()
	s := jsonscan.New(text)
	value, ok := s.Value()
	if ok = ok && s.End(); ok != json.Valid(text) {
		t.Fatalf("%.100q is valid: %t, want %t", text, ok, !ok)
	}
	if !ok {
		return
	}
	if strings.Trim(string(text), " \t\r\n") != string(value) {
		t.Errorf("the value of %.100q is %.100q", text, value)
	}
	if plain, ok := jsonscan.Plain(value); ok {
		var want string
		if err := json.Unmarshal(value, &want); err != nil || want != string(plain) {
			t.Errorf("%q is %q, want %q", value, plain, want)
		}
	}
}

func TestMembersAndElementsAreReadInOrder(t *testing.T) {
	t.Parallel()
	s := jsonscan.New([]byte(`{"a": [1, "two", {"b": 3}], "c": null}`))
	var read []string
	value := func() bool {
		v, ok := s.Value()
		read = append(read, string(v))
		return ok
	}
	ok := s.Object(func(key []byte) bool {
		read = append(read, string(key))
		if string(key) == `"a"` {
			return s.Array(value)
		}
		return value()
	})
	if want := `"a" 1 "two" {"b": 3} "c" null`; !ok || !s.End() || strings.Join(read, " ") != want {
		t.Errorf("it read %s, want %s", strings.Join(read, " "), want)
	}
}

func TestAScannerStopsWhenItIsTold(t *testing.T) {
	t.Parallel()
	s := jsonscan.New([]byte(`[1, 2, 3]`))
	read := 0
	if s.Array(func() bool { read++; _, ok := s.Value(); return ok && read < 2 }) || read != 2 {
		t.Errorf("it read %d values", read)
	}
}
