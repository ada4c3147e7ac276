package wire

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWhatMakesServersFailIsFound(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for body, want := range map[string]string{
		`"plain"`:                              "",
		`"\ud83d\ude00"`:                       "",
		`{"\uD83D\uDE00":["\u00e4\n\\ud800"]}`: "",
		`"\\\ud83d\ude00"`:                     "",
		`"[[[["`:                               "",
		`"\ud800"`:                             "surrogate",
		`"\udc00\ud800"`:                       "surrogate",
		`"\ud83d \ude00"`:                      "surrogate",
		`"\ud83d\n\ude00"`:                     "surrogate",
		`["\ud83d","\ude00"]`:                  "surrogate",
		`{"\udead":1}`:                         "surrogate",
		`"\\\\\ud83d"`:                         "surrogate",
		nested(maxNesting):                     "",
		nested(maxNesting + 1):                 "within each other",
		strings.Repeat(nested(2), 1000):        "",
	} {
		if got := CheckBody([]byte(body)); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%.40s: %q, want %q", body, got, want)
		}
	}
}

// What a decoder replaces by U+FFFD is half of a pair, if the text is UTF-8.
func FuzzCheckBody(f *testing.F) {
	for _, seed := range []string{`"\ud83d\ude00"`, `["\ud800", {"\udc00":1}]`, `"\\ud800"`, `[[[]]]`, `"�\ufffd"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got := CheckBody(body) // of anything
		var value any
		if json.Unmarshal(body, &value) != nil || !utf8.Valid(body) || strings.Contains(got, "within") {
			return
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, body); err != nil {
			t.Fatal(err)
		}
		had := strings.Count(strings.ToLower(string(body)), `\ufffd`) + strings.Count(string(body), "\ufffd")
		if bytes.Contains(bytes.ToLower(body), []byte(`\\ufffd`)) || duplicateKeys(body) {
			return // it cannot be told from outside
		}
		if halves := replacements(value) - had; (halves > 0) != (got != "") {
			t.Errorf("%q: %q, and decoding replaces %d", body, got, halves)
		}
	})
}

// replacements counts U+FFFD in the text of a decoded value.
func replacements(value any) int {
	count := 0
	switch v := value.(type) {
	case string:
		count = strings.Count(v, "\ufffd")
	case []any:
		for _, item := range v {
			count += replacements(item)
		}
	case map[string]any:
		for key, item := range v {
			count += replacements(key) + replacements(item)
		}
	}
	return count
}

// duplicateKeys reports whether an object may have lost a key in decoding.
func duplicateKeys(body []byte) bool { return bytes.Count(body, []byte(":")) > 1 }
