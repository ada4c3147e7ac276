package zaqar

import (
	"encoding/json"
	"testing"
)

// The decoders that are not in internal/wire.

func FuzzHealth(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `[]`, `{}`, `{"storage_reachable":true,"operation_status":{"create_queue":{"succeeded":true,"seconds":0.01,"ref":null}}}`,
		`{"catalog_reachable":true,"p1":{"storage_reachable":false,"operation_status":{}},"p2":null}`, `{"catalog_reachable":5}`,
		`{"storage_reachable":true,"operation_status":{"x":{"seconds":1e300}}}`, `{"storage_reachable":"yes"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		health, err := decodeHealth(data)
		if err == nil && !json.Valid(data) {
			t.Errorf("%q was taken", data)
		}
		_ = health.OK()
	})
}

func FuzzMetadata(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `[]`, `{}`, `{"_default_message_ttl":61,"_dead_letter_queue":null,"a":{"b":[1,"x",null]}}`,
		`{"_max_claim_count":"many"}`, `{"_retry_policy":{"minimum_delay":5.5,"retry_backoff_function":"linear"}}`, `{"n":1e400}`, `{} {}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		content, err := decodeContent(data)
		if err != nil {
			return
		}
		again, err := normal(content)
		if err != nil || len(again) != len(content) {
			t.Errorf("%q: %v, then %v, %v", data, content, again, err)
		}
		m := &Metadata{queue: &Queue{}, content: content}
		_, _ = m.Reserved()
		_ = m.String()
		if changes := m.difference(content); len(changes) != 0 {
			t.Errorf("%q differs from itself: %v", data, changes)
		}
	})
}
