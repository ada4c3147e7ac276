package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
)

var messages = []behaviour{
	{"any JSON body comes back as it was", func(t *testing.T, s *suite) {
		q := s.queue(t)
		for _, body := range []string{
			`{"event":{"data":"winning","score":10}}`, `"text"`, `""`, `0`, `-1`, `3.5`, `true`, `false`, `null`, `[]`, `{}`,
			`[1,"two",[3]]`, `9007199254740993`, `9223372036854775807`, `-9223372036854775808`, `"<a href=\"x\">&amp;"`, `"日本語 ☃ 😀"`,
			`"line\nbreak\ttab\u0000null"`, `{"a":{"b":{"c":[{"d":null}]}}}`, `{"":""}`, `"\\ud800"`,
		} {
			id := post(t, q, json.RawMessage(body))[0]
			m, err := q.Message(t.Context(), id)
			if err != nil {
				t.Errorf("%s: %v", body, err)
				continue
			}
			if !sameJSON(m.Body(), []byte(body)) {
				t.Errorf("%s came back as %s", body, m.Body())
			}
		}
	}},
	{"decoding keeps all digits", func(t *testing.T, s *suite) {
		q := s.queue(t)
		m, err := q.Message(t.Context(), post(t, q, map[string]any{"n": int64(9007199254740993)})[0])
		if err != nil {
			t.Fatal(err)
		}
		var loose map[string]any
		var strict struct{ N int64 }
		if err := m.Decode(&loose); err != nil || loose["n"] != json.Number("9007199254740993") {
			t.Errorf("decoded %v, %v", loose, err)
		}
		if err := m.Decode(&strict); err != nil || strict.N != 9007199254740993 {
			t.Errorf("decoded %v, %v", strict, err)
		}
		if err := m.Decode(new([]int)); err == nil {
			t.Error("an object was decoded into a slice")
		}
	}},
	{"messages are kept in the order in which they were posted", func(t *testing.T, s *suite) {
		q := s.queue(t)
		made := slices.Concat(post(t, q, numbered(3)...), post(t, q, 3, 4))
		if got := ids(all(t, q.Messages(t.Context()))); !slices.Equal(got, made) {
			t.Errorf("listed %v, posted %v", got, made)
		}
	}},
	{"a thousand messages can be posted at once", func(t *testing.T, s *suite) {
		q := s.queue(t)
		made, err := q.Post(t.Context(), numbered(1000)...)
		if s.differs(t, 46) {
			hasCode(t, err, http.StatusBadGateway)
			if zaqar.SafeToRetry(err) {
				t.Errorf("the error says that nothing is stored: %v", err)
			}
		} else if err != nil || len(made) != 1000 {
			t.Errorf("%d ids, %v", len(made), err)
		}
		if stats, err := q.Stats(t.Context()); err != nil || stats.Total != 1000 {
			t.Errorf("stats are %v, %v", stats, err)
		}
	}},
	{"a message has its properties", func(t *testing.T, s *suite) {
		q := s.queue(t)
		id := post(t, q, zaqar.Outgoing{Body: "x", TTL: 120 * time.Second})[0]
		m, err := q.Message(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if m.ID() != id || m.TTL() != 2*time.Minute || m.Age() < 0 || m.Age() > time.Minute || m.Href() != q.Href()+"/messages/"+id {
			t.Errorf("id %s, TTL %v, age %v, href %s", m.ID(), m.TTL(), m.Age(), m.Href())
		}
		if m.String() != "<Message ttl:120>" {
			t.Errorf("it prints %s", m)
		}
		status, err := m.Status(t.Context())
		if s.version == zaqar.V1 { // hrefs of v1 do not name claims
			matches(t, err, zaqar.ErrUnsupported)
		} else if err != nil || status != zaqar.Free {
			t.Errorf("status %v, %v", status, err)
		}
		if err := m.Reload(t.Context()); err != nil || m.ID() != id {
			t.Errorf("reload: %v", err)
		}
	}},
	{"the default TTL is an hour", func(t *testing.T, s *suite) {
		q := s.queue(t)
		m, err := q.Message(t.Context(), post(t, q, "x")[0])
		if err != nil || m.TTL() != time.Hour {
			t.Errorf("message %v, %v", m, err)
		}
	}},
	{"a message that does not exist is an error with 404", func(t *testing.T, s *suite) {
		q := s.queue(t)
		m, err := q.Message(t.Context(), post(t, q, "x")[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err = q.Message(t.Context(), m.ID())
		matches(t, err, zaqar.ErrNotFound)
		if err == nil || !strings.Contains(err.Error(), "(404): ") {
			t.Errorf("the text is %v", err)
		}
		matches(t, m.Reload(t.Context()), zaqar.ErrNotFound)
	}},
	{"checksums agree with the bodies", func(t *testing.T, s *suite) {
		s.Options = append(slices.Clone(s.Options), zaqar.WithChecksums())
		q := s.queue(t)
		post(t, q, json.RawMessage(`{"b":1,"a":[1.50,1e2,1e-7,"é😀\u007f\/"],"":{}}`), "text", 5, zaqar.Outgoing{})
		for _, m := range all(t, q.Messages(t.Context())) {
			if m.Checksum() == "" && string(m.Body()) != "null" {
				t.Errorf("%s has no checksum: the server runs without", m.Body())
			}
			if _, err := q.Message(t.Context(), m.ID()); err != nil {
				t.Error(err)
			}
		}
		c := claim(t, q, zaqar.Limit(2))
		if err := c.Reload(t.Context()); err != nil {
			t.Error(err)
		}
		if popped, err := q.Pop(t.Context(), 2); err != nil || len(popped) != 2 {
			t.Errorf("popped %v, %v", popped, err)
		}
	}},
	{"an id belongs to its own queue", func(t *testing.T, s *suite) {
		client := s.client(t)
		q, other := s.queueOf(t, client), s.queueOf(t, client)
		id := post(t, q, "x")[0]
		_, err := other.Message(t.Context(), id)
		if s.differs(t, 10) {
			if err != nil {
				t.Errorf("by another queue: %v", err)
			}
		} else {
			matches(t, err, zaqar.ErrNotFound)
		}
	}},
	{"deleting what is not there succeeds", func(t *testing.T, s *suite) {
		q := s.queue(t)
		id := post(t, q, "x")[0]
		for range 2 {
			if err := q.DeleteMessage(t.Context(), id); err != nil {
				t.Error(err)
			}
		}
	}},
	{"messages expire", func(t *testing.T, s *suite) {
		q := s.queue(t)
		post(t, q, zaqar.Outgoing{Body: "short", TTL: time.Minute}, zaqar.Outgoing{Body: "long", TTL: time.Hour})
		s.Wait(62 * time.Second)
		left := func() []string { return bodies(all(t, q.Messages(t.Context()))) }
		if s.differs(t, 47) {
			s.collected(t, func() bool { return len(left()) < 2 })
		}
		if got := left(); !slices.Equal(got, []string{`"long"`}) {
			t.Errorf("left are %v", got)
		}
	}},
	{"stats survive expired messages", func(t *testing.T, s *suite) {
		q := s.queue(t)
		post(t, q, zaqar.Outgoing{Body: "short", TTL: time.Minute}, zaqar.Outgoing{Body: "long", TTL: time.Hour})
		s.Wait(62 * time.Second)
		stats, err := q.Stats(t.Context())
		if s.differs(t, 8) && err != nil {
			matches(t, err, zaqar.ErrUnavailable)
			return
		}
		if err != nil || stats.Total < 1 || stats.Total > 2 {
			t.Errorf("stats are %v, %v", stats, err)
		}
	}},
	{"many messages are deleted by their ids", func(t *testing.T, s *suite) {
		q := s.queue(t)
		made := post(t, q, numbered(45)...)
		if err := q.DeleteMessages(t.Context(), made[:44]); err != nil {
			t.Fatal(err)
		}
		if got := ids(all(t, q.Messages(t.Context()))); !slices.Equal(got, made[44:]) {
			t.Errorf("left are %d", len(got))
		}
	}},
	{"popping takes the oldest out", func(t *testing.T, s *suite) {
		q := s.queue(t)
		made := post(t, q, "a", "b", "c")
		popped, err := q.Pop(t.Context(), 2)
		if err != nil || !slices.Equal(ids(popped), made[:2]) || !slices.Equal(bodies(popped), []string{`"a"`, `"b"`}) {
			t.Fatalf("popped %v, %v", popped, err)
		}
		if status, err := popped[0].Status(t.Context()); err != nil || status != zaqar.Gone {
			t.Errorf("status %v, %v", status, err)
		}
		if err := popped[0].Delete(t.Context()); err != nil {
			t.Errorf("deleting what was popped: %v", err)
		}
		if got := ids(all(t, q.Messages(t.Context()))); !slices.Equal(got, made[2:]) {
			t.Errorf("left are %v", got)
		}
	}},
	{"the server's limits are passed on", func(t *testing.T, s *suite) {
		q := s.queue(t)
		ctx := t.Context()
		_, err := q.Post(ctx, bytes.Repeat([]byte("x"), 300_000))
		if !s.differs(t, 28) || !refusalLost(err) {
			matches(t, err, zaqar.ErrInvalid)
		}
		stored := 0
		_, err = q.Post(ctx, json.RawMessage("9223372036854775808"))
		switch {
		case s.differs(t, 42):
			stored = 1
			matches(t, err, nil)
		case s.differs(t, 52):
			hasCode(t, err, http.StatusInternalServerError)
		default:
			matches(t, err, zaqar.ErrInvalid)
		}
		_, err = q.Post(ctx, zaqar.Outgoing{Body: 1, TTL: 15 * 24 * time.Hour})
		matches(t, err, zaqar.ErrInvalid)
		if s.version.Supports("message_pop") {
			_, err = q.Pop(ctx, 1000)
			matches(t, err, zaqar.ErrInvalid)
		}
		_, err = q.Claim(ctx, zaqar.Limit(1000))
		matches(t, err, zaqar.ErrInvalid)
		if got := all(t, q.Messages(ctx)); len(got) != stored {
			t.Errorf("refused, but stored: %v", got)
		}
	}},
}

// refusalLost reports that a refusal came before the body had been read and was lost with
// the connection (quirk 28): the client sees the connection end, or a proxy sees it and
// answers for the server. Either way the error must say that the outcome is unknown.
func refusalLost(err error) bool {
	e, ok := errors.AsType[*zaqar.Error](err)
	return ok && e.MayHaveActed() && (e.Code == 0 || e.Code == http.StatusBadGateway)
}

func decoded(data []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	return value
}
