package zaqar_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// TestNothingPrintsASecret prints every value that a user can hold, with every verb. fmt
// ignores the String method of unexported fields, so they must not hold a secret as text.
func TestNothingPrintsASecret(t *testing.T) {
	t.Parallel()
	const password, token = "p4ssw0rd-of-demo", "t0k3n-given"
	srv := zaqartest.Run(t, zaqartest.WithKeystone())
	srv.AddUser(zaqartest.User{Name: "careful", Password: password, Project: "demo", Roles: []string{"member"}})
	signIn := keystone.Password(srv.KeystoneURL(), "careful", password, keystone.Project("demo"))
	defer func() { _ = signIn.Close() }()

	var seen *transport.Request
	web, err := transport.NewHTTP(srv.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	spy := &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
		seen = req
		return web.Do(t.Context(), req)
	}}
	client := clienttest.Over(t, spy, zaqar.WithAuth(signIn))
	defer func() { _ = web.Close() }()
	q := client.Queue("wot")
	if _, err := q.Post(t.Context(), 1, 2); err != nil {
		t.Fatal(err)
	}
	claim, err := q.Claim(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	metadata, err := q.Metadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	home, err := client.Home(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	issued := seen.Headers().Get(auth.HeaderToken)
	if issued == "" {
		t.Fatal("no token was sent: the test looks at nothing")
	}
	_, refused := zaqar.Connect(t.Context(), "", zaqar.WithAuth(keystone.Password(srv.KeystoneURL(), "careful", password+"x", keystone.Project("demo"))))
	header := http.Header{}
	header.Set(auth.HeaderToken, issued)
	signed := signedForWot(t)
	bySignature := clienttest.Over(t, clienttest.Says(http.StatusNotFound, ""), zaqar.WithAuth(signed))
	_, unsigned := bySignature.Queue("wot").Post(t.Context(), 1)
	_, uncovered := bySignature.Queue("other").Post(t.Context(), 1)
	if err := signed.Authorize(t.Context(), header); err != nil {
		t.Fatal(err)
	}
	values := []any{
		client, *client, client.Conn(), q, *q, claim, claim.Messages()[0], metadata, home, signIn,
		seen, *seen,
		struct{ kept transport.Request }{*seen},
		struct{ kept *transport.Request }{seen},
		transport.Request{Header: header},
		&transport.Request{Header: header}, transport.Redact(header),
		auth.Token(token, "p"), auth.NewSecret(token), &struct{ Hidden auth.Secret }{auth.NewSecret(token)},
		struct{ hidden auth.Secret }{auth.NewSecret(token)},
		keystone.Token(srv.KeystoneURL(), token), keystone.ApplicationCredential(srv.KeystoneURL(), "id", token),
		refused, srv.Requests(), web, zaqar.WithAuth(signIn),
		signed, &signed, bySignature, *bySignature, bySignature.Queue("wot"), unsigned, uncovered, zaqar.WithAuth(signed),
	}
	for _, value := range values {
		for _, text := range printedForms(value) {
			for name, secret := range map[string]string{"password": password, "given token": token, "issued token": issued, "signature": signed.Signature().Reveal()} {
				if strings.Contains(text, secret) || strings.Contains(text, hexOf(secret)) {
					t.Errorf("%v shows the %s: %s", reflect.TypeOf(value), name, text)
				}
			}
		}
	}
}

// printedForms prints a value with every verb, in slog and in JSON.
func printedForms(value any) []string {
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "value", value)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "value", value)
	encoded, _ := json.Marshal(value) //nolint:errchkjson // what cannot be encoded shows nothing
	texts := []string{logged.String(), string(encoded)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		texts = append(texts, fmt.Sprintf(verb, value))
	}
	return texts
}

func hexOf(text string) string { return fmt.Sprintf("%x", text) }
