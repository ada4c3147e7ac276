package zaqar_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
)

// name is text by a method of its own.
type name struct{ text string }

func (n name) MarshalText() ([]byte, error) { return []byte(n.text), nil }

func TestTextThatIsNotUTF8IsRefusedWhereverItIs(t *testing.T) {
	t.Parallel()
	_, client := clienttest.InMemory(t)
	const broken = "a\xffb"
	type inner struct{ Text string }
	for what, body := range map[string]any{
		"a text":             broken,
		"in a struct":        struct{ Inner *inner }{&inner{broken}},
		"in a slice":         []any{1, []string{broken}},
		"a value of a map":   map[string]any{"a": broken},
		"a key of a map":     map[string]any{broken: 1},
		"text of a method":   map[string]any{"a": name{broken}},
		"embedded":           struct{ inner }{inner{broken}},
		"in an Outgoing":     zaqar.Outgoing{Body: []string{broken}},
		"beside passed JSON": []any{json.RawMessage(`"\ufffd"`), broken},
	} {
		if _, err := client.Queue("wot").Post(t.Context(), body); !errors.Is(err, zaqar.ErrInvalid) || !strings.Contains(err.Error(), "UTF-8") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestJSONThatIsPassedThroughMayHoldAnEscapedU_FFFD(t *testing.T) {
	t.Parallel()
	_, client := clienttest.InMemory(t)
	raw := json.RawMessage(`{"text": "a\ufffdb"}`)
	type envelope struct {
		Body    json.RawMessage
		Pointer *json.RawMessage
		Any     any
		Dropped string `json:"-"`
		hidden  string
	}
	for what, body := range map[string]any{
		"alone":         raw,
		"in a struct":   envelope{Body: raw, Pointer: &raw, Any: raw, Dropped: "\xff", hidden: "\xff"},
		"by a pointer":  &envelope{Body: raw},
		"in a map":      map[string]json.RawMessage{"body": raw},
		"in a slice":    []json.RawMessage{raw},
		"U+FFFD itself": "a\ufffdb",
		"bytes":         []byte{0xff, 0xfe},
	} {
		if _, err := client.Queue("wot").Post(t.Context(), body); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}
