package keystone

import (
	"maps"
	"slices"
	"strings"
)

// Setting sets one setting of [FromEnv] or [FromCloud] by its name in clouds.yaml, such
// as "auth_url", "username" or "application_credential_secret". That is the name of the
// variable without OS_ and in lower case. Use it to pass on what a program got as flags.
//
// The value overrides the environment and clouds.yaml. It also overrides what says the
// same in another way: a project_name overrides OS_PROJECT_ID and OS_TRUST_ID, and a
// token overrides OS_PASSWORD and OS_AUTH_TYPE. An empty value is not set. A name that
// has no effect is an error, and so is Setting with [Password], [Token] or
// [ApplicationCredential].
func Setting(name, value string) Option {
	return func(c *config) {
		if value == "" {
			return
		}
		if c.given == nil {
			c.given = map[string]string{}
		}
		c.given[name] = value
	}
}

// Clouds returns the names of the entries of clouds.yaml, sorted. It reads the file that
// [FromCloud] reads. Without a file there are none, which is no error.
func Clouds() ([]string, error) {
	env := environment()
	_, clouds, err := readClouds("clouds", "clouds", env.get("client_config_file"), folders())
	if err != nil && !optional(err, env.get("client_config_file")) {
		return nil, err
	}
	return slices.Sorted(maps.Keys(clouds)), nil
}

// rivals are settings of which only one can hold. If one is given, the others of its group
// do not come from elsewhere.
var rivals = [][]string{
	{"user_id", "username", "user_name"},
	{"user_domain_id", "user_domain_name"},
	{"project_domain_id", "project_domain_name"},
	{"domain_id", "domain_name"},
	{"project_id", "project_name", "tenant_id", "tenant_name", "trust_id", "system_scope"},
	{"application_credential_id", "application_credential_name"},
	{"token", "auth_token"},
	{"interface", "endpoint_type"},
	{"insecure", "verify"},
	{"auth_type", "auth_plugin"},
}

// signIns are the secrets of the ways to sign in. If one of them is given, a sign-in of
// another way does not come from elsewhere.
var signIns = [][]string{
	{"application_credential_id", "application_credential_name", "application_credential_secret"},
	{"token", "auth_token"},
	{"password", "passcode"},
}

// with returns the settings with those that were given by [Setting], and without what they
// override.
func (s settings) with(given map[string]string) settings {
	if len(given) == 0 {
		return s
	}
	s.values, s.used = maps.Clone(s.values), maps.Clone(s.used)
	has := func(key string) bool { return given[key] != "" }
	drop := func(keys ...string) {
		for _, key := range keys {
			delete(s.values, key)
		}
	}
	for _, group := range rivals {
		if slices.ContainsFunc(group, has) {
			drop(group...)
		}
	}
	for i, way := range signIns {
		if !slices.ContainsFunc(way, has) {
			continue
		}
		for j, other := range signIns {
			if j != i {
				drop(other...)
			}
		}
		drop("auth_type", "auth_plugin")
	}
	if has("username") || has("user_id") {
		drop("token", "auth_token")
	}
	for _, key := range []string{"_region_name", "_interface"} {
		if has(key[1:]) {
			maps.DeleteFunc(s.values, func(name string, _ setting) bool { return strings.HasSuffix(name, key) })
		}
	}
	for key, value := range given {
		s.values[key] = setting{text: value, list: []string{value}, label: key}
	}
	return s
}

// idle adds a problem for each given setting that was not looked up.
func (s settings) idle(c *config, given map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if !s.used[key] {
			c.problem("the setting %s has no effect on this way to sign in", key)
		}
	}
}

// givenBy returns the settings that options give.
func givenBy(options []Option) map[string]string {
	var c config
	for _, option := range options {
		if option != nil {
			option(&c)
		}
	}
	return c.given
}
