package broker

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

func FuzzConfirmation(f *testing.F) {
	for _, seed := range []string{`{"confirmed":true}`, `{"confirmed":false}`, `{"confirmed":1}`, `[]`, `{}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if rawjson.Check(body) != nil {
			return
		}
		yes, err := ParseConfirmation(body)
		if wantInvalid(t, err); yes && !strings.Contains(string(body), "true") {
			t.Fatalf("%q confirms", body)
		}
	})
}

func FuzzSubscription(f *testing.F) {
	for _, seed := range []string{
		`{"subscriber":"http://x/","ttl":60,"options":{"a":1}}`, `{"subscriber":"trust+https://x/","options":null}`, `{"subscriber":""}`, `{}`, `[]`,
		`{"subscriber":"mailto:a@b?subject=x","ttl":9223372036854775807}`, `{"ttl":null,"options":{"_retry_policy":{"minimum_delay":-9223372036854775808}}}`,
		`{"subscriber":"http://x/","options":{"post_headers":{"a":5},"post_data":"\"$zaqar_message$\""}}`,
	} {
		f.Add([]byte(seed))
	}
	limits, now := DefaultLimits(), InstantOf(time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC))
	f.Fuzz(func(t *testing.T, body []byte) {
		if rawjson.Check(body) != nil {
			return
		}
		if terms, err := ParseSubscriptionPatch(body, now); err == nil && terms.subscriber == nil && terms.ttl == nil && terms.options == nil {
			t.Fatalf("%q changes nothing", body)
		} else {
			wantInvalid(t, err)
		}
		s, err := ParseSubscription(body, limits, now)
		if wantInvalid(t, err); err != nil {
			return
		}
		if s.TTL < minSubscriptionTTL || now.Plus(s.TTL) <= now || !json.Valid(s.Options) {
			t.Fatalf("%q is %+v", body, s)
		}
		back, ok := decodeSubscription(s.ID, s.encode())
		if !ok || back.Subscriber != s.Subscriber || string(back.Options) != string(s.Options) || back.TTL != s.TTL {
			t.Fatalf("%q is read back as %+v", body, back)
		}
	})
}
