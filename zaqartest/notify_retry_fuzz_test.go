package zaqartest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// FuzzNotice sends a notice to any subscription that the server accepts.
func FuzzNotice(f *testing.F) {
	for _, seed := range []string{
		`{"subscriber":"http://x/","ttl":60,"options":{"a":1}}`, `{"subscriber":"trust+https://x/","options":null}`, `{"subscriber":""}`, `{}`, `[]`,
		`{"subscriber":"mailto:a@b?subject=x","ttl":9223372036854775807}`, `{"ttl":null,"options":{"_retry_policy":{"minimum_delay":-9223372036854775808}}}`,
		`{"subscriber":"http://x/","options":{"post_headers":{"a":5},"post_data":"\"$zaqar_message$\""}}`,
	} {
		f.Add([]byte(seed))
	}
	limits, now := broker.DefaultLimits(), broker.InstantOf(time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC))
	f.Fuzz(func(t *testing.T, body []byte) {
		if rawjson.Check(body) != nil {
			return
		}
		s, err := broker.ParseSubscription(body, limits, now)
		if err != nil {
			return
		}
		n := notice{subscription: s, document: json.RawMessage(`{"body":1}`)}
		if text, err := webhookBody(n); err == nil && s.Option("post_data") == nil && string(text) != `{"body":1}` {
			t.Fatalf("%q sends %q", body, text)
		}
		policy := newRetryPolicy(s.Option("_retry_policy"), nil)
		var total time.Duration
		for attempt := int64(0); ; attempt++ {
			delay, again := policy.delay(attempt)
			if total += delay; delay < 0 || attempt > maxAttempts {
				t.Fatalf("%q: delay %d is %v", body, attempt, delay)
			}
			if !again {
				break
			}
		}
	})
}

func FuzzRetryPolicy(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"retry_backoff_function":"geometric"}`, `{"retry_backoff_function":"exponential","minimum_delay":0}`, `{"retry_backoff_function":"arithmetic","maximum_delay":16}`,
		`{"minimum_delay":1,"maximum_delay":9223372036854775807}`, `{"retries_with_no_delay":-1,"minimum_delay_retries":true}`, `5`,
	} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, mine, queues string) {
		p := newRetryPolicy(json.RawMessage(mine), json.RawMessage(queues))
		for n := int64(0); n < 2*maxAttempts; n++ {
			delay, again := p.delay(n)
			if delay < 0 || again && n >= maxAttempts {
				t.Fatalf("%q, %q: delay %d is %v, %v", mine, queues, n, delay, again)
			}
		}
	})
}
