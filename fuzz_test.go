package zaqar

import (
	"encoding/json"
	"errors"
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
		again, err := normalized(content)
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

func FuzzDeadLetter(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `[]`, `{}`, `{"zaqar_dead_letter":1}`, `{"zaqar_dead_letter":2,"body":1}`, `{"zaqar_dead_letter":1,"body":null}`,
		`{"zaqar_dead_letter":1,"queue":"wot","id":"a","reason":"r","permanent":true,"attempts":5,` +
			`"first":"2026-01-02T03:04:05Z","last":"2026-01-02T03:04:06.5+01:00","body":{"n":12345678901234567890}}`,
		`{"zaqar_dead_letter":1,"attempts":-1,"first":"yesterday"}`, `{"zaqar_dead_letter":1,"queue":5}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		letter, err := decodeDeadLetter(data)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("%q: %v", data, err)
			}
			return
		}
		if !json.Valid(letter.Body) {
			t.Errorf("%q: the body %q is no JSON", data, letter.Body)
		}
		_ = letter.String()
	})
}
