package keystone_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/auth/keystone"
)

func TestOpenrcFilesAsTheyAreSignIn(t *testing.T) {
	const asDemo = `{"identity":{"methods":["password"],"password":{"user":{"domain":{"name":"Default"},"name":"demo","password":"s3cret-p4ss/word"}}},` +
		`"scope":{"project":{"domain":{"name":"Default"},"name":"demo"}}}`
	for _, test := range []struct {
		name string
		env  map[string]string
		want string
	}{
		// As Keystone's installation guide and most hand-written files have it.
		{"domains by name only", map[string]string{
			"OS_PROJECT_DOMAIN_NAME": "Default", "OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_NAME": "demo",
			"OS_USERNAME": "demo", "OS_PASSWORD": password, "OS_AUTH_URL": fakeURL, "OS_IDENTITY_API_VERSION": "3", "OS_IMAGE_API_VERSION": "2",
		}, asDemo},
		// As Horizon writes it.
		{"ids and names mixed", map[string]string{
			"OS_AUTH_URL": fakeURL, "OS_PROJECT_ID": "p1", "OS_PROJECT_NAME": "demo", "OS_USER_DOMAIN_NAME": "Default",
			"OS_PROJECT_DOMAIN_ID": "default", "OS_USERNAME": "demo", "OS_PASSWORD": password,
			"OS_REGION_NAME": "RegionTwo", "OS_INTERFACE": "public", "OS_IDENTITY_API_VERSION": "3",
		}, `{"identity":{"methods":["password"],"password":{"user":{"domain":{"name":"Default"},"name":"demo","password":"s3cret-p4ss/word"}}},` +
			`"scope":{"project":{"id":"p1"}}}`},
		{"tenant and no domain", map[string]string{
			"OS_AUTH_URL": fakeURL, "OS_TENANT_NAME": "demo", "OS_USERNAME": "demo", "OS_PASSWORD": password, "OS_REGION_NAME": "",
		}, strings.ReplaceAll(asDemo, `"name":"Default"`, `"id":"default"`)},
		{"one domain for all", map[string]string{
			"OS_AUTH_URL": fakeURL, "OS_PROJECT_NAME": "demo", "OS_USERNAME": "demo", "OS_PASSWORD": password, "OS_DOMAIN_NAME": "Default",
		}, asDemo},
		{"default domain", map[string]string{
			"OS_AUTH_URL": fakeURL, "OS_PROJECT_NAME": "demo", "OS_USERNAME": "demo", "OS_PASSWORD": password, "OS_DEFAULT_DOMAIN": "d0",
		}, strings.ReplaceAll(asDemo, `"name":"Default"`, `"id":"d0"`)},
		{"domain scope", map[string]string{
			"OS_AUTH_URL": fakeURL, "OS_USER_ID": "u1", "OS_PASSWORD": password, "OS_DOMAIN_ID": "d1",
		}, `{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"s3cret-p4ss/word"}}},"scope":{"domain":{"id":"d1"}}}`},
		{"system scope", map[string]string{
			"OS_AUTH_URL": fakeURL, "OS_USER_ID": "u1", "OS_PASSWORD": password, "OS_SYSTEM_SCOPE": "all",
		}, `{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"s3cret-p4ss/word"}}},"scope":{"system":{"all":true}}}`},
		{"trust", map[string]string{
			"OS_AUTH_URL": fakeURL, "OS_USER_ID": "u1", "OS_PASSWORD": password, "OS_TRUST_ID": "t1",
		}, `{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"s3cret-p4ss/word"}}},"scope":{"OS-TRUST:trust":{"id":"t1"}}}`},
		{"passcode", map[string]string{
			"OS_AUTH_URL": fakeURL, "OS_AUTH_TYPE": "v3totp", "OS_USER_ID": "u1", "OS_PASSCODE": "123456",
		}, `{"identity":{"methods":["totp"],"totp":{"user":{"id":"u1","passcode":"123456"}}}}`},
		{"application credential", map[string]string{
			"OS_AUTH_TYPE": "v3applicationcredential", "OS_AUTH_URL": fakeURL, "OS_IDENTITY_API_VERSION": "3",
			"OS_APPLICATION_CREDENTIAL_ID": "app", "OS_APPLICATION_CREDENTIAL_SECRET": "secret", "OS_PROJECT_NAME": "left over",
		}, `{"identity":{"application_credential":{"id":"app","secret":"secret"},"methods":["application_credential"]}}`},
		{"application credential by name", map[string]string{
			"OS_AUTH_URL": fakeURL, "OS_APPLICATION_CREDENTIAL_NAME": "app", "OS_APPLICATION_CREDENTIAL_SECRET": "secret",
			"OS_USERNAME": "demo", "OS_USER_DOMAIN_NAME": "Default",
		}, `{"identity":{"application_credential":{"name":"app","secret":"secret","user":{"domain":{"name":"Default"},"name":"demo"}},"methods":["application_credential"]}}`},
		{"token for a project", map[string]string{
			"OS_AUTH_TYPE": "token", "OS_AUTH_URL": fakeURL, "OS_TOKEN": "given", "OS_PROJECT_NAME": "demo", "OS_USER_DOMAIN_NAME": "Default",
			"OS_USERNAME": "left over",
		}, `{"identity":{"methods":["token"],"token":{"id":"given"}},"scope":{"project":{"domain":{"name":"Default"},"name":"demo"}}}`},
		{"token as given", map[string]string{"OS_AUTH_URL": fakeURL, "OS_TOKEN": "given"}, `null`},
	} {
		t.Run(test.name, func(t *testing.T) {
			cleanEnvironment(t, test.env)
			k := &fakeKeystone{}
			token(t, keystone.FromEnv(k.client()))
			if got := k.last(); got != test.want {
				t.Errorf("asked\n%s, want\n%s", got, test.want)
			}
		})
	}
}

func TestOpenrcSaysExactlyWhatIsMissing(t *testing.T) {
	for _, test := range []struct {
		env  map[string]string
		want string
	}{
		{nil, "OS_AUTH_URL is not set; neither OS_USERNAME nor OS_USER_ID is set; OS_PASSWORD is not set"},
		{map[string]string{"OS_USERNAME": "demo", "OS_PASSWORD": "x"}, "keystone: OS_AUTH_URL is not set"},
		{map[string]string{"OS_AUTH_URL": fakeURL, "OS_USERNAME": "demo"}, "keystone: OS_PASSWORD is not set"},
		{map[string]string{"OS_AUTH_URL": fakeURL, "OS_AUTH_TYPE": "v3token"}, "keystone: OS_TOKEN is not set"},
		{map[string]string{"OS_AUTH_URL": fakeURL, "OS_APPLICATION_CREDENTIAL_ID": "a"}, "keystone: OS_APPLICATION_CREDENTIAL_SECRET is not set"},
		{
			map[string]string{"OS_AUTH_URL": fakeURL, "OS_APPLICATION_CREDENTIAL_NAME": "a", "OS_APPLICATION_CREDENTIAL_SECRET": "s"},
			"keystone: neither OS_USERNAME nor OS_USER_ID is set",
		},
		{map[string]string{"OS_AUTH_TYPE": "none"}, "keystone: neither OS_PROJECT_ID nor OS_PROJECT_NAME is set"},
		{
			map[string]string{"OS_AUTH_URL": fakeURL, "OS_AUTH_TYPE": "v3oidcpassword", "OS_USERNAME": "demo", "OS_PASSWORD": "x"},
			`OS_AUTH_TYPE is "v3oidcpassword": this library does not sign in through another identity provider; obtain a token, for example with "openstack token issue", and set OS_TOKEN to it and OS_AUTH_TYPE to token`,
		},
		{map[string]string{"OS_AUTH_URL": fakeURL, "OS_AUTH_TYPE": "pasword", "OS_USERNAME": "demo", "OS_PASSWORD": "x"}, `OS_AUTH_TYPE "pasword" is not supported; use one of`},
		{map[string]string{"OS_AUTH_URL": fakeURL, "OS_USERNAME": "demo", "OS_PASSWORD": "x", "OS_INTERFACE": "inner"}, `OS_INTERFACE is "inner"; it must be public, internal or admin`},
		{map[string]string{"OS_AUTH_URL": fakeURL, "OS_USERNAME": "demo", "OS_PASSWORD": "x", "OS_INSECURE": "perhaps"}, "OS_INSECURE is neither true nor false"},
		{map[string]string{"OS_AUTH_URL": fakeURL, "OS_USERNAME": "demo", "OS_PASSWORD": "x", "OS_SYSTEM_SCOPE": "some"}, `OS_SYSTEM_SCOPE is "some"`},
		{map[string]string{"OS_AUTH_URL": fakeURL, "OS_USERNAME": "demo", "OS_PASSWORD": "x", "OS_CACERT": "/nowhere/ca.pem"}, "/nowhere/ca.pem"},
	} {
		cleanEnvironment(t, test.env)
		if err := keystone.FromEnv().Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: Validate = %v, want …%s", test.env, err, test.want)
		}
	}
}

func TestOptionsComeBeforeTheEnvironment(t *testing.T) {
	cleanEnvironment(t, map[string]string{
		"OS_AUTH_URL": fakeURL, "OS_USERNAME": "demo", "OS_PASSWORD": password, "OS_PROJECT_ID": "p1", "OS_REGION_NAME": "RegionOne",
	})
	k := &fakeKeystone{}
	a := keystone.FromEnv(k.client(), keystone.Project("other"), keystone.Region("RegionTwo"))
	if url, err := a.Endpoint(context.Background(), "messaging"); url != "https://two.test:8888/" || err != nil {
		t.Errorf("endpoint %q, %v", url, err)
	}
	if got := k.last(); !strings.Contains(got, `"scope":{"project":{"domain":{"id":"default"},"name":"other"}}`) {
		t.Errorf("asked %s", got)
	}
}

func TestNoneNeedsNoKeystone(t *testing.T) {
	for _, authType := range []string{"none", "noauth"} {
		cleanEnvironment(t, map[string]string{"OS_AUTH_TYPE": authType, "OS_PROJECT_ID": "p1", "OS_ENDPOINT": "http://localhost:8888"})
		a := keystone.FromEnv()
		h := http.Header{}
		if err := a.Authorize(context.Background(), h); err != nil {
			t.Fatal(err)
		}
		if len(h) != 1 || h.Get(auth.HeaderProject) != "p1" || a.ProjectID() != "p1" || a.Invalidate(h) {
			t.Errorf("headers %v, project %q", h, a.ProjectID())
		}
		if url, err := a.Endpoint(context.Background(), "messaging"); url != "http://localhost:8888" || err != nil {
			t.Errorf("endpoint %q, %v", url, err)
		}
		if url, err := a.Endpoint(context.Background(), "messaging-websocket"); err == nil {
			t.Errorf("the WebSocket is at %q", url)
		}
	}
}
