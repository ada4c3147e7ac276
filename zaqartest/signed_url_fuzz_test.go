package zaqartest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

func FuzzShare(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"paths":["messages","claims"],"methods":["GET",""],"expires":"2036-01-01T00:00:00+02:00"}`, `{"expires":1}`, `[]`, `{"paths":null,"methods":[],"expires":null}`,
	} {
		f.Add([]byte(seed))
	}
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		if rawjson.Check(body) != nil {
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

// FuzzSignedHeaders presents forged pre-signed URLs.
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
