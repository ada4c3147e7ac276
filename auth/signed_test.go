package auth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/zaqar-go/zaqar/auth"
)

var farAway = time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)

// vector is a grant that a real Zaqar signed with the key SOMELONGSECRET.
var vector = auth.Grant{Paths: []string{"/v2/queues/uq/messages"}, Methods: []string{"GET"}, Project: "wireU", Expires: farAway}

const (
	vectorKey       = "SOMELONGSECRET"
	vectorSignature = "a6aaa5c404a17b2f55c2d83e29fdba186f75e02548050f3319b45857426928c0"
)

func sign(t *testing.T, key string, g auth.Grant) auth.SignedURL {
	t.Helper()
	signed, err := auth.Sign(key, g)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestASignatureIsTheOneThatZaqarMakes(t *testing.T) {
	t.Parallel()
	signed := sign(t, vectorKey, vector)
	if got := signed.Signature().Reveal(); got != vectorSignature {
		t.Errorf("the signature is %s", got)
	}
	// Neither the order of the lists nor the zone matters.
	shuffled := auth.Grant{
		Paths: []string{"/v2/queues/q/messages", "/v2/queues/q/claims"}, Methods: []string{"POST", "DELETE", "GET"}, Project: "p",
		Expires: time.Date(2036, 1, 1, 2, 0, 0, 999, time.FixedZone("", 2*60*60)),
	}
	sorted := auth.Grant{
		Paths: []string{"/v2/queues/q/claims", "/v2/queues/q/messages"}, Methods: []string{"DELETE", "GET", "POST"}, Project: "p",
		Expires: farAway,
	}
	a, b := sign(t, "k", shuffled), sign(t, "k", sorted)
	if a.Reveal() != b.Reveal() || !reflect.DeepEqual(a.Grant(), sorted) {
		t.Errorf("%s\n%s\n%+v", a.Reveal(), b.Reveal(), a.Grant())
	}
}

func TestASignatureIsVerifiedWithItsKeyOnly(t *testing.T) {
	t.Parallel()
	signed := sign(t, vectorKey, vector)
	before := farAway.Add(-time.Second)
	if err := signed.Verify(vectorKey, before); err != nil {
		t.Error(err)
	}
	if err := signed.Verify(vectorKey, farAway); !errors.Is(err, auth.ErrExpired) || !errors.Is(err, auth.ErrRefused) {
		t.Errorf("at its end: %v", err)
	}
	for _, key := range []string{"", "somelongsecret", vectorKey + "x"} {
		if err := signed.Verify(key, before); !errors.Is(err, auth.ErrSignature) {
			t.Errorf("with the key %q: %v", key, err)
		}
	}
	if err := (auth.SignedURL{}).Verify(vectorKey, before); !errors.Is(err, auth.ErrSignature) {
		t.Errorf("an empty one: %v", err)
	}
	// After any single change the signature no longer matches the grant.
	text := signed.Reveal()
	for old, tampered := range map[string]string{
		"queues/uq/": "queues/other/", "methods=GET": "methods=DELETE,GET", "wireU": "wireV", "2036": "2037", "a6aaa": "b6aaa",
	} {
		forged, err := auth.ParseSignedURL(strings.Replace(text, old, tampered, 1))
		if err != nil {
			t.Fatalf("%s: %v", old, err)
		}
		if err := forged.Verify(vectorKey, before); !errors.Is(err, auth.ErrSignature) {
			t.Errorf("%s for %s: %v", tampered, old, err)
		}
	}
}

func TestWhatIsRevealedIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.StringMatching(`/v2/queues/[a-zA-Z0-9_.\-]{1,64}(/messages|/claims|/subscriptions)?`), 1, 4)
		g := auth.Grant{
			Endpoint: rapid.SampledFrom([]string{"", "http://127.0.0.1:8888", "https://cloud.example.com/messaging", "https://[::1]:1/a%2Fb"}).Draw(t, "endpoint"),
			Paths:    names.Draw(t, "paths"),
			Methods:  rapid.SliceOfN(rapid.StringMatching(`[A-Z]{1,9}`), 1, 4).Draw(t, "methods"),
			Project:  rapid.StringMatching(`[ -~äß]{1,32}`).Draw(t, "project"),
			Expires:  time.Unix(rapid.Int64Range(0, 200_000_000_000).Draw(t, "expires"), 5),
		}
		key := rapid.StringN(1, 50, -1).Draw(t, "key")
		signed, err := auth.Sign(key, g)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{signed.Reveal(), string(signed.RevealJSON()), "\n " + signed.Reveal() + "\n"} {
			read, err := auth.ParseSignedURL(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if !reflect.DeepEqual(read.Grant(), signed.Grant()) || read.Signature().Reveal() != signed.Signature().Reveal() {
				t.Fatalf("%s\nis read as %+v,\nwant       %+v", text, read.Grant(), signed.Grant())
			}
			if err := read.Verify(key, g.Expires.Add(-time.Second)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestAnswersOfZaqarAndOfItsCommandAreRead(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"the server": `{"paths":["/v2/queues/uq/messages"],"methods":["GET"],"project":"wireU","expires":"2036-01-01T00:00:00","signature":"` + vectorSignature + `"}`,
		"the openstack command": `{"Paths":["/v2/queues/uq/messages"],"Methods":["GET"],"Expires":"2036-01-01T00:00:00","Signature":"` +
			vectorSignature + `","Project ID":"wireU"}`,
		"a joined list":  `{"paths":"/v2/queues/uq/messages","methods":"GET","project":"wireU","expires":"2036-01-01T01:00:00+01:00","signature":"` + vectorSignature + `"}`,
		"the line":       "zaqar:?paths=/v2/queues/uq/messages&methods=GET&project=wireU&expires=2036-01-01T00:00:00&signature=" + vectorSignature,
		"one with zones": "zaqar:?paths=%2Fv2%2Fqueues%2Fuq%2Fmessages&methods=GET&project=wireU&expires=2036-01-01T00:00:00Z&signature=" + vectorSignature,
	} {
		signed, err := auth.ParseSignedURL(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := signed.Verify(vectorKey, time.Now()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsNoSignedURLIsRefusedWithoutShowingIt(t *testing.T) {
	t.Parallel()
	const s = vectorSignature
	good := func(change ...string) string {
		text := "zaqar+https://h/?paths=/v2/queues/uq/messages&methods=GET&project=p&expires=2036-01-01T00:00:00&signature=" + s
		return strings.NewReplacer(change...).Replace(text)
	}
	if _, err := auth.ParseSignedURL(good()); err != nil {
		t.Fatal(err)
	}
	for text, reason := range map[string]string{
		"":                                  "empty",
		"   ":                               "empty",
		s:                                   "must start with",
		"https://h/?signature=" + s:         "must start with",
		"zaqar+ftp://h/?signature=" + s:     "expires",
		good("https", "gopher"):             "endpoint",
		good("https://h", "https://u:p@h"):  "endpoint",
		good("+https://h/", "://h/"):        "endpoint",
		good("https://h/", "https:///"):     "endpoint",
		good("paths=/v2", "paths=/v1"):      "API v2",
		good("uq/m", "uq%20/m"):             "API v2",
		good("uq/m", "uq%0a/m"):             "API v2",
		good("uq/m", "uq%3F/m"):             "API v2",
		good("/v2/queues/uq/messages", ""):  "API v2",
		good("GET", ""):                     "HTTP",
		good("GET", "GET,,POST"):            "HTTP",
		good("GET", "G%0aT"):                "HTTP",
		good("project=p", "project="):       "project",
		good("project=p", "project=%0d%0a"): "project",
		good("2036-01-01T00:00:00", "soon"): "expires",
		good("2036", "12036"):               "expires",
		good("2036", "0000"):                "year",
		good("2036-01-01T00:00:00", "0001-01-01T00:00:00"):       "expires",
		good("2036-01-01T00:00:00", "9999-12-31T23:59:59-01:00"): "year",
		good("a6aaa", "A6AAA"):                                   "hexadecimal",
		good("a6aaa", ""):                                        "hexadecimal",
		good(s, ""):                                              "hexadecimal",
		good(s, "%5Bredacted%5D"):                                "redacted",
		good("GET", "GET&methods=POST"):                          "more than once",
		good("&", "%zz&"):                                        "query",
		good("&methods", " methods"):                             "API v2",
		good("project=p", "project=%93"):                         "UTF-8",
		sample().String():                                        "redacted",
		`{"signature":"` + s + `"`:                               "JSON",
		`{"signature":"` + s + `","paths":5}`:                    "JSON",
		`{"signature":"` + s + `"}`:                              "expires",
		strings.Repeat("a", 70_000):                              "longer than",
		"zaqar:\x00?" + s:                                        "URL",
	} {
		signed, err := auth.ParseSignedURL(text)
		if err == nil {
			t.Errorf("%q was read as %v", text, signed)
			continue
		}
		if !strings.Contains(err.Error(), reason) || strings.Contains(err.Error(), "a6aaa") || strings.Contains(err.Error(), "a5c404") {
			t.Errorf("%q: the error is %v, want one about %q", text, err, reason)
		}
	}
}

func sample() auth.SignedURL {
	signed, err := auth.Sign(vectorKey, vector)
	if err != nil {
		panic(err)
	}
	return signed
}

func TestWhatNoServerWouldAcceptIsNotSigned(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*auth.Grant){
		"no paths":         func(g *auth.Grant) { g.Paths = nil },
		"no methods":       func(g *auth.Grant) { g.Methods = nil },
		"no project":       func(g *auth.Grant) { g.Project = "" },
		"a broken project": func(g *auth.Grant) { g.Project = "\x93" },
		"no end":           func(g *auth.Grant) { g.Expires = time.Time{} },
		"a path of v1":     func(g *auth.Grant) { g.Paths = []string{"/v1/queues/q/messages"} },
		"a comma":          func(g *auth.Grant) { g.Paths = []string{"/v2/queues/a,b"} },
		"an empty method":  func(g *auth.Grant) { g.Methods = []string{""} },
		"no URL":           func(g *auth.Grant) { g.Endpoint = "h" },
	} {
		g := vector
		change(&g)
		if signed, err := auth.Sign("k", g); err == nil {
			t.Errorf("%s: signed as %v", name, signed)
		}
	}
	if _, err := auth.Sign("", vector); err == nil {
		t.Error("signed with an empty key")
	}
}

func TestASignedURLSetsItsHeaders(t *testing.T) {
	t.Parallel()
	g := vector
	g.Methods = []string{"POST", "GET"}
	h := http.Header{}
	if err := sign(t, vectorKey, g).Authorize(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"URL-Paths": "/v2/queues/uq/messages", "URL-Methods": "GET,POST", "URL-Expires": "2036-01-01T00:00:00", "X-Project-ID": "wireU",
		"X-Auth-Token": "",
	} {
		if h.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, h.Get(name), want)
		}
	}
	if len(h.Get("URL-Signature")) != 64 {
		t.Errorf("the signature is %q", h.Get("URL-Signature"))
	}
	h = http.Header{}
	if err := (auth.SignedURL{}).Authorize(t.Context(), h); err == nil || len(h) != 0 {
		t.Errorf("an empty one sets %v, %v: an empty signature opens some servers", h, err)
	}
}

func TestASignedURLKnowsWhatItCovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		signed := sign(t, vectorKey, auth.Grant{
			Paths: []string{"/v2/queues/uq/messages", "/v2/queues/uq/claims/"}, Methods: []string{"GET", "POST"}, Project: "p", Expires: time.Now().Add(time.Hour),
		})
		for _, call := range []struct {
			method, path string
			want         error
		}{
			{"GET", "/v2/queues/uq/messages", nil},
			{"POST", "/v2/queues/uq/messages", nil},
			{"GET", "/v2/queues/uq/messages/abc", nil},
			{"GET", "/v2/queues/uq/claims/abc", nil},
			{"DELETE", "/v2/queues/uq/messages/abc", auth.ErrNotCovered},
			{"GET", "/v2/queues/uq", auth.ErrNotCovered},
			{"GET", "/v2/queues/other/messages", auth.ErrNotCovered},
			{"GET", "/v2/queues/uq/messages-of-others", auth.ErrNotCovered},
			{"GET", "/v1.1/queues/uq/messages", auth.ErrNotCovered},
			{"GET", "/", auth.ErrNotCovered},
		} {
			if err := signed.Allows(call.method, call.path); !errors.Is(err, call.want) {
				t.Errorf("%s %s: %v, want %v", call.method, call.path, err, call.want)
			}
		}
		time.Sleep(time.Hour) // of the bubble
		if err := signed.Allows("GET", "/v2/queues/uq/messages"); !errors.Is(err, auth.ErrExpired) {
			t.Errorf("after an hour: %v", err)
		}
		h := http.Header{}
		if err := signed.Authorize(t.Context(), h); !errors.Is(err, auth.ErrExpired) || len(h) != 0 {
			t.Errorf("after an hour: %v, %v", h, err)
		}
	})
}

func TestASignedURLTellsItsEndpointAndItsEnd(t *testing.T) {
	t.Parallel()
	signed := sample()
	if _, err := signed.Endpoint(t.Context()); err == nil {
		t.Error("without an endpoint it tells one")
	}
	with, err := signed.WithEndpoint("https://h:1/")
	if err != nil {
		t.Fatal(err)
	}
	if found, err := with.Endpoint(t.Context(), "messaging"); err != nil || found != "https://h:1" {
		t.Errorf("the endpoint is %q, %v", found, err)
	}
	if _, err := with.Endpoint(t.Context(), "messaging-websocket"); err == nil {
		t.Error("it tells an endpoint of the WebSocket")
	}
	if _, err := signed.WithEndpoint("https://user:pass@h"); err == nil {
		t.Error("an endpoint with a password is taken")
	}
	if !signed.Expires().Equal(farAway) || signed.ProjectID() != "wireU" || signed.Grant().Endpoint != "" {
		t.Errorf("it is %+v", signed.Grant())
	}
	signed.Grant().Paths[0] = "changed"
	if signed.Grant().Paths[0] == "changed" {
		t.Error("what it tells can be used to change it")
	}
}

func TestASignedURLShowsItsSignatureOnPurposeOnly(t *testing.T) {
	t.Parallel()
	signed := sample()
	type holder struct {
		URL    auth.SignedURL
		hidden auth.SignedURL
	}
	for _, value := range []any{signed, &signed, holder{signed, signed}, []auth.SignedURL{signed}, signed.Grant(), map[string]any{"u": signed}} {
		var logged bytes.Buffer
		slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "value", value)
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "value", value)
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Error(err)
		}
		texts := []string{logged.String(), string(encoded)}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			texts = append(texts, fmt.Sprintf(verb, value))
		}
		for _, text := range texts {
			if strings.Contains(text, "a6aaa5c4") || strings.Contains(text, fmt.Sprintf("%x", "a6aaa5c4")) {
				t.Errorf("%T shows the signature: %s", value, text)
			}
		}
	}
	if text := fmt.Sprintf("%+v", signed); text != "<SignedURL GET /v2/queues/uq/messages until 2036-01-01T00:00:00Z>" {
		t.Errorf("it prints %s", text)
	}
	if !strings.Contains(signed.Reveal(), vectorSignature) || !strings.Contains(string(signed.RevealJSON()), vectorSignature) {
		t.Error("what is revealed has no signature")
	}
	if zero := (auth.SignedURL{}); zero.Reveal() != "" || zero.RevealJSON() != nil || zero.String() != "<SignedURL empty>" {
		t.Error("an empty one reveals something")
	}
}

func FuzzSignedURL(f *testing.F) {
	signed := sample()
	with, err := signed.WithEndpoint("https://h:1/x")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "zaqar:?", "zaqar+https://", "{", "null", "{}", `{"paths":"","expires":null}`, strings.Replace(signed.Reveal(), "project=", "project=%93", 1), signed.Reveal(), with.Reveal(), string(with.RevealJSON())} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		read, err := auth.ParseSignedURL(text)
		if err != nil {
			return
		}
		again, err := auth.ParseSignedURL(read.Reveal())
		if err != nil || !reflect.DeepEqual(again.Grant(), read.Grant()) {
			t.Errorf("%q is read as %+v, and then as %+v, %v", text, read.Grant(), again.Grant(), err)
		}
		if again, err := auth.ParseSignedURL(string(read.RevealJSON())); err != nil || !reflect.DeepEqual(again.Grant(), read.Grant()) {
			t.Errorf("%q is read as %+v, and by JSON as %+v, %v", text, read.Grant(), again.Grant(), err)
		}
		h := http.Header{}
		if err := read.Authorize(t.Context(), h); err == nil && h.Get(auth.HeaderSignature) == "" {
			t.Errorf("%q sends an empty signature", text)
		}
		if strings.Contains(read.String(), read.Signature().Reveal()) && !strings.Contains(strings.Join(read.Grant().Paths, ""), read.Signature().Reveal()) {
			t.Errorf("%q shows its signature", text)
		}
	})
}
