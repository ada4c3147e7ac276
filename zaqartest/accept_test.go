package zaqartest

import (
	"encoding/json"
	"encoding/xml"
	"testing"
)

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
			out := r.render(accept)
			switch kind := out.header.Get("Content-Type"); {
			case kind == jsonType && (len(out.body) == 0 || json.Valid(out.body)):
			case (kind == "text/xml" || kind == "application/xml") && xml.Unmarshal(out.body, new(struct{})) == nil:
			default:
				t.Fatalf("%q gets %s: %q", accept, kind, out.body)
			}
		}
	})
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
