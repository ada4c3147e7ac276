package keystone_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/auth/keystone"
)

const secretMark = "s3cret"

// show prints a value in every way that a program might.
func show(t *testing.T, v any) string {
	t.Helper()
	var b strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		fmt.Fprintf(&b, verb+"\n", v)
	}
	if text, err := json.Marshal(v); err == nil {
		b.Write(text)
	}
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("text", "value", v, "group", slog.GroupValue(slog.Any("value", v)))
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("json", "value", v)
	b.Write(logged.Bytes())
	return b.String()
}

// hides fails when a value shows the secret, plain or in the hexadecimal or
// decimal bytes of fmt.
func hides(t *testing.T, what string, v any) {
	t.Helper()
	shown := show(t, v)
	for _, form := range []string{secretMark, fmt.Sprintf("%x", secretMark), fmt.Sprintf("%X", secretMark), "115 51 99", "0x73, 0x33, 0x63"} {
		if strings.Contains(shown, form) {
			t.Errorf("%s shows a secret:\n%s", what, shown)
			return
		}
	}
}

// secretive are one Auth of each kind, whose secrets and tokens hold the mark.
func secretive(t *testing.T, client keystone.Option) map[string]*keystone.Auth {
	cleanEnvironment(t, map[string]string{"OS_AUTH_URL": fakeURL, "OS_USERNAME": "demo", "OS_PASSWORD": "s3cret-env", "OS_PASSCODE": "s3cret-code"})
	return map[string]*keystone.Auth{
		"password":               keystone.Password(fakeURL, "demo", password, keystone.Passcode("s3cret-code"), client),
		"token":                  keystone.Token(fakeURL, "s3cret-token", client),
		"exchanged token":        keystone.Token(fakeURL, "s3cret-token", keystone.Project("demo"), client),
		"application credential": keystone.ApplicationCredential(fakeURL, "app", "s3cret-app", client),
		"environment":            keystone.FromEnv(client),
	}
}

func TestNothingPrintsSecrets(t *testing.T) {
	k := &fakeKeystone{answer: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Subject-Token", "s3cret-new-token")
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
		}
		_, _ = io.WriteString(w, `{"token": {}}`)
	}}
	for name, a := range secretive(t, k.client()) {
		hides(t, name, a)
		if got := token(t, a); !strings.Contains(got, secretMark) {
			t.Fatalf("%s: token %q", name, got)
		}
		hides(t, name+" after sign-in", a)
		hides(t, name+" in a struct", struct{ Auth *keystone.Auth }{a})
		hides(t, name+" in a private field", struct{ auth *keystone.Auth }{a})
	}
	hides(t, "an option", keystone.Passcode("s3cret"))
}

func TestErrorsHoldNoSecrets(t *testing.T) {
	echo := func(w http.ResponseWriter, r *http.Request, status int, format string) {
		w.Header().Set("X-Echo", "s3cret-header")
		w.WriteHeader(status)
		// The fake has read the body; all of the secrets are in here.
		_, _ = fmt.Fprintf(w, format, "s3cret-env s3cret-code s3cret-p4ss/word s3cret-token s3cret-app "+r.Header.Get("X-Auth-Token"))
	}
	answers := map[string]http.HandlerFunc{
		"a refusal that quotes them": func(w http.ResponseWriter, r *http.Request) { echo(w, r, 401, `{"error": {"message": "wrong: %s"}}`) },
		"a refusal in HTML":          func(w http.ResponseWriter, r *http.Request) { echo(w, r, 401, `<html>%s</html>`) },
		"a breakdown":                func(w http.ResponseWriter, r *http.Request) { echo(w, r, 500, `Traceback: %s`) },
		"an answer that is not JSON": func(w http.ResponseWriter, r *http.Request) { echo(w, r, okFor(r), `%s`) },
		"an answer of another shape": func(w http.ResponseWriter, r *http.Request) { echo(w, r, okFor(r), `{"token": "%s"}`) },
		"an answer of odd fields": func(w http.ResponseWriter, r *http.Request) {
			echo(w, r, okFor(r), `{"token": {"expires_at": ["%s"]}}`)
		},
		"an answer without a token": func(w http.ResponseWriter, r *http.Request) { echo(w, r, okFor(r), `{"other": "%s"}`) },
		"an answer that is a list":  func(w http.ResponseWriter, r *http.Request) { echo(w, r, okFor(r), `["%s"]`) },
		"an answer that is null": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(okFor(r))
			_, _ = io.WriteString(w, "null")
		},
		"an empty answer": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(okFor(r)) },
		"a project that breaks a header": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Subject-Token", "s3cret")
			echo(w, r, okFor(r), `{"token": {"project": {"id": "a\r\n%s"}}}`)
		},
	}
	for what, answer := range answers {
		for name, a := range secretive(t, (&fakeKeystone{answer: answer}).client()) {
			err := a.Authorize(context.Background(), http.Header{})
			if err == nil {
				if what == "an answer that is null" || what == "an empty answer" {
					continue // a given token is good even so
				}
				t.Errorf("%s, %s: no error", name, what)
				continue
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				hides(t, name+", "+what, e)
			}
		}
	}
}

func okFor(r *http.Request) int {
	if r.Method == http.MethodGet {
		return http.StatusOK
	}
	return http.StatusCreated
}

// roundTrip makes an http.RoundTripper of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestErrorsOfTheCallersTransportAreFiltered(t *testing.T) {
	client := keystone.HTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		body := ""
		if r.Body != nil {
			data, _ := io.ReadAll(r.Body)
			body = string(data)
		}
		return nil, fmt.Errorf("cannot send %s %v", body, r.Header)
	})})
	for name, a := range secretive(t, client) {
		err := a.Authorize(context.Background(), http.Header{})
		if err == nil {
			t.Fatal("no error")
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			hides(t, name, e)
		}
	}
	broken := errors.New("broken pipe")
	a := keystone.Password(fakeURL, "demo", password, keystone.HTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, broken
	})}))
	if err := a.Authorize(context.Background(), http.Header{}); !errors.Is(err, broken) {
		t.Errorf("the cause is lost: %v", err)
	}
}
