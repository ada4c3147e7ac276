package plainjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"github.com/zaqar-go/zaqar/internal/plainjson"
)

// raws are texts, and what they are encoded as: "" if they cannot be.
var raws = map[string]string{
	`1`: `1`, `"a b"`: `"a b"`, `{"a":"\" : ","b":[1,2]}`: `{"a":"\" : ","b":[1,2]}`, `"\\"`: `"\\"`, `"<&>"`: `"<&>"`,
	` 1`: `1`, "1\n": `1`, `{"a": 1}`: `{"a":1}`, `["\\", 2]`: `["\\",2]`, "[\t1,\r2]": `[1,2]`,
	`"` + "\ufffd" + `"`: `"` + "\ufffd" + `"`, `"\ufffd"`: `"\ufffd"`,
	`{`: ``, ``: ``, `"a`: ``, "\"\xff\"": ``, `a b`: ``, `"\`: ``,
}

func TestJSONIsSharedWhereItNeedsNoChange(t *testing.T) {
	t.Parallel()
	for text, want := range raws {
		raw := json.RawMessage(text)
		got, err := plainjson.Share(raw)
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v, want %q", text, got, err, want)
		}
		if shared := len(got) > 0 && &got[0] == &raw[0]; shared != (text == want && want != "") {
			t.Errorf("%q is shared: %v", text, shared)
		}
		copied, err := plainjson.Marshal(raw)
		if !bytes.Equal(copied, got) || (err == nil) != (want != "") {
			t.Errorf("%q is %q without sharing, %v", text, copied, err)
		}
		if len(copied) > 0 && &copied[0] == &raw[0] {
			t.Errorf("%q is shared by Marshal", text)
		}
	}
	if got, err := plainjson.Share(json.RawMessage(nil)); err != nil || string(got) != "null" {
		t.Errorf("no JSON is %q, %v", got, err)
	}
	if got, err := plainjson.Share("a"); err != nil || string(got) != `"a"` {
		t.Errorf("a text is %q, %v", got, err)
	}
	if _, err := plainjson.Share(json.RawMessage("\"\xff\"")); !errors.Is(err, plainjson.ErrText) {
		t.Errorf("broken text: %v", err)
	}
}

func TestWhatWasEncodedStaysWhenOthersEncode(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			var results [][]byte
			for n := range 100 {
				got, err := plainjson.Marshal([]int{i, n})
				if err != nil {
					t.Error(err)
				}
				results = append(results, got)
				if _, err := plainjson.Marshal([]any{"half of it", func() {}}); err == nil {
					t.Error("a function was encoded")
				}
			}
			for n, got := range results {
				var pair [2]int
				if err := json.Unmarshal(got, &pair); err != nil || pair != [2]int{i, n} {
					t.Errorf("%d, %d became %s: %v", i, n, got, err)
				}
			}
		})
	}
	all.Wait()
}
