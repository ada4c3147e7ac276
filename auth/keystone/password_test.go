package keystone_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/auth/keystone"
)

func openstackVariables() (names []string) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OS_") {
			names = append(names, name)
		}
	}
	return names
}

func TestEachKindOfSignInSendsWhatKeystoneWants(t *testing.T) {
	const (
		user     = `"password":{"user":{"domain":{"id":"default"},"name":"demo","password":"s3cret-p4ss/word"}}`
		methods  = `"methods":["password"]`
		default_ = `"domain":{"id":"default"}`
	)
	byPassword := func(opts ...keystone.Option) func(keystone.Option) *keystone.Auth {
		return func(client keystone.Option) *keystone.Auth {
			return keystone.Password(fakeURL, "demo", password, append(opts, client)...)
		}
	}
	for _, test := range []struct {
		name string
		make func(client keystone.Option) *keystone.Auth
		want string
	}{
		{"password", byPassword(), `{"identity":{` + methods + `,` + user + `}}`},
		{
			"project", byPassword(keystone.Project("p")),
			`{"identity":{` + methods + `,` + user + `},"scope":{"project":{` + default_ + `,"name":"p"}}}`,
		},
		{
			"project by id", byPassword(keystone.ProjectID("p1"), keystone.ProjectDomain("unused")),
			`{"identity":{` + methods + `,` + user + `},"scope":{"project":{"id":"p1"}}}`,
		},
		{
			"project in the user's domain", byPassword(keystone.UserDomain("corp"), keystone.Project("p")),
			`{"identity":{` + methods + `,"password":{"user":{"domain":{"name":"corp"},"name":"demo","password":"s3cret-p4ss/word"}}},` +
				`"scope":{"project":{"domain":{"name":"corp"},"name":"p"}}}`,
		},
		{
			"project in its own domain", byPassword(keystone.UserDomainID("d1"), keystone.Project("p"), keystone.ProjectDomainID("d2")),
			`{"identity":{` + methods + `,"password":{"user":{"domain":{"id":"d1"},"name":"demo","password":"s3cret-p4ss/word"}}},` +
				`"scope":{"project":{"domain":{"id":"d2"},"name":"p"}}}`,
		},
		{
			"user by id", byPassword(keystone.UserID("u1")),
			`{"identity":{` + methods + `,"password":{"user":{"id":"u1","password":"s3cret-p4ss/word"}}}}`,
		},
		{"trust", byPassword(keystone.Trust("t1")), `{"identity":{` + methods + `,` + user + `},"scope":{"OS-TRUST:trust":{"id":"t1"}}}`},
		{"system", byPassword(keystone.SystemScope()), `{"identity":{` + methods + `,` + user + `},"scope":{"system":{"all":true}}}`},
		{"domain", byPassword(keystone.DomainScope("corp")), `{"identity":{` + methods + `,` + user + `},"scope":{"domain":{"name":"corp"}}}`},
		{"domain by id", byPassword(keystone.DomainScopeID("d1")), `{"identity":{` + methods + `,` + user + `},"scope":{"domain":{"id":"d1"}}}`},
		{"unscoped", byPassword(keystone.Project("p"), keystone.Unscoped()), `{"identity":{` + methods + `,` + user + `},"scope":"unscoped"}`},
		{
			"passcode", byPassword(keystone.Passcode("123456")),
			`{"identity":{"methods":["password","totp"],` + user + `,"totp":{"user":{` + default_ + `,"name":"demo","passcode":"123456"}}}}`,
		},
		{"token for another scope", func(client keystone.Option) *keystone.Auth {
			return keystone.Token(fakeURL, "given", keystone.ProjectID("p1"), client)
		}, `{"identity":{"methods":["token"],"token":{"id":"given"}},"scope":{"project":{"id":"p1"}}}`},
		{"application credential", func(client keystone.Option) *keystone.Auth {
			return keystone.ApplicationCredential(fakeURL, "app", "secret", client)
		}, `{"identity":{"application_credential":{"id":"app","secret":"secret"},"methods":["application_credential"]}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := &fakeKeystone{}
			a := test.make(k.client())
			h := http.Header{}
			if err := a.Authorize(context.Background(), h); err != nil {
				t.Fatal(err)
			}
			if h.Get(auth.HeaderToken) != "token-1" || h.Get(auth.HeaderProject) != "project-1" || a.ProjectID() != "project-1" {
				t.Errorf("headers %v, project %q", h, a.ProjectID())
			}
			if got := k.last(); got != test.want {
				t.Errorf("asked\n%s, want\n%s", got, test.want)
			}
		})
	}
}

func TestTokenAsGivenIsUsedAsItIs(t *testing.T) {
	k := &fakeKeystone{}
	a := keystone.Token(fakeURL, "given", k.client())
	if got := token(t, a); got != "given" || a.ProjectID() != "project-1" || a.Expires().IsZero() {
		t.Errorf("token %q, project %q, expires %v", got, a.ProjectID(), a.Expires())
	}
	if r := k.requests[0]; r.method != "GET" || r.header.Get("X-Auth-Token") != "given" || r.header.Get("X-Subject-Token") != "given" {
		t.Errorf("asked %+v", r)
	}
	if a.Invalidate(withToken("given")) {
		t.Error("Invalidate says that there may be another token")
	}
	if got := token(t, a); got != "given" || k.count() != 1 {
		t.Errorf("token %q after %d requests", got, k.count())
	}
}

func TestKeystoneIsFoundFromItsURL(t *testing.T) {
	for authURL, path := range map[string]string{
		"https://keystone.test:5000":              "/v3/auth/tokens",
		"https://keystone.test:5000/":             "/v3/auth/tokens",
		"https://keystone.test:5000/v3":           "/v3/auth/tokens",
		"https://keystone.test:5000/v3/":          "/v3/auth/tokens",
		"http://cloud.test/identity":              "/identity/v3/auth/tokens",
		"https://cloud.test/srv1.2/identity/v3//": "/srv1.2/identity/v3/auth/tokens",
	} {
		k := &fakeKeystone{}
		token(t, keystone.Password(authURL, "demo", password, k.client()))
		if got := k.requests[0].path; got != path {
			t.Errorf("%s: asked %s, want %s", authURL, got, path)
		}
	}
}

func TestWhatIsWrongIsSaidWithoutAskingKeystone(t *testing.T) {
	k := &fakeKeystone{}
	for _, test := range []struct {
		a    *keystone.Auth
		want string
	}{
		{keystone.Password("", "demo", password), "the auth url is empty"},
		{keystone.Password("ftp://x", "demo", password), "does not start with http:// or https://"},
		{keystone.Password("https://u:s3cret@x", "demo", password), "contains a user or a password"},
		{keystone.Password("https://u:s3cret@x:y", "demo", password), "is not a URL"},
		{keystone.Password("https:///v3", "demo", password), "has no host"},
		{keystone.Password("https://x/v2.0", "demo", password), "use v3"},
		{keystone.Password(fakeURL, "", password), "the username or user id is empty"},
		{keystone.Password(fakeURL, "demo", ""), "the password is empty"},
		{keystone.Token(fakeURL, ""), "the token is empty"},
		{keystone.Token(fakeURL, "s3cret\n"), "a header cannot hold"},
		{keystone.ApplicationCredential(fakeURL, "", ""), "the application credential secret is empty"},
		{keystone.ApplicationCredential(fakeURL, "id", "s3cret", keystone.Project("p")), "has its own project"},
		{k.demo(keystone.Interface("inner")), `the interface is "inner"; it must be public, internal or admin`},
		{k.demo(keystone.RenewAt(1.5)), "RenewAt(1.5)"},
		{k.demo(keystone.Insecure()), "HTTPClient has its own TLS settings"},
		{keystone.Password(fakeURL, "demo", password, keystone.CACert("nowhere.pem")), "nowhere.pem"},
		{keystone.Password(fakeURL, "demo", password, keystone.ClientCertificate("", "key.pem")), "no client certificate"},
	} {
		err := test.a.Validate()
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("Validate = %v, want …%s…", err, test.want)
		}
		if again := test.a.Authorize(context.Background(), http.Header{}); again == nil || again.Error() != err.Error() {
			t.Errorf("Authorize = %v, Validate = %v", again, err)
		}
		if _, err := test.a.Endpoint(context.Background(), "messaging"); err == nil {
			t.Error("Endpoint has no error")
		}
	}
	if k.count() != 0 {
		t.Error("Keystone was asked")
	}
}

func TestRefusedCredentialsSayWhoWasRefusedWhere(t *testing.T) {
	k := &fakeKeystone{refuse: func() int { return http.StatusUnauthorized }}
	err := k.demo().Authorize(context.Background(), http.Header{})
	if !errors.Is(err, keystone.ErrRefused) {
		t.Fatalf("%v does not match ErrRefused", err)
	}
	for _, want := range []string{`user "demo"`, `project "demo"`, `domain id "default"`, fakeURL, "401", "requires authentication", "check the user"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
	if failure, ok := errors.AsType[*keystone.Error](err); !ok || failure.Status != 401 {
		t.Errorf("%#v", err)
	}
}

func TestOtherFailuresAreNotRefusals(t *testing.T) {
	for _, status := range []int{300, 403, 404, 429, 500, 503} {
		k := &fakeKeystone{refuse: func() int { return status }}
		err := k.demo().Authorize(context.Background(), http.Header{})
		if failure, ok := errors.AsType[*keystone.Error](err); !ok || failure.Status != status || errors.Is(err, keystone.ErrRefused) {
			t.Errorf("status %d: %v", status, err)
		}
	}
}

func TestUserAgentNamesTheProgram(t *testing.T) {
	k := &fakeKeystone{}
	token(t, k.demo())
	token(t, k.demo(keystone.UserAgent("shop/1.0")))
	for i, want := range []string{"zaqar-go ", "shop/1.0 "} {
		if got := k.requests[i].header.Get("User-Agent"); !strings.HasPrefix(got, want) {
			t.Errorf("User-Agent %q, want %s…", got, want)
		}
	}
}
