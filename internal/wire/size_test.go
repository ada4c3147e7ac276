package wire_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/zaqar-go/zaqar/internal/wire"
)

func TestTheSizeOfAMessageIsThatOfItsJSON(t *testing.T) {
	t.Parallel()
	for _, body := range []json.RawMessage{nil, json.RawMessage(`1`), json.RawMessage(`{"a":"ü"}`)} {
		for _, n := range []int64{0, 9, 10, 60, 99, 100, 1209600, math.MaxInt64, -1, -10, math.MinInt64} {
			for _, m := range []wire.Outgoing{{Body: body}, {Body: body, TTL: &n}, {Body: body, Delay: &n}, {Body: body, TTL: &n, Delay: &n}} {
				encoded, err := json.Marshal(m)
				if err != nil {
					t.Fatal(err)
				}
				if m.Size() != len(encoded) {
					t.Errorf("%s has %d bytes, not %d", encoded, len(encoded), m.Size())
				}
			}
		}
	}
}
