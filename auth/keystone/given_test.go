package keystone_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/auth/keystone"
)

func TestASettingOverridesWhatSaysTheSameInAnotherWay(t *testing.T) {
	base := map[string]string{
		"OS_AUTH_URL": fakeURL, "OS_USERNAME": "demo", "OS_PASSWORD": password, "OS_PROJECT_NAME": "demo", "OS_DEFAULT_DOMAIN": "d0",
	}
	const user = `{"identity":{"methods":["password"],"password":{"user":{"domain":{"id":"d0"},"name":"demo","password":"s3cret-p4ss/word"}}},`
	for name, test := range map[string]struct {
		env  map[string]string
		set  map[string]string
		want string
	}{
		"a project's name beats an id": {
			map[string]string{"OS_PROJECT_ID": "p1"},
			map[string]string{"project_name": "other"},
			user + `"scope":{"project":{"domain":{"id":"d0"},"name":"other"}}}`,
		},
		"a project beats a trust": {
			map[string]string{"OS_TRUST_ID": "t1"}, map[string]string{"project_id": "p2"}, user + `"scope":{"project":{"id":"p2"}}}`,
		},
		"a trust beats a project": {nil, map[string]string{"trust_id": "t2"}, user + `"scope":{"OS-TRUST:trust":{"id":"t2"}}}`},
		"a user's name beats an id": {
			map[string]string{"OS_USER_ID": "u1"},
			map[string]string{"username": "other"},
			strings.ReplaceAll(user, `"name":"demo"`, `"name":"other"`) + `"scope":{"project":{"domain":{"id":"d0"},"name":"demo"}}}`,
		},
		"a token beats a password": {
			map[string]string{"OS_AUTH_TYPE": "password"},
			map[string]string{"token": "given"},
			`{"identity":{"methods":["token"],"token":{"id":"given"}},"scope":{"project":{"domain":{"id":"d0"},"name":"demo"}}}`,
		},
		"a password beats an application credential": {
			map[string]string{"OS_APPLICATION_CREDENTIAL_ID": "app", "OS_APPLICATION_CREDENTIAL_SECRET": "s"},
			map[string]string{"password": password},
			user + `"scope":{"project":{"domain":{"id":"d0"},"name":"demo"}}}`,
		},
		"an application credential beats a password": {
			map[string]string{"OS_APPLICATION_CREDENTIAL_SECRET": "s"},
			map[string]string{"application_credential_id": "app"},
			`{"identity":{"application_credential":{"id":"app","secret":"s"},"methods":["application_credential"]}}`,
		},
		"an empty one is not set": {nil, map[string]string{"project_name": ""}, user + `"scope":{"project":{"domain":{"id":"d0"},"name":"demo"}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			cleanEnvironment(t, base)
			for key, value := range test.env {
				t.Setenv(key, value)
			}
			k := &fakeKeystone{}
			options := []keystone.Option{k.client()}
			for key, value := range test.set {
				options = append(options, keystone.Setting(key, value))
			}
			token(t, keystone.FromEnv(options...))
			if got := k.last(); got != test.want {
				t.Errorf("it signs in with\n%s, want\n%s", got, test.want)
			}
		})
	}
}

func TestASettingOverridesACloud(t *testing.T) {
	folder := cleanEnvironment(t, nil)
	write(t, folder, map[string]string{"clouds.yaml": `clouds:
  mine: {region_name: RegionOne, messaging_region_name: RegionOne, auth: {auth_url: "` + fakeURL + `", username: demo, password: p, project_id: p1}}
  other: {}
`})
	k := &fakeKeystone{}
	a := keystone.FromCloud("mine", k.client(), keystone.Setting("region_name", "RegionTwo"), keystone.Setting("password", "typed"),
		keystone.Setting("project_name", "typed-project"))
	url, err := a.Endpoint(t.Context(), "messaging")
	if err != nil || url != "https://two.test:8888/" {
		t.Errorf("the endpoint is %q, %v", url, err)
	}
	if got := k.last(); !strings.Contains(got, `"password":"typed"`) || !strings.Contains(got, `"name":"typed-project"`) {
		t.Errorf("it signs in with %s", got)
	}

	names, err := keystone.Clouds()
	if err != nil || !slices.Equal(names, []string{"mine", "other"}) {
		t.Errorf("the clouds are %q, %v", names, err)
	}
	if err := os.Remove(filepath.Join(folder, "clouds.yaml")); err != nil {
		t.Fatal(err)
	}
	if names, err := keystone.Clouds(); err != nil || len(names) != 0 {
		t.Errorf("without a file the clouds are %q, %v", names, err)
	}
}

func TestASettingWithoutEffectIsAnError(t *testing.T) {
	cleanEnvironment(t, map[string]string{
		"OS_AUTH_URL": fakeURL, "OS_APPLICATION_CREDENTIAL_ID": "app", "OS_APPLICATION_CREDENTIAL_SECRET": "s",
	})
	for _, a := range []*keystone.Auth{
		keystone.FromEnv(keystone.Setting("colour", "red")),
		keystone.FromEnv(keystone.Setting("project_id", "p1")), // an application credential has its own project
		keystone.Password(fakeURL, "demo", "p", keystone.Setting("region_name", "RegionOne")),
	} {
		if err := a.Validate(); err == nil || !strings.Contains(err.Error(), "has no effect") {
			t.Errorf("the error of %v is %v", a, err)
		}
	}
}
