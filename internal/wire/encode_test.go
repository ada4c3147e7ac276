package wire

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/zaqar-go/zaqar/internal/plainjson"
)

// Messages are written without encoding/json, which would check and copy their bodies once
// more. The result is the same.
func TestMessagesAreWrittenAsEncodingJSONWrites(t *testing.T) {
	t.Parallel()
	zero, large := int64(0), int64(math.MinInt64)
	for _, messages := range [][]Outgoing{
		{},
		{{Body: json.RawMessage(`{"a":[1,"<&>"]}`)}},
		{{Body: nil, TTL: &zero}, {Body: json.RawMessage(`null`), Delay: &zero}, {Body: json.RawMessage(`""`), TTL: &large, Delay: &large}},
	} {
		for _, v := range []Version{V1, V2} {
			req, err := Encode(v, MessagePost, &Args{Queue: "q", Messages: messages})
			if err != nil {
				t.Fatal(err)
			}
			want := encodedBy(t, v, messages)
			if string(req.Body) != want {
				t.Errorf("%s: %s, want %s", v, req.Body, want)
			}
			if size := sizeOf(messages); len(req.Body) > size+len(`{"messages":}`) {
				t.Errorf("%d bytes, although sizeOf says %d", len(req.Body), size)
			}
		}
	}
}

func encodedBy(t *testing.T, v Version, messages []Outgoing) string {
	t.Helper()
	var value any = messages
	if v != V1 {
		value = map[string]any{"messages": messages}
	}
	encoded, err := plainjson.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func TestAParameterThatAVersionLacksIsUnsupported(t *testing.T) {
	t.Parallel()
	for _, args := range []Args{
		{Queue: "q", Message: "m"},
		{Queue: "q", Claim: "c"},
		{Queue: "q", Limit: 1},
		{Queue: "q", IDs: []string{"a"}},
		{Queue: "q", Times: &Times{TTL: 60, Grace: 60}},
		{Queue: "q", Messages: []Outgoing{}},
		{Queue: "q", More: Params{"pop": 1}},
	} {
		_, err := Encode(V2, QueueGet, &args)
		if _, ok := errors.AsType[*Unsupported](err); !ok {
			t.Errorf("%+v: %v", args, err)
		}
	}
	if _, err := Encode(V1, MessageDeleteMany, &Args{Queue: "q", IDs: []string{"a"}, ClaimIDs: []string{"c"}}); err == nil {
		t.Error("V1 takes claim_ids")
	}
}
