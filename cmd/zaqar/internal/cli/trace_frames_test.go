package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

func TestFramesAreShownHoweverTheyAreCutAndWithoutSecrets(t *testing.T) {
	t.Parallel()
	var stream bytes.Buffer
	for _, frame := range []ws.Frame{
		ws.MaskFrameInPlace(ws.NewTextFrame([]byte(`{"action":"authenticate","headers":{"X-Auth-Token":"hunter2"}}`))),
		ws.NewTextFrame([]byte(`{"body":{"subscriptions":[{"options":{"trust_id":"hunter2"}}]},"request":{"headers":{"URL-Signature":"hunter2"}}}`)),
		ws.NewTextFrame([]byte(`{"body":{"token":"mine"},"queue_name":"jobs"}`)),
		ws.NewTextFrame([]byte(`hunter2`)),
		ws.NewFrame(ws.OpText, false, []byte(`"hunter2"`)),
		ws.NewFrame(ws.OpContinuation, true, []byte(`hunter2`)),
		ws.NewBinaryFrame([]byte(`hunter2`)),
		ws.NewCloseFrame(ws.NewCloseFrameBody(1001, "going away")),
	} {
		if err := ws.WriteFrame(&stream, frame); err != nil {
			t.Fatal(err)
		}
	}
	want := `< WebSocket: text, 62 bytes
<
< {"action":"authenticate","headers":{"X-Auth-Token":"[redacted]"}}

< WebSocket: text, 113 bytes
<
< {"body":{"subscriptions":[{"options":{"trust_id":"[redacted]"}}]},"request":{"headers":{"URL-Signature":"[redacted]"}}}

< WebSocket: text, 45 bytes
<
< {"body":{"token":"mine"},"queue_name":"jobs"}

< WebSocket: text, 7 bytes
<
< (not shown: it is not JSON by itself)

< WebSocket: text, 9 bytes
<
< (not shown: it is not JSON by itself)

< WebSocket: continuation, 7 bytes

< WebSocket: binary, 7 bytes

< WebSocket: close, 12 bytes (1001 "going away")

`
	for _, size := range []int{1, 2, 7, 100, stream.Len()} {
		var shown bytes.Buffer
		tracer := frameTracer{mark: "< ", to: NewStreams(strings.NewReader(""), &shown, &shown).Err}
		for rest := stream.Bytes(); len(rest) > 0; {
			part := rest[:min(size, len(rest))]
			tracer.add(part)
			rest = rest[len(part):]
		}
		if got := strings.ReplaceAll(shown.String(), "< \n", "<\n"); got != want {
			t.Errorf("in parts of %d bytes:\n%s", size, got)
		}
	}
}
