package rawjson

import (
	"encoding/json"
	"testing"
)

func TestTextIsWrittenAsJSON(t *testing.T) {
	for _, text := range []string{"", "/v2/queues/q", `a"b\c`, "a line\n", "<&>", "ä\u2028", "\x00\x7f"} {
		var back string
		written := AppendText([]byte("["), text)
		if err := json.Unmarshal(written[1:], &back); err != nil || back != text || written[0] != '[' {
			t.Errorf("%q is written as %s and read as %q, %v", text, written, back, err)
		}
	}
}
