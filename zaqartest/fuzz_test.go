package zaqartest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"testing"
)

func FuzzMetadata(f *testing.F) {
	for _, seed := range []string{
		`{"_default_message_ttl":60,"a":[]}`, `{"_max_claim_count":"","_enable_encrypt_messages":null}`, `{}`, `[]`,
		`{"_retry_policy":{"minimum_delay":-9223372036854775808,"maximum_delay":9223372036854775807}}`, `{"_dead_letter_queue":5}`,
	} {
		f.Add([]byte(seed))
	}
	limits := defaultLimits()
	f.Fuzz(func(t *testing.T, text []byte) {
		if checkDocument(text) != nil {
			return
		}
		content, err := object(text)
		if err != nil || limits.checkMetadata(content) != nil {
			return
		}
		q := queue{project: "p", name: "q", uid: newUUID(), metadata: content}
		value, err := q.encode()
		if err != nil {
			t.Fatalf("%q cannot be stored: %v", text, err)
		}
		back, err := decodeQueue("p", "q", value)
		if err != nil || len(back.metadata) != len(content) {
			t.Fatalf("%q is read back as %v: %v", text, back.metadata, err)
		}
		if rules := rulesFor(limits, back); rules.ttl < minMessageTTL || rules.maxLength < 1 || rules.delay < 0 {
			t.Fatalf("%q makes the rules %+v", text, rules)
		}
		if _, err := marshal(back.metadata.withReserved(limits)); err != nil {
			t.Fatalf("%q cannot be told: %v", text, err)
		}
	})
}

func FuzzPurge(f *testing.F) {
	for _, seed := range []string{`{"resource_types":["messages","subscriptions"]}`, `{"resource_types":null}`, `[]`, `{"resource_types":[1]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if checkDocument(text) == nil {
			_, err := parsePurge(text)
			wantRefusal(t, err)
		}
	})
}

func FuzzAccept(f *testing.F) {
	for _, seed := range []string{
		"", "*/*", "application/json;q=0.5, text/xml", "application/vnd.x+json", ";q=,;;/", "application/json;q=NaN", "a/b;q=1e400",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		if q := quality(accept, jsonType); !(q >= 0 && q <= 1) {
			t.Fatalf("%q wants JSON %v", accept, q)
		}
		for _, r := range []*refusal{
			{status: 404, title: "404 Not Found"},
			{status: 400, title: "Invalid", description: accept, link: &helpLink{Text: accept}},
		} {
			out := r.told(accept)
			switch kind := out.header.Get("Content-Type"); {
			case kind == jsonType && (len(out.body) == 0 || json.Valid(out.body)):
			case (kind == "text/xml" || kind == "application/xml") && xml.Unmarshal(out.body, new(struct{})) == nil:
			default:
				t.Fatalf("%q gets %s: %q", accept, kind, out.body)
			}
		}
	})
}

func FuzzIDs(f *testing.F) {
	for _, seed := range []string{
		"3381af92-2b9e-11e3-b191-71861300734c", "{3381af922b9e11e3b19171861300734c}", "urn:uuid:3381AF92-2B9E-11E3-B191-71861300734C", "nonsense", "",
	} {
		f.Add(seed)
	}
	q := queue{project: "p", name: "q", uid: newUUID()}
	f.Fuzz(func(t *testing.T, text string) {
		id, ok := parseUUID(text)
		if !ok {
			return
		}
		if again, ok := parseUUID(id.String()); !ok || again != id {
			t.Fatalf("%q is %s, which is another id", text, id)
		}
		if number, ok := q.number(id); ok && q.id(number) != id {
			t.Fatalf("%s is message %d, whose id is %s", id, number, q.id(number))
		}
	})
}

func FuzzLogin(f *testing.F) {
	for _, seed := range []string{
		`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"demo","domain":{"id":"default"},"password":"secret"}}}}}`,
		`{"auth":{"identity":{"methods":["token"],"token":{"id":"x"}},"scope":"unscoped"}}`,
		`{"auth":{"identity":{"methods":["application_credential"],"application_credential":{"id":"x","secret":"y"}},"scope":{"project":null}}}`,
		`{"auth":{"identity":{"methods":[""]},"scope":5}}`, `{"auth":null}`, `[]`, `{"auth":{"identity":{"methods":[]}}}`,
	} {
		f.Add([]byte(seed))
	}
	s, err := NewServer(WithKeystone())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	f.Fuzz(func(t *testing.T, body []byte) {
		issued, err := s.identity.login(body)
		var refused *keystoneRefusal
		switch {
		case err == nil && (issued.id == "" || !bytes.Contains(body, []byte("secret"))):
			t.Fatalf("%q gets a token", body)
		case err != nil && (!errors.As(err, &refused) || refused.status != 400 && refused.status != 401):
			t.Fatalf("%q: %v", body, err)
		}
	})
}
