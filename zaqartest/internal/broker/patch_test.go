package broker

import (
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

func FuzzPatch(f *testing.F) {
	for _, seed := range []string{
		`[{"op":"add","path":"/metadata/a~1b","value":1},{"op":"remove","path":"/metadata/a"}]`,
		`[{"op":"replace","path":"/metadata/_default_message_ttl","value":null}]`, `{}`, `[1]`,
	} {
		f.Add([]byte(seed))
	}
	limits := DefaultLimits()
	f.Fuzz(func(t *testing.T, text []byte) {
		if rawjson.Check(text) != nil {
			return
		}
		edits, err := ParsePatch(text)
		if err != nil {
			return
		}
		start := Metadata{"a": []byte("1")}
		content, err := start.Patched(edits, limits)
		if string(start["a"]) != "1" || len(start) != 1 {
			t.Fatal("the metadata was changed in place")
		}
		if err != nil || limits.CheckMetadata(content) != nil {
			return
		}
		if _, err := rawjson.Marshal(content.WithReserved(limits)); err != nil {
			t.Fatalf("%q makes metadata that cannot be shown: %v", text, err)
		}
	})
}
