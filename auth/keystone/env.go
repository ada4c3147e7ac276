package keystone

import (
	"os"
	"strings"
)

// FromEnv signs in with the OS_* variables that an openrc file sets. It reads them at
// once and does not see later changes; it reads files only when they are first needed.
// If something is missing or wrong, [Auth.Validate] and the first call return an error
// that names the variable, such as "OS_AUTH_URL is not set".
//
// If OS_CLOUD is set, FromEnv does the same as [FromCloud] with that name.
//
// OS_AUTH_TYPE is one of password, token, v3applicationcredential and none, or one of
// their v3 spellings. If it is not set, FromEnv uses an application credential if there
// is one, else a password, else a token. An empty variable counts as not set. If both an
// id and a name are set, the id is used. OS_TENANT_ID and OS_TENANT_NAME are other names
// of OS_PROJECT_ID and OS_PROJECT_NAME. The domain defaults to the one with the id
// "default".
//
// Settings of one service come before those for all, as in [FromCloud]: for example,
// OS_MESSAGING_REGION_NAME before OS_REGION_NAME.
//
// With OS_AUTH_TYPE=none Keystone is not used: X-Project-Id is OS_PROJECT_ID or
// OS_PROJECT_NAME, and the endpoint is OS_ENDPOINT.
func FromEnv(opts ...Option) *Auth {
	env := environment()
	if env.get("cloud") != "" {
		return fromCloud(env, opts)
	}
	return newAuth("environment", func(given map[string]string) (config, error) {
		s := env.with(given)
		c := s.config()
		s.idle(&c, given)
		return c, s.mangled()
	}, opts)
}

// environment is a snapshot of the OS_* variables.
func environment() settings {
	values := map[string]setting{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		if key, ok := strings.CutPrefix(name, "OS_"); ok {
			values[strings.ToLower(key)] = setting{text: value, list: []string{value}, label: name, env: true}
		}
	}
	return settings{
		values: values,
		used:   map[string]bool{},
		label:  variable,
		missing: func(keys ...string) string {
			if len(keys) == 1 {
				return variable(keys[0]) + " is not set"
			}
			names := make([]string, len(keys))
			for i, key := range keys {
				names[i] = variable(key)
			}
			return "neither " + strings.Join(names, " nor ") + " is set"
		},
	}
}

func variable(key string) string { return "OS_" + strings.ToUpper(key) }
