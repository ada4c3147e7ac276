package broker

import (
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

func FuzzClaim(f *testing.F) {
	for _, seed := range []string{`{"ttl":60,"grace":60}`, `{}`, `[]`, `{"ttl":null}`, `{"grace":-1}`} {
		f.Add([]byte(seed), true)
	}
	limits := DefaultLimits()
	f.Fuzz(func(t *testing.T, text []byte, checkGrace bool) {
		if rawjson.Check(text) != nil {
			return
		}
		rules := DefaultClaimRules(limits)
		rules.CheckGrace = checkGrace
		terms, err := ParseClaimTerms(text, rules, limits)
		wantInvalid(t, err)
		if end := Instant(1e18).Plus(terms.TTL).Plus(terms.Grace); err == nil && end <= 1e18 {
			t.Fatalf("%+v ends at %d", terms, end)
		}
	})
}
