package zaqartest

import (
	"strings"
	"testing"
	"time"
)

func TestSignaturesAreThoseOfRealServers(t *testing.T) {
	t.Parallel()
	const want = "a6aaa5c404a17b2f55c2d83e29fdba186f75e02548050f3319b45857426928c0"
	got := signature("SOMELONGSECRET", []string{"/v2/queues/uq/messages"}, []string{"GET"}, "wireU", "2036-01-01T00:00:00")
	if got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
	one := signature("k", []string{"/b", "/a"}, []string{"POST", "GET"}, "p", "2036-01-01T00:00:00")
	other := signature("k", []string{"/a", "/b"}, []string{"GET", "POST"}, "p", "2036-01-01T00:00:00")
	if one != other {
		t.Error("the order of paths and methods changes the signature")
	}
}

func TestASignedURLIsGenuineOnlyAsItWasSigned(t *testing.T) {
	t.Parallel()
	srv, err := NewServer(WithSecretKey("k"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = srv.Close() }()
	end := srv.Now().Add(time.Hour).UTC()
	good := signedURL{
		paths: []string{"/v2/queues/q/messages"}, methods: []string{"GET", "POST"},
		project: "p", expires: end.Format(expiresForm),
	}
	good.signature = signature("k", good.paths, good.methods, good.project, good.expires)
	zoned := good
	zoned.expires = end.In(time.FixedZone("", 2*3600)).Format(time.RFC3339)
	for what, u := range map[string]signedURL{"as it is": good, "in another zone": zoned} {
		if !srv.genuine(u) {
			t.Errorf("%s it is refused", what)
		}
	}
	for what, change := range map[string]func(*signedURL){
		"path":      func(u *signedURL) { u.paths = []string{"/v2/queues/other/messages"} },
		"method":    func(u *signedURL) { u.methods = []string{"GET", "DELETE"} },
		"project":   func(u *signedURL) { u.project = "other" },
		"end":       func(u *signedURL) { u.expires = end.Add(time.Hour).Format(expiresForm) },
		"signature": func(u *signedURL) { u.signature = strings.ToUpper(u.signature) },
		"no path":   func(u *signedURL) { u.paths = nil },
		"no method": func(u *signedURL) { u.methods = nil },
	} {
		forged := good
		change(&forged)
		if srv.genuine(forged) {
			t.Errorf("with another %s it is taken", what)
		}
	}
	srv.Advance(time.Hour)
	if srv.genuine(good) {
		t.Error("it is taken after its end")
	}
}

func TestWithoutAKeyNothingIsGenuine(t *testing.T) {
	t.Parallel()
	srv, err := NewServer()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = srv.Close() }()
	u := signedURL{paths: []string{"/v2/queues/q/messages"}, methods: []string{"GET"}, project: "p", expires: "2999-01-01T00:00:00"}
	u.signature = signature("", u.paths, u.methods, u.project, u.expires)
	if srv.genuine(u) {
		t.Error("a server without a key has signed something")
	}
}

func TestExpiresIsADate(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"2036-01-02":                 "2036-01-02T00:00:00",
		"2036-01":                    "2036-01-01T00:00:00",
		"2036-01-02T03:04":           "2036-01-02T03:04:00",
		"2036-01-02T03:04:05":        "2036-01-02T03:04:05",
		"2036-01-02 03:04:05.678":    "2036-01-02T03:04:05",
		"20360102T030405Z":           "2036-01-02T03:04:05",
		"2036-01-02T03:04:05+02:00":  "2036-01-02T01:04:05",
		"2036-01-02T03:04:05.5-0230": "2036-01-02T05:34:05",
		"2036-01-02T03:04:05+02":     "2036-01-02T01:04:05",
	} {
		if got, ok := parseExpires(given); !ok || got.Format(expiresForm) != want {
			t.Errorf("%q is %s (%t), want %s", given, got, ok, want)
		}
	}
	for _, bad := range []string{"", "2036", "20360102", "2082844800", "tomorrow", "2036-13-01", "2036-01-02T25:00", "2036-01-02T03:04:05+25:00", "-1"} {
		if got, ok := parseExpires(bad); ok {
			t.Errorf("%q is taken for %s", bad, got)
		}
	}
}
