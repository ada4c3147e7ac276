package keystone_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/zaqar-go/zaqar/auth/keystone"
)

func Example() {
	server := httptest.NewServer(&fakeKeystone{})
	defer server.Close()

	a := keystone.Password(server.URL+"/v3", "demo", "s3cret",
		keystone.Project("demo"), keystone.Region("RegionOne"))
	defer func() { _ = a.Close() }()

	// zaqar.Connect asks for both; here they are by hand.
	url, err := a.Endpoint(context.Background(), "messaging")
	if err != nil {
		fmt.Println(err)
		return
	}
	header := http.Header{}
	if err := a.Authorize(context.Background(), header); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(url, header.Get("X-Project-Id"))
	fmt.Printf("%+v\n", a)
	// Output:
	// https://one.test:8888/ project-1
	// keystone.Auth(password)
}

func ExamplePassword() {
	a := keystone.Password("https://cloud.example.com:5000/v3", "demo", "",
		keystone.UserDomain("corp"), keystone.Project("shop"))
	// Validate asks nobody; Authorize would say the same.
	fmt.Println(a.Validate())
	// Output: keystone: the password is empty
}

func ExampleFromEnv() {
	server := httptest.NewServer(&fakeKeystone{})
	defer server.Close()
	// An openrc file does this.
	for name, value := range map[string]string{
		"OS_AUTH_URL":            server.URL + "/v3",
		"OS_USERNAME":            "demo",
		"OS_PASSWORD":            "s3cret",
		"OS_PROJECT_NAME":        "demo",
		"OS_USER_DOMAIN_NAME":    "Default",
		"OS_PROJECT_DOMAIN_NAME": "Default",
		"OS_REGION_NAME":         "RegionTwo",
	} {
		_ = os.Setenv(name, value)
		defer func() { _ = os.Unsetenv(name) }()
	}

	url, err := keystone.FromEnv().Endpoint(context.Background(), "messaging")
	fmt.Println(url, err)
	// Output: https://two.test:8888/ <nil>
}

func ExampleFromCloud() {
	server := httptest.NewServer(&fakeKeystone{})
	defer server.Close()
	folder, err := os.MkdirTemp("", "clouds")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()
	file := filepath.Join(folder, "clouds.yaml")
	err = os.WriteFile(file, []byte(`
clouds:
  shop:
    auth:
      auth_url: `+server.URL+`
      username: demo
      password: s3cret
      project_name: demo
    interface: internal
`), 0o600)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = os.Setenv("OS_CLIENT_CONFIG_FILE", file)
	defer func() { _ = os.Unsetenv("OS_CLIENT_CONFIG_FILE") }()

	url, err := keystone.FromCloud("shop").Endpoint(context.Background(), "messaging")
	fmt.Println(url, err)
	// Output: http://10.0.0.1:8888/ <nil>
}

// A Keystone that fails is not asked again for a while, by nobody. The error says how long.
func ExampleError_RetryAfter() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "45")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer server.Close()
	a := keystone.Password(server.URL, "demo", "s3cret", keystone.Project("demo"))

	err := a.Authorize(context.Background(), http.Header{})
	if failure, ok := errors.AsType[*keystone.Error](err); ok {
		fmt.Println(failure.Status, failure.RetryAfter())
	}
	// Output: 429 45s
}

// Setting passes on what a program got as flags.
func ExampleSetting() {
	for name, value := range map[string]string{"OS_AUTH_URL": "https://keystone.example.com:5000", "OS_USERNAME": "demo", "OS_PASSWORD": "p"} {
		_ = os.Setenv(name, value)
		defer func() { _ = os.Unsetenv(name) }()
	}
	project := "other" // from a flag --os-project-name
	a := keystone.FromEnv(keystone.Setting("project_name", project))
	fmt.Println(a.Validate())
	fmt.Println(keystone.FromEnv(keystone.Setting("projekt", project)).Validate())
	// Output:
	// <nil>
	// keystone: the setting projekt has no effect on this way to sign in
}

// files is a TokenCache in a folder that only the user can read.
type files struct{ folder string }

func (f files) path(key string) string {
	return filepath.Join(f.folder, fmt.Sprintf("%x", sha256.Sum256([]byte(key))))
}

func (f files) Load(key string) []byte {
	entry, _ := os.ReadFile(f.path(key))
	return entry
}

func (f files) Save(key string, entry []byte) { _ = os.WriteFile(f.path(key), entry, 0o600) }
func (f files) Drop(key string)               { _ = os.Remove(f.path(key)) }

// The second program does not sign in.
func ExampleCache() {
	k := &fakeKeystone{}
	server := httptest.NewServer(k)
	defer server.Close()
	folder, err := os.MkdirTemp("", "tokens-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()

	for range 2 {
		a := keystone.Password(server.URL, "demo", "s3cret", keystone.Project("demo"), keystone.Cache(files{folder}))
		header := http.Header{}
		if err := a.Authorize(context.Background(), header); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(header.Get("X-Auth-Token"), "after", k.count(), "sign-in")
		_ = a.Close()
	}
	// Output:
	// token-1 after 1 sign-in
	// token-1 after 1 sign-in
}

func ExampleClouds() {
	folder, err := os.MkdirTemp("", "clouds-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()
	file := filepath.Join(folder, "clouds.yaml")
	_ = os.WriteFile(file, []byte("clouds: {production: {}, devstack: {}}"), 0o600)
	_ = os.Setenv("OS_CLIENT_CONFIG_FILE", file)
	defer func() { _ = os.Unsetenv("OS_CLIENT_CONFIG_FILE") }()

	names, err := keystone.Clouds()
	fmt.Println(names, err)
	// Output: [devstack production] <nil>
}
