package keystone_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/auth/keystone"
)

func TestVariablesThatWereChangedOnTheirWayAreNamed(t *testing.T) {
	good := map[string]string{"OS_AUTH_URL": fakeURL, "OS_USERNAME": "demo", "OS_PASSWORD": "s3cret", "OS_PROJECT_NAME": "demo", "OS_REGION_NAME": "One"}
	const (
		quotes = " is in quotes, which belong to its value: a file for docker's --env-file must not have them"
		breaks = " has a line break: the file it comes from may have Windows line ends"
	)
	for _, test := range []struct{ name, value, want string }{
		{"OS_AUTH_URL", `"` + fakeURL + `"`, "keystone: OS_AUTH_URL" + quotes},
		{"OS_AUTH_URL", fakeURL + "\r", "keystone: OS_AUTH_URL" + breaks},
		{"OS_USERNAME", "'demo'", "keystone: OS_USERNAME" + quotes},
		{"OS_PROJECT_NAME", "demo ", "keystone: OS_PROJECT_NAME begins or ends with a space"},
		{"OS_REGION_NAME", `"One"`, "keystone: OS_REGION_NAME" + quotes},
		{"OS_PASSWORD", "s3cret\r", "keystone: OS_PASSWORD" + breaks},
		{"OS_MESSAGING_REGION_NAME", "Two\r", "keystone: OS_MESSAGING_REGION_NAME" + breaks},
		{"OS_CLOUD", `"c"`, "keystone: OS_CLOUD" + quotes},
		{"OS_AUTH_TYPE", "password\r\n", "keystone: OS_AUTH_TYPE" + breaks},
		{"OS_OTHER", `"x"`, ""},
		{"OS_IMAGE_REGION_NAME", `"x"`, ""},
	} {
		cleanEnvironment(t, good)
		t.Setenv(test.name, test.value)
		err := keystone.FromEnv().Validate()
		if test.want == "" && err == nil {
			continue
		}
		if err == nil || err.Error() != test.want {
			t.Errorf("%s=%q: %v, want %s", test.name, test.value, err, test.want)
		}
	}
}

func TestVariablesThatOverrideACloudAreNamedToo(t *testing.T) {
	cloudFolder(t)
	t.Setenv("OS_INTERFACE", "inner")
	if err := keystone.FromCloud("digits").Validate(); err == nil || !strings.Contains(err.Error(), `OS_INTERFACE is "inner"`) {
		t.Error(err)
	}
	t.Setenv("OS_INTERFACE", `"public"`)
	if err := keystone.FromCloud("digits").Validate(); err == nil || !strings.Contains(err.Error(), `OS_INTERFACE is in quotes`) {
		t.Error(err)
	}
}

func TestASecretInQuotesIsSuspectOnlyWhenItIsRefused(t *testing.T) {
	refusing := false
	k := &fakeKeystone{refuse: func() int {
		if refusing {
			return http.StatusUnauthorized
		}
		return 0
	}}
	cleanEnvironment(t, map[string]string{"OS_AUTH_URL": fakeURL, "OS_USERNAME": "demo", "OS_PASSWORD": `"s3cret"`})
	token(t, keystone.FromEnv(k.client()))
	if !strings.Contains(k.last(), `\"s3cret\"`) {
		t.Errorf("the quotes were removed: %s", k.last())
	}
	refusing = true
	err := keystone.FromEnv(k.client()).Authorize(context.Background(), http.Header{})
	if err == nil || !strings.Contains(err.Error(), "OS_PASSWORD is in quotes") || strings.Contains(err.Error(), "s3cret") {
		t.Error(err)
	}
}

func TestErrorsNameTheVariableOrTheFileAndTheLine(t *testing.T) {
	for _, test := range []struct{ env, want string }{
		{"OS_AUTH_URL=127.0.0.1:5000/v3", "OS_AUTH_URL does not start with http:// or https://"},
		{"OS_AUTH_URL=localhost:5000", "OS_AUTH_URL does not start with http:// or https://"},
		{"OS_AUTH_URL=https:///v3", "OS_AUTH_URL has no host"},
		{"OS_AUTH_URL=https://h/v2.0", "OS_AUTH_URL ends in v2.0"},
		{"OS_CACERT=/nowhere.pem", "OS_CACERT: open /nowhere.pem"},
		{"OS_CERT=/nowhere.pem", "OS_CERT: open /nowhere.pem"},
	} {
		cleanEnvironment(t, map[string]string{"OS_AUTH_URL": fakeURL, "OS_USERNAME": "demo", "OS_PASSWORD": "x"})
		name, value, _ := strings.Cut(test.env, "=")
		t.Setenv(name, value)
		if err := keystone.FromEnv().Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want …%s", test.env, err, test.want)
		}
	}
	for _, test := range []struct{ line, want string }{
		{"cacert: /nowhere.pem\n    password: x", `clouds.yaml, line 4: cacert of cloud "c": open /nowhere.pem`},
		{"verify: perhaps", `clouds.yaml, line 4: verify of cloud "c" is neither true nor false`},
		{"interface: inner", `clouds.yaml, line 4: interface of cloud "c" is "inner"`},
		{"auth_type: v3oidcpassword", `clouds.yaml, line 4: auth_type of cloud "c" is "v3oidcpassword"`},
		{"auth: {system_scope: some}", `clouds.yaml, line 4: system_scope of cloud "c" is "some"`},
		{"x: 1", `cloud "c" has no password (see clouds.yaml, line 3)`},
	} {
		folder := cleanEnvironment(t, nil)
		write(t, folder, map[string]string{"clouds.yaml": "clouds:\n  c:\n    auth_url: https://h\n    " + test.line + "\n    username: demo\n"})
		if err := keystone.FromCloud("c").Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want …%s", test.line, err, test.want)
		}
	}
	folder := cleanEnvironment(t, nil)
	write(t, folder, map[string]string{
		"clouds.yaml": "clouds: {c: {auth: {username: demo, password: x}}}",
		"secure.yaml": "clouds:\n  c:\n    auth:\n      auth_url: gopher://s3cret\n",
	})
	if err := keystone.FromCloud("c").Validate(); err == nil || err.Error() != `keystone: secure.yaml, line 4: auth_url of cloud "c" does not start with http:// or https://` {
		t.Error(err)
	}
}

func TestMistakesAboutKeystonesAddressAreExplained(t *testing.T) {
	start := func(config *tls.Config) *httptest.Server {
		srv := quiet(httptest.NewUnstartedServer(&fakeKeystone{}))
		if srv.TLS = config; config != nil {
			srv.StartTLS()
		} else {
			srv.Start()
		}
		t.Cleanup(srv.Close)
		return srv
	}
	plain, secure := start(nil), start(&tls.Config{})
	wants := start(&tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool(), MaxVersion: tls.VersionTLS12})
	folder := t.TempDir()
	ca := filepath.Join(folder, "ca.pem")
	if err := os.WriteFile(ca, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		url  string
		opts []keystone.Option
		want string
	}{
		"http to a TLS port":                {strings.Replace(secure.URL, "https", "http", 1), nil, "start the auth URL with https://"},
		"https to a port without TLS":       {strings.Replace(plain.URL, "http", "https", 1), nil, "start the auth URL with http://"},
		"an unknown authority":              {secure.URL, nil, "name the CA's file with CACert"},
		"no client certificate, by TLS 1.2": {wants.URL, []keystone.Option{keystone.Insecure()}, "use ClientCertificate, OS_CERT and OS_KEY"},
		"a file without a certificate":      {secure.URL, []keystone.Option{keystone.CACert(ca)}, "CA certificates: " + ca + " contains no PEM certificate"},
	} {
		err := keystone.Password(c.url, "demo", "x", c.opts...).Authorize(context.Background(), http.Header{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want …%s", name, err, c.want)
		}
	}
}
