package zaqartest

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// wantRefusal fails unless an error is one that the caller is told about, with
// a status of 4xx.
func wantRefusal(t *testing.T, err error) {
	t.Helper()
	if r, ok := refused(err); err != nil && (!ok || r.status < 400 || r.status > 499) {
		t.Errorf("not the caller's mistake: %v", err)
	}
}

func FuzzDocument(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2.5,-0,1e400,"\ud83d\ude00",null]}`, `["\ud800"]`, `[9223372036854775808]`, ` {}`, `"x"`, `[[[`, "[\"\xff\"]", `["\\u"]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if checkDocument(text) != nil {
			return
		}
		var value any
		if err := json.Unmarshal(text, &value); err != nil && !strings.Contains(err.Error(), "number") {
			t.Fatalf("taken, but: %v", err)
		}
		out, err := marshal(json.RawMessage(text))
		if err != nil || checkDocument(out) != nil {
			t.Fatalf("%q comes out as %q: %v", text, out, err)
		}
		if python := pythonJSON(text); len(python) == 0 {
			t.Fatalf("%q has no spelling in Python", text)
		}
	})
}

func FuzzPatch(f *testing.F) {
	for _, seed := range []string{
		`[{"op":"add","path":"/metadata/a~1b","value":1},{"op":"remove","path":"/metadata/a"}]`,
		`[{"op":"replace","path":"/metadata/_default_message_ttl","value":null}]`, `{}`, `[1]`,
	} {
		f.Add([]byte(seed))
	}
	limits := defaultLimits()
	f.Fuzz(func(t *testing.T, text []byte) {
		if checkDocument(text) != nil {
			return
		}
		edits, err := parsePatch(text)
		if err != nil {
			return
		}
		start := metadata{"a": []byte("1")}
		content, err := start.patched(edits, limits)
		if string(start["a"]) != "1" || len(start) != 1 {
			t.Fatal("the metadata was changed in place")
		}
		if err != nil || limits.checkMetadata(content) != nil {
			return
		}
		if _, err := marshal(content.withReserved(limits)); err != nil {
			t.Fatalf("%q makes metadata that cannot be told: %v", text, err)
		}
	})
}

func FuzzMessages(f *testing.F) {
	for _, seed := range []string{
		`[{"body":1}]`, `[{"body":null,"ttl":60,"delay":3}]`, `[{"body":[],"ttl":true}]`, `[]`, `{}`, `[{"ttl":1}]`,
	} {
		f.Add([]byte(seed), true)
	}
	limits := defaultLimits()
	f.Fuzz(func(t *testing.T, text []byte, delays bool) {
		if checkDocument(text) != nil {
			return
		}
		rules := rulesFor(limits, queue{})
		rules.delays = delays
		drafts, err := parseDrafts(text, rules)
		wantRefusal(t, err)
		for _, d := range drafts {
			if !json.Valid(d.body) || d.ttl < minMessageTTL || d.ttl > int64(limits.MaxMessageTTL) || d.delay < 0 {
				t.Fatalf("%q makes %+v", text, d)
			}
			m := d.message(1e18, uuid{})
			m.number = 7
			back, ok := decodeMessage(messageKey(uuid{}, m.number), m.encode())
			if !ok || string(back.body) != string(m.body) || back.expires != m.expires || back.number != m.number {
				t.Fatalf("%+v is read back as %+v", m, back)
			}
		}
	})
}

func FuzzClaim(f *testing.F) {
	for _, seed := range []string{`{"ttl":60,"grace":60}`, `{}`, `[]`, `{"ttl":null}`, `{"grace":-1}`} {
		f.Add([]byte(seed), true)
	}
	limits := defaultLimits()
	f.Fuzz(func(t *testing.T, text []byte, checkGrace bool) {
		if checkDocument(text) != nil {
			return
		}
		rules := defaultLease(limits)
		rules.checkGrace = checkGrace
		terms, err := parseLease(text, rules, limits)
		wantRefusal(t, err)
		if end := instant(1e18).plus(terms.ttl).plus(terms.grace); err == nil && end <= 1e18 {
			t.Fatalf("%+v ends at %d", terms, end)
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"limit=5&marker=a&echo=true", "ids=a,b&ids=c", "name=(&limit=", "limit=99999999999999999999", "k=%ff&;&=&=x", "ids=a%2Cb&limit=%zz",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		query := parseQuery(raw)
		_, err := count(query, "limit", 20, 10)
		wantRefusal(t, err)
		_, err = flag(query, "echo")
		wantRefusal(t, err)
		filter, err := newQueueFilter(query)
		wantRefusal(t, err)
		if err == nil {
			filter.matches(queue{name: "q", metadata: metadata{"k": []byte("5")}})
		}
		for _, id := range listed(query, "ids") {
			if id == "" {
				t.Fatalf("%q lists nothing", raw)
			}
		}
		next, err := url.Parse(nextLink("/v2/queues", query, nil, "m").Href)
		if err != nil || next.Query().Get("marker") != "m" {
			t.Fatalf("%q has the next link %v: %v", raw, next, err)
		}
	})
}

func TestQueriesAreReadAsZaqarReadsThem(t *testing.T) {
	query := parseQuery("ids=a,b%2Cc&ids=&ids=d,&limit=x,2&k=%zz+%&&=5&alone&a;b=1")
	for name, want := range map[string][]string{
		"ids": {"a", "b,c", "d"}, "limit": {"x", "2"}, "k": {"%zz %"}, "": {"5"}, "alone": nil, "a;b": {"1"},
	} {
		if got := listed(query, name); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if n, err := count(query, "limit", 20, 10); n != 2 || err != nil {
		t.Errorf("limit: %d, %v", n, err)
	}
}

func TestPythonSpellsNumbersInItsOwnWay(t *testing.T) {
	for given, want := range map[string]string{
		`1`: `1`, `-0`: `0`, `1.0`: `1.0`, `1e5`: `100000.0`, `1E16`: `1e+16`, `123456789012345680.0`: `1.2345678901234568e+17`,
		`0.0001`: `0.0001`, `0.00001`: `1e-05`, `-0.0`: `-0.0`, `1e400`: `Infinity`, `-1e400`: `-Infinity`,
		`"é\u007f/\n"`: `"\u00e9\u007f/\n"`, `"😀"`: `"\ud83d\ude00"`, `{"b":1,"a":2,"b":3}`: `{"b": 3, "a": 2}`,
		`[]`: `[]`, `{}`: `{}`, `[ 1,true , null]`: `[1, true, null]`, `"\b\f\r\t\"\\\u0001"`: `"\b\f\r\t\"\\\u0001"`,
	} {
		if got := string(pythonJSON(json.RawMessage(given))); got != want {
			t.Errorf("%s: %s, want %s", given, got, want)
		}
	}
}

func TestAcceptHeadersAreWeighed(t *testing.T) {
	for accept, want := range map[string]bool{
		"": true, "*/*": true, "application/*": true, "application/json": true, "Application/JSON; charset=utf-8": true,
		"text/html, application/json;q=0.1": true, "application/json;q=0, */*": false, "application/json-home": false,
		"application/vnd.openstack.messaging-v2+json": false, "text/*": false, "nonsense": false, "*/*;q=0": false,
	} {
		if got := quality(accept, "application/json") > 0; got != want {
			t.Errorf("%q admits JSON: %v", accept, got)
		}
	}
}
