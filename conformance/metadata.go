package conformance

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
)

var metadata = []behaviour{
	{"update replaces the content", func(t *testing.T, s *suite) {
		m := metadataOf(t, s.queue(t, zaqar.Content{"old": 1, "same": "x"}))
		if err := m.Update(t.Context(), map[string]any{"max_size": 1000, "same": "x"}); err != nil {
			t.Fatal(err)
		}
		wantOwn(t, m, `{"max_size":1000,"same":"x"}`)
		if err := m.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantOwn(t, m, `{"max_size":1000,"same":"x"}`)
		if err := m.Update(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		wantOwn(t, m, `{}`)
	}},
	{"single keys can be set and removed", func(t *testing.T, s *suite) {
		m := metadataOf(t, s.queue(t, zaqar.Content{"a": 1, "b": 2}))
		if err := m.Set(t.Context(), "c", []string{"x"}); err != nil {
			t.Fatal(err)
		}
		if err := m.Set(t.Context(), "a", nil); err != nil {
			t.Fatal(err)
		}
		if err := m.Remove(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
		wantOwn(t, m, `{"a":null,"c":["x"]}`)
	}},
	{"any key and any value survive", func(t *testing.T, s *suite) {
		m := metadataOf(t, s.queue(t))
		content := map[string]any{
			"a/b": 1, "a~b": 2, "~1": 3, "~0/": 4, "ключ": "значение", "with space": true, "null": nil,
			"big": json.Number("9007199254740993"), "nested": map[string]any{"list": []any{1, "two", nil}}, "markup": "<a&b>",
		}
		for range 2 { // the second time there is no difference
			if err := m.Update(t.Context(), content); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		wantOwn(t, m, string(want))
	}},
	{"what was read can be changed and written back", func(t *testing.T, s *suite) {
		m := metadataOf(t, s.queue(t, zaqar.Content{"n": 1}))
		content := m.Content()
		content["n"] = 2
		if err := m.Update(t.Context(), content); err != nil {
			t.Fatal(err)
		}
		wantOwn(t, m, `{"n":2}`)
	}},
	{"changing a queue that does not exist is an error", func(t *testing.T, s *suite) {
		q := s.absent(t, s.client(t))
		m := metadataOf(t, q)
		matches(t, m.Update(t.Context(), map[string]any{"a": 1}), zaqar.ErrNotFound)
		matches(t, m.Set(t.Context(), "a", 1), zaqar.ErrNotFound)
		if exists, err := q.Exists(t.Context()); exists || err != nil {
			t.Errorf("exists: %v, %v", exists, err)
		}
	}},
	{"removing a key that is not there is a conflict", func(t *testing.T, s *suite) {
		m := metadataOf(t, s.queue(t))
		matches(t, m.Remove(t.Context(), "nothing"), zaqar.ErrConflict)
	}},
	{"the reserved keys have types", func(t *testing.T, s *suite) {
		client := s.client(t)
		want := zaqar.Reserved{
			MaxMessagesPostSize: 1000, DefaultMessageTTL: 2 * time.Minute, DefaultMessageDelay: 30 * time.Second,
			DeadLetterQueue: "dead", MaxClaimCount: 3, DeadLetterMessagesTTL: time.Hour,
		}
		q := s.queueOf(t, client, want)
		m := metadataOf(t, q)
		got, err := m.Reserved()
		if err != nil || got != want {
			t.Errorf("reserved is %+v, %v, want %+v", got, err, want)
		}
		if err := m.Set(t.Context(), zaqar.KeyDefaultMessageTTL, 61); err != nil {
			t.Fatal(err)
		}
		if got, err := m.Reserved(); err != nil || got.DefaultMessageTTL != 61*time.Second {
			t.Errorf("reserved is %+v, %v", got, err)
		}
		if err := m.Update(t.Context(), map[string]any{"own": 1}); err != nil {
			t.Fatal(err)
		}
		if got, err := m.Reserved(); err != nil || got.DefaultMessageTTL != time.Hour || got.DeadLetterQueue != "" {
			t.Errorf("after a replacement reserved is %+v, %v, want the server's defaults", got, err)
		}
	}},
	{"a reserved key with a wrong value is refused", func(t *testing.T, s *suite) {
		client := s.client(t)
		m := metadataOf(t, s.queueOf(t, client))
		matches(t, m.Set(t.Context(), zaqar.KeyDefaultMessageTTL, 59), zaqar.ErrInvalid)
		matches(t, m.Set(t.Context(), zaqar.KeyMaxClaimCount, "many"), zaqar.ErrInvalid)
		_, err := client.CreateQueue(t.Context(), s.absent(t, client).Name(), zaqar.Content{zaqar.KeyDefaultMessageTTL: "x"})
		matches(t, err, zaqar.ErrInvalid)
	}},
	{"the queue's default TTL is given to messages", func(t *testing.T, s *suite) {
		q := s.queue(t, zaqar.Reserved{DefaultMessageTTL: 5 * time.Minute})
		post(t, q, 1, zaqar.Outgoing{Body: 2, TTL: 2 * time.Minute})
		found := all(t, q.Messages(t.Context()))
		if len(found) != 2 || found[0].TTL() != 5*time.Minute || found[1].TTL() != 2*time.Minute {
			t.Errorf("found %v", found)
		}
	}},
}

func metadataOf(t *testing.T, q *zaqar.Queue) *zaqar.Metadata {
	t.Helper()
	m, err := q.Metadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// wantOwn compares the content without Zaqar's own keys.
func wantOwn(t *testing.T, m *zaqar.Metadata, want string) {
	t.Helper()
	own := map[string]any{}
	for key, value := range m.Content() {
		if key[0] != '_' {
			own[key] = value
		}
	}
	encoded, err := json.Marshal(own)
	if err != nil {
		t.Fatal(err)
	}
	if !sameJSON(encoded, []byte(want)) {
		t.Errorf("the content is %s, want %s", encoded, want)
	}
}

// sameJSON compares JSON values. The order of keys and spaces do not matter; the digits
// of numbers do.
func sameJSON(a, b []byte) bool {
	return reflect.DeepEqual(decoded(a), decoded(b))
}
