package plainjson_test

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/internal/plainjson"
)

// Types that hold text, each in a way of its own.
type (
	named   string
	asText  struct{ text string }
	asJSON  struct{ text string }
	ptrText struct{ text string }
	ptrJSON struct{ text string }
	keyText struct{ text string }
	keyName string
	letter  byte
	both    struct{ text string }
	hidden  struct{ Text, Other string }
	Shown   struct{ Text, Other string }
	Third   struct {
		Text string
		Deep struct{ Text string }
	}
	empty   struct{ Text string }
	noZero  struct{ Text string }
	ptrZero struct{ Text string }
	tree    struct {
		Text string
		Next *tree `json:",omitempty"`
	}
	list   []list
	lists  []any
	zeroed interface{ IsZero() bool }
)

func (t asText) MarshalText() ([]byte, error)   { return []byte(t.text), nil }
func (t asJSON) MarshalJSON() ([]byte, error)   { return json.Marshal(t.text) }
func (t *ptrText) MarshalText() ([]byte, error) { return []byte(t.text), nil }
func (t *ptrJSON) MarshalJSON() ([]byte, error) { return json.Marshal(t.text) }
func (t keyText) MarshalText() ([]byte, error)  { return []byte(t.text), nil }
func (keyName) MarshalText() ([]byte, error)    { return []byte("constant"), nil }
func (b letter) MarshalText() ([]byte, error)   { return []byte{byte(b)}, nil }
func (b both) MarshalText() ([]byte, error)     { return []byte(b.text), nil }
func (both) MarshalJSON() ([]byte, error)       { return []byte("{}"), nil }
func (empty) IsZero() bool                      { return true }
func (noZero) IsZero() bool                     { return false }
func (*ptrZero) IsZero() bool                   { return true }

func loop(s string) *tree {
	t := &tree{Text: s}
	t.Next = &tree{Text: "end"}
	return t
}

// holders make values that hold a text. What of it encoding/json encodes is not
// written here: encoding/json is asked.
var holders = map[string]func(s string) any{
	"text":                        func(s string) any { return s },
	"named text":                  func(s string) any { return named(s) },
	"a pointer":                   func(s string) any { return &s },
	"a pointer to a pointer":      func(s string) any { p := &s; return &p },
	"a slice":                     func(s string) any { return []string{"a", s} },
	"an array":                    func(s string) any { return [2]named{"a", named(s)} },
	"values of a map":             func(s string) any { return map[int]string{1: "a", 2: s} },
	"keys of a map":               func(s string) any { return map[string]int{s: 1} },
	"named keys":                  func(s string) any { return map[named]int{named(s): 1} },
	"keys with a method":          func(s string) any { return map[keyText]int{{s}: 1} },
	"keys with a useless method":  func(s string) any { return map[keyName]int{keyName(s): 1} },
	"keys behind an interface":    func(s string) any { return map[encoding.TextMarshaler]int{keyText{s}: 1} },
	"keys that are pointers":      func(s string) any { return map[*ptrText]int{{s}: 1} },
	"keys that are nil":           func(s string) any { return map[*ptrText]string{nil: s} },
	"any in any":                  func(s string) any { return map[string]any{"a": []any{1, nil, map[string]any{"b": s}}} },
	"a method that makes text":    func(s string) any { return asText{s} },
	"the same by a pointer":       func(s string) any { return &asText{s} },
	"a pointer's method":          func(s string) any { return &ptrText{s} },
	"a pointer's method, unused":  func(s string) any { return map[string]ptrText{"a": {s}} },
	"a pointer's method, in a []": func(s string) any { return []ptrText{{s}} },
	"a nil pointer with a method": func(s string) any { return []any{(*ptrText)(nil), (*ptrJSON)(nil), s} },
	"JSON before text":            func(s string) any { return both{s} },
	"letters":                     func(s string) any { return []letter(s) },
	"bytes are base64":            func(s string) any { return []byte(s) },
	"an array of bytes":           func(string) any { return [2]byte{0xff, 0xff} },
	"an exported field":           func(s string) any { return struct{ A string }{s} },
	"a field that is renamed": func(s string) any {
		return struct {
			A string `json:"b"`
		}{s}
	},
	"a quoted field": func(s string) any {
		return struct {
			A string `json:",string"`
		}{s}
	},
	"an unexported field": func(s string) any { return struct{ a string }{s} },
	"a field left out": func(s string) any {
		return struct {
			A string `json:"-"`
		}{s}
	},
	"a field named -": func(s string) any {
		return struct {
			A string `json:"-,"` //nolint:staticcheck // a name that is allowed
		}{s}
	},
	"a name that is none": func(s string) any {
		return struct {
			A string `json:"\"a"` //nolint:staticcheck // malformed on purpose
		}{s}
	},
	"omitempty": func(s string) any {
		return struct {
			A string `json:",omitempty"`
		}{s}
	},
	"omitempty, a struct": func(s string) any {
		return struct {
			A hidden `json:",omitempty"`
		}{hidden{s, ""}}
	},
	"omitempty, no key": func(s string) any {
		return struct {
			A map[string]string `json:",omitempty"`
		}{map[string]string{s: ""}}
	},
	"omitzero": func(s string) any {
		return struct {
			A hidden `json:",omitzero"`
		}{hidden{s, ""}}
	},
	"omitzero by a method": func(s string) any {
		return struct {
			A empty `json:",omitzero"`
		}{empty{s}}
	},
	"omitzero by a method that says no": func(s string) any {
		return struct {
			A noZero `json:",omitzero"`
		}{noZero{s}}
	},
	"omitzero by a pointer's method": func(s string) any {
		return struct {
			A ptrZero `json:",omitzero"`
		}{ptrZero{s}}
	},
	"omitzero of a pointer": func(s string) any {
		return struct {
			A *ptrZero `json:",omitzero"`
		}{&ptrZero{s}}
	},
	"omitzero of a nil pointer": func(s string) any {
		return struct {
			A *ptrZero `json:",omitzero"`
			B string
		}{nil, s}
	},
	"omitzero of any": func(s string) any {
		return struct {
			A any `json:",omitzero"`
		}{empty{s}}
	},
	"omitzero of an interface": func(s string) any {
		return struct {
			A zeroed `json:",omitzero"`
		}{empty{s}}
	},
	"omitzero of nothing": func(s string) any {
		return struct {
			A zeroed `json:",omitzero"`
			B string
		}{nil, s}
	},
	"embedded":              func(s string) any { return struct{ Shown }{Shown{s, ""}} },
	"embedded, unexported":  func(s string) any { return struct{ hidden }{hidden{s, ""}} },
	"embedded by a pointer": func(s string) any { return struct{ *Shown }{&Shown{s, ""}} },
	"embedded by a nil pointer": func(s string) any {
		return struct {
			*Shown
			A string
		}{nil, s}
	},
	"embedded with a name": func(s string) any {
		return struct {
			Shown `json:"a"`
		}{Shown{s, ""}}
	},
	"embedded with a name, unexported": func(s string) any {
		return struct {
			hidden `json:"a"`
		}{hidden{s, ""}}
	},
	"embedded text": func(s string) any { return struct{ named }{named(s)} },
	"a deeper field that loses": func(s string) any {
		return struct {
			Shown
			Text int
		}{Shown{s, ""}, 1}
	},
	"a deeper field of another name": func(s string) any {
		return struct {
			Shown
			Text int
		}{Shown{"", s}, 1}
	},
	"two at one depth": func(s string) any {
		return struct {
			Shown
			Third
		}{Shown{s, ""}, Third{Text: s}}
	},
	"two at one depth, deeper": func(s string) any {
		t := Third{}
		t.Deep.Text = s
		return struct {
			Shown
			Third
		}{Shown{"", ""}, t}
	},
	"two at one depth, one with a tag": func(s string) any {
		return struct {
			Shown
			A struct{ Text int }
			B string `json:"Text"`
		}{B: s}
	},
	"one type embedded twice": func(s string) any {
		type a struct{ Shown }
		type b struct{ Shown }
		return struct {
			a
			b
		}{a{Shown{s, s}}, b{Shown{s, s}}}
	},
	"a tree":             func(s string) any { return loop(s) },
	"shared":             func(s string) any { p := &s; return []*string{p, p} },
	"slices in slices":   func(s string) any { return lists{list{nil, {}}, lists{s}} },
	"a time":             func(s string) any { return []any{time.Unix(0, 0), time.Second, json.Number("1.5"), s} },
	"a nil interface":    func(s string) any { return []fmt.Stringer{nil} },
	"a nil map":          func(s string) any { return []any{map[string]string(nil), []string(nil), s} },
	"many numbers":       func(s string) any { return []any{make([]int, 1000), make([]float64, 1000), make([]bool, 1000), s} },
	"an array of arrays": func(s string) any { return &[2][1]ptrText{{{"a"}}, {{s}}} },
}

const replacement = "\ufffd"

func TestBrokenTextIsAnErrorWhereItWouldBeEncoded(t *testing.T) {
	t.Parallel()
	const sign = "sign"
	for name, hold := range holders {
		// U+FFFD is beside it, so that no short cut is taken.
		whole, err := plainjson.Marshal([]any{replacement, hold(sign)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		encoded := bytes.Contains(whole, []byte(sign)) || name == "letters"
		for _, text := range []string{"\xff", "a\xc3", "\xed\xa0\x80", replacement + "\xfe"} {
			for _, value := range []any{hold(text), []any{replacement, hold(text)}} {
				got, err := plainjson.Marshal(value)
				if encoded && !errors.Is(err, plainjson.ErrText) || !encoded && err != nil {
					t.Errorf("%s: %q is encoded as %q, %v", name, text, got, err)
				}
			}
		}
		for _, text := range []string{"", "plain", replacement, `\ufffd`, `\\uFFFD` + replacement} {
			if name == "letters" {
				continue // it takes text apart
			}
			if got, err := plainjson.Marshal(hold(text)); err != nil {
				t.Errorf("%s: %q is encoded as %q, %v", name, text, got, err)
			}
		}
	}
}

func TestJSONThatAValueBringsAlongIsItsOwn(t *testing.T) {
	t.Parallel()
	type event struct {
		Kind string
		Body json.RawMessage
	}
	for _, text := range []string{`"\ufffd"`, `"\uFFFD"`, `["\ufffd",{"\\ufffd":"` + replacement + `"}]`, `"\ud800"`} {
		raw := json.RawMessage(text)
		for _, value := range []any{raw, &raw, event{"a", raw}, []any{event{"b", raw}}, map[string]json.RawMessage{"c": raw}} {
			if got, err := plainjson.Marshal(value); err != nil || !bytes.Contains(got, raw) {
				t.Errorf("%T with %s is encoded as %s, %v", value, text, got, err)
			}
		}
		if got, err := plainjson.Marshal(event{"\xff", raw}); !errors.Is(err, plainjson.ErrText) {
			t.Errorf("broken text beside %s is encoded as %s, %v", text, got, err)
		}
	}
	// A method's own encoder has replaced the text before anybody could look.
	for _, value := range []any{asJSON{"\xff"}, &ptrJSON{"\xff"}, []ptrJSON{{"\xff"}}} {
		if got, err := plainjson.Marshal(value); err != nil {
			t.Errorf("%T is encoded as %s, %v", value, got, err)
		}
	}
}

func TestJSONThatAValueBringsAlongMustBeUTF8(t *testing.T) {
	t.Parallel()
	raw := json.RawMessage("[\"\xff\"]")
	for _, value := range []any{raw, &raw, struct{ A any }{raw}, []json.Marshaler{raw}, map[string]any{"a": []any{raw}}} {
		if got, err := plainjson.Marshal(value); !errors.Is(err, plainjson.ErrText) {
			t.Errorf("%T is encoded as %q, %v", value, got, err)
		}
	}
}

func TestWhatHasNoEndIsAnErrorAndWhatIsDeepIsNone(t *testing.T) {
	t.Parallel()
	ring := &tree{Text: replacement}
	ring.Next = ring
	slices := lists{replacement, nil}
	slices[1] = slices
	maps := map[string]any{"a": replacement}
	maps["b"] = maps
	for _, value := range []any{ring, slices, maps} {
		if got, err := plainjson.Marshal(value); err == nil {
			t.Errorf("it is encoded as %.40q", got)
		}
	}
	deep := any(replacement)
	for range 5000 {
		deep = []any{deep}
	}
	if _, err := plainjson.Marshal(deep); err != nil {
		t.Error(err)
	}
}

// Many pointers to one value are many in JSON, but are looked at once.
func TestWhatIsSharedIsLookedAtOnce(t *testing.T) {
	t.Parallel()
	shared := &asText{replacement}
	many := make([]*asText, 10000)
	for i := range many {
		many[i] = shared
	}
	if got, err := plainjson.Marshal(many); err != nil || bytes.Count(got, []byte(replacement)) != len(many) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func BenchmarkMarshal(b *testing.B) {
	text := strings.Repeat("plain text, ", 100)
	for name, value := range map[string]any{
		"text":     text,
		"map":      map[string]any{"id": 5, "text": text, "list": []any{1.5, true, "x"}},
		"U+FFFD":   map[string]any{"id": 5, "text": text + replacement, "list": []any{1.5, true, "x"}},
		"raw JSON": json.RawMessage(`{"text":"` + text + `"}`),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := plainjson.Marshal(value); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
