//go:build go1.27 && goexperiment.jsonv2

package plainjson_test

import (
	"encoding/json/jsontext"
	"errors"
	"testing"

	"github.com/zaqar-go/zaqar/internal/plainjson"
)

// streamed writes its own JSON, and has a method that must not be called then.
type streamed struct{ Text string }

func (s streamed) MarshalJSONTo(to *jsontext.Encoder) error {
	return to.WriteToken(jsontext.String("own"))
}

func (s streamed) MarshalText() ([]byte, error) { return []byte("\xff"), nil }

func TestJSONThatAValueWritesIsItsOwn(t *testing.T) {
	t.Parallel()
	for _, value := range []any{streamed{"\xff"}, &streamed{"\xff"}, []streamed{{"\xff"}}} {
		if got, err := plainjson.Marshal([]any{replacement, value}); err != nil {
			t.Errorf("%T is encoded as %s, %v", value, got, err)
		}
		if got, err := plainjson.Marshal([]any{value, "\xff"}); !errors.Is(err, plainjson.ErrText) {
			t.Errorf("%T beside broken text is encoded as %s, %v", value, got, err)
		}
	}
}
