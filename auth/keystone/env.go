package keystone

import (
	"os"
	"strings"
)

// FromEnv signs in with the OS_* variables that an openrc file sets. They are
// read now; later changes are not seen. Other I/O is left to the first call.
// What is missing or wrong is an error of [Auth.Validate] and of the first call,
// by name: "OS_AUTH_URL is not set".
//
// With OS_CLOUD set it is [FromCloud] of that name, and the variables that
// FromCloud does not name are not used.
//
// OS_AUTH_TYPE chooses among password, token, v3applicationcredential and none
// (and their v3 spellings). When it is not set, an application credential comes
// before a password, and a password before a token. An empty variable counts as
// not set; of an id and a name the id counts; OS_TENANT_ID and OS_TENANT_NAME
// stand for OS_PROJECT_ID and OS_PROJECT_NAME. Without a domain, it is the one
// with the id "default".
//
// With OS_AUTH_TYPE=none there is no Keystone: X-Project-Id is OS_PROJECT_ID (or
// OS_PROJECT_NAME), and the endpoint is OS_ENDPOINT.
func FromEnv(opts ...Option) *Auth {
	env := environment()
	if env.get("cloud") != "" {
		return fromCloud(env, opts)
	}
	return newAuth("environment", given(env.config()), opts)
}

// environment is a snapshot of the OS_* variables.
func environment() settings {
	values := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		if key, ok := strings.CutPrefix(name, "OS_"); ok {
			values[strings.ToLower(key)] = value
		}
	}
	return settings{
		values: values,
		name:   variable,
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
