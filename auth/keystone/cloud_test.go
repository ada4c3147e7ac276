package keystone_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/auth/keystone"
)

// write makes files, by their path under folder.
func write(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const cloudsYAML = `
defaults: &defaults
  region_name: RegionTwo
  auth: &auth
    auth_url: https://keystone.test:5000/v3
    username: demo
    project_name: demo
    user_domain_name: Default
    project_domain_name: Default
clouds:
  demo:
    <<: *defaults
    interface: internal
  digits:
    auth: {<<: *auth, password: 0123}
  vendor:
    profile: acme
    auth: {username: demo, password: from-clouds}
  stranger:
    profile: unknown
    auth: {username: demo, password: x}
  app:
    auth_type: v3applicationcredential
    auth:
      auth_url: https://keystone.test:5000
      application_credential_id: app
  oidc:
    auth_type: v3oidcpassword
    auth: {auth_url: "https://keystone.test:5000"}
  none:
    auth_type: none
    endpoint: http://localhost:8888
    project_id: p1
  empty:
  bare:
    region_name: RegionOne
  regions:
    auth: {<<: *auth, password: x}
    regions:
      - RegionOne
      - name: RegionTwo
        values: {auth: {project_name: two}}
  override:
    auth: {<<: *auth, password: x}
    messaging_endpoint_override: http://127.0.0.1:8888
    message_websocket_endpoint_override: ws://127.0.0.1:9000
  passcode:
    auth: {<<: *auth, password: x, passcode: 012345}
`

const secureYAML = `
clouds:
  demo: {auth: {password: s3cret-p4ss/word}}
  app: {auth: {application_credential_secret: secret}}
  vendor: {auth: {password: from-secure}}
`

const publicYAML = `
public-clouds:
  acme:
    region_name: RegionOne
    auth: {auth_url: "https://keystone.test:5000/v3", user_domain_id: acme, username: overridden}
`

func cloudFolder(t *testing.T) {
	t.Helper()
	folder := cleanEnvironment(t, nil)
	write(t, folder, map[string]string{"clouds.yaml": cloudsYAML, "secure.yaml": secureYAML, "clouds-public.yaml": publicYAML})
}

func TestCloudsSignIn(t *testing.T) {
	cloudFolder(t)
	for name, want := range map[string]string{
		"demo": `{"identity":{"methods":["password"],"password":{"user":{"domain":{"name":"Default"},"name":"demo","password":"s3cret-p4ss/word"}}},` +
			`"scope":{"project":{"domain":{"name":"Default"},"name":"demo"}}}`,
		"digits": `{"identity":{"methods":["password"],"password":{"user":{"domain":{"name":"Default"},"name":"demo","password":"0123"}}},` +
			`"scope":{"project":{"domain":{"name":"Default"},"name":"demo"}}}`,
		"vendor": `{"identity":{"methods":["password"],"password":{"user":{"domain":{"id":"acme"},"name":"demo","password":"from-secure"}}}}`,
		"app":    `{"identity":{"application_credential":{"id":"app","secret":"secret"},"methods":["application_credential"]}}`,
		"passcode": `{"identity":{"methods":["password","totp"],"password":{"user":{"domain":{"name":"Default"},"name":"demo","password":"x"}},` +
			`"totp":{"user":{"domain":{"name":"Default"},"name":"demo","passcode":"012345"}}},"scope":{"project":{"domain":{"name":"Default"},"name":"demo"}}}`,
	} {
		k := &fakeKeystone{}
		token(t, keystone.FromCloud(name, k.client()))
		if got := k.last(); got != want {
			t.Errorf("%s: asked\n%s, want\n%s", name, got, want)
		}
	}
}

func TestCloudsThatLackSomethingSaySo(t *testing.T) {
	cloudFolder(t)
	for name, want := range map[string]string{
		"":         "no cloud is named: pass a name or set OS_CLOUD",
		"missing":  `cloud "missing" is not in clouds.yaml, which has: app, bare, demo, digits, empty, none`,
		"empty":    `cloud "empty" has no auth_url; cloud "empty" has no username and no user_id; cloud "empty" has no password`,
		"bare":     `cloud "bare" has no auth_url`,
		"stranger": `its profile "unknown" is not in a clouds-public.yaml`,
		"oidc":     `auth_type of cloud "oidc" is "v3oidcpassword": this library does not sign in through another identity provider`,
	} {
		if err := keystone.FromCloud(name).Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: Validate = %v, want …%s", name, err, want)
		}
	}
}

func TestCloudWithoutAuthNeedsNoKeystone(t *testing.T) {
	cloudFolder(t)
	a := keystone.FromCloud("none")
	h := http.Header{}
	if err := a.Authorize(context.Background(), h); err != nil || h.Get("X-Project-Id") != "p1" {
		t.Error(h, err)
	}
	if url, err := a.Endpoint(context.Background(), "messaging"); url != "http://localhost:8888" || err != nil {
		t.Error(url, err)
	}
}

func TestCloudsChooseEndpoints(t *testing.T) {
	for _, test := range []struct {
		name, cloud, service string
		env                  map[string]string
		want                 string
	}{
		{"region of the profile", "vendor", "messaging", nil, "https://one.test:8888/"},
		{"region of the entry", "digits", "messaging", map[string]string{"OS_REGION_NAME": "RegionTwo"}, "https://two.test:8888/"},
		{"interface", "demo", "messaging", map[string]string{"OS_REGION_NAME": "RegionOne"}, "http://10.0.0.1:8888/"},
		{"interface of the environment", "demo", "messaging", map[string]string{"OS_INTERFACE": "publicURL"}, "https://two.test:8888/"},
		{"first of the regions", "regions", "messaging", nil, "https://one.test:8888/"},
		{"one of the regions", "regions", "messaging", map[string]string{"OS_REGION_NAME": "RegionTwo"}, "https://two.test:8888/"},
		{"override", "override", "messaging", nil, "http://127.0.0.1:8888"},
		{"override under another name", "override", "message", nil, "http://127.0.0.1:8888"},
		{"no override for this one", "override", "identity", map[string]string{"OS_REGION_NAME": "RegionOne"}, fakeURL + "/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cloudFolder(t)
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			k := &fakeKeystone{}
			if url, err := keystone.FromCloud(test.cloud, k.client()).Endpoint(context.Background(), test.service); url != test.want || err != nil {
				t.Errorf("%q, %v; want %q", url, err, test.want)
			}
			if strings.HasPrefix(test.name, "one of") && !strings.Contains(k.last(), `"name":"two"`) {
				t.Errorf("the region's values are not used: %s", k.last())
			}
		})
	}
}

func TestCloudFilesAreFoundWhereOtherToolsFindThem(t *testing.T) {
	const cloud = "clouds: {c: {auth: {auth_url: 'https://keystone.test', username: PLACE, password: x}}}"
	from := func(place string) string { return strings.ReplaceAll(cloud, "PLACE", place) }
	folder := cleanEnvironment(t, nil)
	user := func() string {
		k := &fakeKeystone{}
		token(t, keystone.FromCloud("c", k.client()))
		_, rest, _ := strings.Cut(k.last(), `"name":"`)
		name, _, _ := strings.Cut(rest, `"`)
		return name
	}
	// Each place comes before the ones above it.
	for _, step := range []struct{ file, env string }{
		{".config/openstack/clouds.yaml", ""},
		{"xdg/openstack/clouds.yml", "XDG_CONFIG_HOME=xdg"},
		{"clouds.yaml", ""},
		{"elsewhere/my.yaml", "OS_CLIENT_CONFIG_FILE=~/elsewhere/my.yaml"},
	} {
		write(t, folder, map[string]string{step.file: from(step.file)})
		if name, value, ok := strings.Cut(step.env, "="); ok {
			if !strings.HasPrefix(value, "~") {
				value = filepath.Join(folder, value)
			}
			t.Setenv(name, value)
		}
		if got := user(); got != step.file {
			t.Errorf("read %s, want %s", got, step.file)
		}
	}
	t.Setenv("OS_CLOUD", "c")
	k := &fakeKeystone{}
	token(t, keystone.FromEnv(k.client()))
	if !strings.Contains(k.last(), "elsewhere/my.yaml") {
		t.Error("FromEnv does not use OS_CLOUD")
	}
	t.Setenv("OS_CLIENT_CONFIG_FILE", "/nowhere/clouds.yaml")
	if err := keystone.FromCloud("c").Validate(); err == nil || !strings.Contains(err.Error(), "/nowhere/clouds.yaml") {
		t.Error(err)
	}
	t.Setenv("OS_CLIENT_CONFIG_FILE", "")
	t.Setenv("OS_CLIENT_SECURE_FILE", "/nowhere/secure.yaml")
	if err := keystone.FromCloud("c").Validate(); err == nil || !strings.Contains(err.Error(), "/nowhere/secure.yaml") {
		t.Error(err)
	}
}

func TestYAMLThatIsNoneIsAnErrorWithoutItsText(t *testing.T) {
	for _, text := range []string{"clouds: [s3cret", "s3cret: : s3cret", "clouds: {c: {auth: {password: *s3cret}}}", "s3cret", "clouds: {c: s3cret}", "clouds: s3cret", "clouds: {c: {auth: s3cret}}", ""} {
		folder := cleanEnvironment(t, nil)
		write(t, folder, map[string]string{
			"clouds.yaml": "clouds: {c: {auth: {auth_url: 'https://keystone.test', username: demo}}}",
			"secure.yaml": text,
		})
		if err := keystone.FromCloud("c").Validate(); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
