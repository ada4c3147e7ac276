package broker

import (
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

func FuzzMetadata(f *testing.F) {
	for _, seed := range []string{
		`{"_default_message_ttl":60,"a":[]}`, `{"_max_claim_count":"","_enable_encrypt_messages":null}`, `{}`, `[]`,
		`{"_retry_policy":{"minimum_delay":-9223372036854775808,"maximum_delay":9223372036854775807}}`, `{"_dead_letter_queue":5}`,
	} {
		f.Add([]byte(seed))
	}
	limits := DefaultLimits()
	f.Fuzz(func(t *testing.T, text []byte) {
		if rawjson.Check(text) != nil {
			return
		}
		content, err := rawjson.Object(text)
		if err != nil || limits.CheckMetadata(content) != nil {
			return
		}
		q := Queue{Project: "p", Name: "q", uid: NewUUID(), Metadata: content}
		value, err := q.encode()
		if err != nil {
			t.Fatalf("%q cannot be stored: %v", text, err)
		}
		back, err := decodeQueue("p", "q", value)
		if err != nil || len(back.Metadata) != len(content) {
			t.Fatalf("%q is read back as %v: %v", text, back.Metadata, err)
		}
		if rules := PostRulesFor(limits, back); rules.TTL < MinMessageTTL || rules.MaxLength < 1 || rules.Delay < 0 {
			t.Fatalf("%q makes the rules %+v", text, rules)
		}
		if _, err := rawjson.Marshal(back.Metadata.WithReserved(limits)); err != nil {
			t.Fatalf("%q cannot be shown: %v", text, err)
		}
	})
}
