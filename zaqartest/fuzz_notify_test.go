package zaqartest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func FuzzSubscription(f *testing.F) {
	for _, seed := range []string{
		`{"subscriber":"http://x/","ttl":60,"options":{"a":1}}`, `{"subscriber":"trust+https://x/","options":null}`, `{"subscriber":""}`, `{}`, `[]`,
		`{"subscriber":"mailto:a@b?subject=x","ttl":9223372036854775807}`, `{"ttl":null,"options":{"_retry_policy":{"minimum_delay":-9223372036854775808}}}`,
		`{"subscriber":"http://x/","options":{"post_headers":{"a":5},"post_data":"\"$zaqar_message$\""}}`,
	} {
		f.Add([]byte(seed))
	}
	limits, now := defaultLimits(), instantOf(time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC))
	f.Fuzz(func(t *testing.T, body []byte) {
		if checkDocument(body) != nil {
			return
		}
		if terms, err := parseSubscriptionPatch(body, now); err == nil && terms.subscriber == nil && terms.ttl == nil && terms.options == nil {
			t.Fatalf("%q changes nothing", body)
		} else {
			wantRefusal(t, err)
		}
		s, err := parseSubscription(body, limits, now)
		if wantRefusal(t, err); err != nil {
			return
		}
		if s.ttl < minSubscriptionTTL || now.plus(s.ttl) <= now || !json.Valid(s.options) {
			t.Fatalf("%q is %+v", body, s)
		}
		back, ok := decodeSubscription(s.id, s.encode())
		if !ok || back.subscriber != s.subscriber || string(back.options) != string(s.options) || back.ttl != s.ttl {
			t.Fatalf("%q is read back as %+v", body, back)
		}
		told := notice{subscription: s, document: json.RawMessage(`{"body":1}`)}
		if text, err := filledIn(told); err == nil && s.option("post_data") == nil && string(text) != `{"body":1}` {
			t.Fatalf("%q sends %q", body, text)
		}
		policy := newRetryPolicy(s.option("_retry_policy"), nil)
		var total time.Duration
		for n := int64(0); ; n++ {
			delay, again := policy.delay(n)
			if total += delay; delay < 0 || n > maxAttempts {
				t.Fatalf("%q: delay %d is %v", body, n, delay)
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

func FuzzShare(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"paths":["messages","claims"],"methods":["GET",""],"expires":"2036-01-01T00:00:00+02:00"}`, `{"expires":1}`, `[]`, `{"paths":null,"methods":[],"expires":null}`,
	} {
		f.Add([]byte(seed))
	}
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		if checkDocument(body) != nil {
			return
		}
		wanted, err := parseShare(body, now)
		if wantRefusal(t, err); err != nil {
			return
		}
		if len(wanted.parts) == 0 || len(wanted.methods) == 0 || !wanted.expires.After(now) {
			t.Fatalf("%q shares %+v", body, wanted)
		}
		if _, ok := parseExpires(wanted.expires.UTC().Format(expiresForm)); !ok {
			t.Fatalf("%q ends at %v", body, wanted.expires)
		}
	})
}

// FuzzSignedHeaders gives a server pre-signed URLs that nobody made.
func FuzzSignedHeaders(f *testing.F) {
	f.Add("GET", "/v2/queues/q/messages", "2036-01-01T00:00:00", "a6aaa5c404a17b2f55c2d83e29fdba186f75e02548050f3319b45857426928c0", "GET", "/v2/queues/q/messages")
	f.Add("GET,POST", "/v2/queues/q/messages,", "", "x", "POST", "/v2/queues/q/messages/")
	f.Add("", "", "2036", "", "", "")
	s, err := NewServer(WithSecretKey("k"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	f.Fuzz(func(t *testing.T, methods, paths, expires, sign, method, path string) {
		u := signedURL{strings.Split(paths, ","), strings.Split(methods, ","), "p", expires, sign}
		if s.genuine(u) {
			t.Fatalf("%+v is genuine", u)
		}
		if u.covers(method, path) {
			named := slices.ContainsFunc(u.paths, func(p string) bool { return strings.HasPrefix(path, p) })
			if !named || !slices.Contains(u.methods, method) {
				t.Fatalf("%+v covers %s %s", u, method, path)
			}
		}
		u.signature = signature("k", u.paths, u.methods, u.project, expires)
		if end, ok := parseExpires(expires); s.genuine(u) && (!ok || !end.After(s.Now()) || end.Format(expiresForm) != expires) {
			t.Fatalf("%+v is genuine", u)
		}
	})
}

func FuzzPool(f *testing.F) {
	for _, seed := range []string{
		`{"uri":"redis://a","weight":1,"options":{},"flavor":"f"}`, `{"weight":4294967295}`, `{"uri":5}`, `[]`, `{"pool_list":["a",5],"capabilities":{}}`, `{"pool_list":[]}`,
	} {
		f.Add([]byte(seed), true, true)
		f.Add([]byte(seed), false, false)
	}
	f.Fuzz(func(t *testing.T, body []byte, isNew, flavored bool) {
		if checkDocument(body) != nil {
			return
		}
		_, err := parseFlavor(body, isNew)
		wantRefusal(t, err)
		terms, err := parsePool(body, isNew, flavored)
		if wantRefusal(t, err); err != nil {
			return
		}
		p := terms.apply(pool{name: "p"})
		if isNew && (p.URI == "" || p.capabilities() == nil) || p.Weight < 0 || p.Weight > 1<<32-1 || !flavored && p.Flavor != nil {
			t.Fatalf("%q is %+v", body, p)
		}
		value, err := marshal(p)
		if err != nil {
			t.Fatalf("%q cannot be stored: %v", body, err)
		}
		var back pool
		if err := json.Unmarshal(value, &back); err != nil || back.URI != p.URI || back.Weight != p.Weight {
			t.Fatalf("%q is read back as %+v: %v", body, back, err)
		}
	})
}

func FuzzConfirmation(f *testing.F) {
	for _, seed := range []string{`{"confirmed":true}`, `{"confirmed":false}`, `{"confirmed":1}`, `[]`, `{}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if checkDocument(body) != nil {
			return
		}
		yes, err := parseConfirmation(body)
		if wantRefusal(t, err); yes && !strings.Contains(string(body), "true") {
			t.Fatalf("%q confirms", body)
		}
	})
}
