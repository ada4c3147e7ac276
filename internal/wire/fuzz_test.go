package wire

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// seeds are answers as real servers give them, and some that they should not.
var seeds = []string{
	``, `null`, `{}`, `[]`, `{"messages":[]}`, `{"queues":[],"links":[]}`, `"text"`, `5`,
	`{"messages":[{"id":"m","href":"/v2/queues/q/messages/m?claim_id=c","ttl":60,"age":0.5,"body":{"a":[1,null]},"checksum":"MD5:x"}],"links":[{"rel":"next","href":"/v2/queues/q/messages?marker=m"}]}`,
	`{"queues":[{"name":"q","href":"/v2/queues/q","metadata":{"_max_claim_count":null}}],"links":[{"rel":"next","href":"/v2/queues?marker=q"}],"count":true}`,
	`{"messages":{"claimed":1,"free":-1,"total":2,"oldest":{"age":1,"created":"2026-11-23T19:27:07Z","href":"/v2/queues/q/messages/m"},"newest":null}}`,
	`{"resources":["/v2/queues/q/messages/50b68a50d6f5b8c8a7c62b01"]}`,
	`{"age":1e3,"ttl":300,"messages":[],"href":"/v2/queues/q/claims/c"}`,
	`{"versions":[{"id":"1.1","status":"DEPRECATED"},{"id":"2","status":"CURRENT"}]}`,
	`{"resources":{"rel/queues":{"href-template":"/v2/queues{?marker}","href-vars":{"marker":"param/marker"},"hints":{"allow":["GET"]}}}}`,
	`{"title":"Not found","description":"No."}`, `{"error":{"code":401,"title":"Unauthorized","message":"no"}}`,
	`{"messages":[{"id":"m","ttl":60,"age":0,"body":[Infinity,"Infinity",-Infinity,{"a":NaN}]}]}`,
	`{"exception":"e","error":null}`, `<html><title>502 Bad Gateway</title>`, `{"messages":[{"href":"::","ttl":1e400}]}`,
	strings.Repeat(`{"messages":[`, 200), `{"ttl":9223372036854775807}`, `{"ttl":-1e18,"age":1,"messages":[]}`,
}

func fuzz(f *testing.F, check func(t *testing.T, data []byte)) {
	f.Helper()
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(check)
}

func FuzzQueues(f *testing.F) {
	fuzz(f, func(t *testing.T, data []byte) {
		page, err := DecodeQueues(data)
		for _, q := range page.Queues {
			if err == nil && q.Name == "" {
				t.Error("a queue without a name")
			}
		}
	})
}

func FuzzMessages(f *testing.F) {
	fuzz(f, func(t *testing.T, data []byte) {
		page, err := DecodeMessages(data)
		slow, slowErr := decodeMessages(data, func() error { return nil })
		if (err == nil) != (slowErr == nil) || !reflect.DeepEqual(page, slow) {
			t.Errorf("read in one pass: %+v, %v; by encoding/json: %+v, %v", page, err, slow, slowErr)
		}
		if err != nil {
			return
		}
		for _, m := range page.Messages {
			if m.ID == "" || !json.Valid(m.Body) && json.Valid(data) {
				t.Errorf("message %+v", m)
			}
		}
	})
}

func FuzzMessage(f *testing.F) {
	fuzz(f, func(t *testing.T, data []byte) {
		if m, err := DecodeMessage(data); err == nil && m.ID == "" {
			t.Error("a message without an id")
		}
	})
}

func FuzzPosted(f *testing.F) {
	fuzz(f, func(t *testing.T, data []byte) {
		for _, want := range []int{0, 1, 2} {
			ids, err := DecodePosted(data, want)
			if err == nil && len(ids) != want {
				t.Errorf("%d ids, want %d", len(ids), want)
			}
			if slow, slowErr := decodePosted(data, want); (err == nil) != (slowErr == nil) || !slices.Equal(ids, slow) {
				t.Errorf("read in one pass: %q, %v; by encoding/json: %q, %v", ids, err, slow, slowErr)
			}
		}
	})
}

func FuzzHref(f *testing.F) {
	for _, seed := range []string{
		"", "/", "//", "m", "/m", "/a/m", "/a/m/", "//h/m", "http://h/a/m", "/a/m?claim_id=c", "/a/m?claim_id=c&d=e", "/a/m?claim_id=%63",
		"/a/%6d", "/a/..", "/a/.", "/a/%2e%2e", "/a/m#f", "/a/m?#", "/a:b/c:d", ":", "/a b", "/\x00", "//?claim_id=c", "/m?claim_id=",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, href string) {
		if got, want := lastSegment(href), lastOfURL(href); got != want {
			t.Errorf("the id of %q is %q, but net/url says %q", href, got, want)
		}
		u, err := url.Parse(href)
		if want := ""; err == nil {
			if want = u.Query().Get("claim_id"); claimOf(href) != want {
				t.Errorf("the claim of %q is %q, but net/url says %q", href, claimOf(href), want)
			}
		}
	})
}

func FuzzClaim(f *testing.F) {
	fuzz(f, func(t *testing.T, data []byte) {
		_, _ = DecodeClaim(data)
		for _, location := range []string{"", "/v2/queues/q/claims/c", string(data)} {
			claim, err := DecodeNewClaim(http.StatusCreated, http.Header{"Location": {location}}, data)
			if err == nil && claim.ID == "" && len(claim.Messages) > 0 {
				t.Error("messages without a claim")
			}
		}
	})
}

func FuzzStats(f *testing.F) {
	fuzz(f, func(_ *testing.T, data []byte) { _, _ = DecodeStats(data) })
}

func FuzzDiscovery(f *testing.F) {
	fuzz(f, func(_ *testing.T, data []byte) {
		_, _ = DecodeVersions(data)
		_, _ = DecodeHome(data)
	})
}

func FuzzFault(f *testing.F) {
	fuzz(f, func(t *testing.T, data []byte) {
		fault := DecodeFault(data)
		if json.Valid(data) {
			return
		}
		if len(fault.Description) > 250 || !utf8.ValidString(fault.Description) {
			t.Errorf("the description is %q", fault.Description)
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	fuzz(f, func(t *testing.T, data []byte) {
		var value any
		if err := Unmarshal(data, &value); (err == nil) != json.Valid(data) {
			t.Errorf("%q: %v", data, err)
		}
		type body struct {
			TTL      float64           `json:"ttl"`
			Messages []json.RawMessage `json:"messages"`
			Title    *string           `json:"title"`
		}
		var fast, slow body
		err, slowErr := Unmarshal(data, &fast), unmarshalOne(data, &slow)
		if fmt.Sprint(err) != fmt.Sprint(slowErr) || !reflect.DeepEqual(fast, slow) {
			t.Errorf("by json.Unmarshal: %+v, %v; by a json.Decoder: %+v, %v", fast, err, slow, slowErr)
		}
	})
}

func FuzzSubscriptions(f *testing.F) {
	for _, seed := range []string{
		`{"subscriptions":[{"id":"s","source":"q","subscriber":"http://h/","ttl":60,"age":0,"options":{"post_headers":{"a":"b"}},"confirmed":false}],"links":[{"rel":"next","href":"/v2/queues/q/subscriptions?marker=s"}]}`,
		`{"id":"s","options":null,"ttl":1e99}`, `{"subscription_id":"s"}`, `{"subscriptions":[null]}`, `{"subscription_id":5}`,
	} {
		f.Add([]byte(seed))
	}
	fuzz(f, func(t *testing.T, data []byte) {
		if page, err := DecodeSubscriptions(data); err == nil {
			for _, s := range page.Subscriptions {
				if s.ID == "" {
					t.Errorf("%q has a subscription without an id", data)
				}
			}
		}
		if s, err := DecodeSubscription(data); err == nil && s.ID == "" {
			t.Errorf("%q is a subscription without an id", data)
		}
		if id, err := DecodeSubscribed(data); err == nil && id == "" {
			t.Errorf("%q subscribes without an id", data)
		}
	})
}
