package broker

import (
	"encoding/json"
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

func FuzzMessages(f *testing.F) {
	for _, seed := range []string{
		`[{"body":1}]`, `[{"body":null,"ttl":60,"delay":3}]`, `[{"body":[],"ttl":true}]`, `[]`, `{}`, `[{"ttl":1}]`,
	} {
		f.Add([]byte(seed), true)
	}
	limits := DefaultLimits()
	f.Fuzz(func(t *testing.T, text []byte, delays bool) {
		if rawjson.Check(text) != nil {
			return
		}
		rules := PostRulesFor(limits, Queue{})
		rules.Delays = delays
		drafts, err := ParseDrafts(text, rules)
		wantInvalid(t, err)
		for _, d := range drafts {
			if !json.Valid(d.Body) || d.TTL < MinMessageTTL || d.TTL > int64(limits.MaxMessageTTL) || d.Delay < 0 {
				t.Fatalf("%q makes %+v", text, d)
			}
			m := d.message(1e18, UUID{})
			m.Number = 7
			back, ok := decodeMessage(messageKey(UUID{}, m.Number), m.encode())
			if !ok || string(back.Body) != string(m.Body) || back.Expires != m.Expires || back.Number != m.Number {
				t.Fatalf("%+v is read back as %+v", m, back)
			}
		}
	})
}
