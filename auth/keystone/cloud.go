package keystone

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v2"
)

// FromCloud signs in with an entry of clouds.yaml. With an empty name it uses the entry
// that OS_CLOUD names. It reads the files once, when they are first needed. If something
// is missing or wrong, [Auth.Validate] and the first call return an error.
//
// The clouds.yaml is the file that OS_CLIENT_CONFIG_FILE names, or else the first that
// exists in the current folder, in ~/.config/openstack (or openstack in
// XDG_CONFIG_HOME, if that is set), and in /etc/openstack. Two more files add to it:
//
//   - secure.yaml: the file that OS_CLIENT_SECURE_FILE names, or else the first beside
//     clouds.yaml or in those folders;
//   - clouds-public.yaml, if the entry names a profile: the file that
//     OS_CLIENT_VENDOR_FILE names, or else the first in the same places.
//
// OS_REGION_NAME, OS_INTERFACE, OS_CACERT, OS_CERT, OS_KEY and OS_INSECURE override the
// entry; other variables are not used. The entry's keys work like the variables of
// [FromEnv].
func FromCloud(name string, opts ...Option) *Auth {
	env := environment()
	if name != "" {
		env.values["cloud"] = name
	}
	return fromCloud(env, opts)
}

func fromCloud(env settings, opts []Option) *Auth {
	name := env.get("cloud")
	return newAuth(cloudLabel(name), func() (config, error) {
		if name == "" {
			return config{}, errors.New("no cloud is named: pass a name or set OS_CLOUD")
		}
		s, err := readCloud(name, env)
		if err != nil {
			return config{}, err
		}
		return s.config(), nil
	}, opts)
}

// envOverrides are the keys for which the environment overrides clouds.yaml. Each group
// is one setting.
var envOverrides = [][]string{
	{"region_name"},
	{"interface", "endpoint_type"},
	{"cacert"},
	{"cert", "key"},
	{"insecure", "verify"},
}

// readCloud merges the files and returns the entry as flat settings.
func readCloud(name string, env settings) (settings, error) {
	path, clouds, err := readClouds("clouds", "clouds", env.get("client_config_file"), folders())
	if err != nil {
		return settings{}, err
	}
	cloud, ok := clouds[name]
	if !ok {
		return settings{}, fmt.Errorf("cloud %q is not in %s, which has: %s", name, path, list(clouds))
	}
	near := append([]string{filepath.Dir(path)}, folders()...)
	_, secure, err := readClouds("secure", "clouds", env.get("client_secure_file"), near)
	if err != nil && !optional(err, env.get("client_secure_file")) {
		return settings{}, err
	}
	cloud = cloud.under(secure[name])

	profile := cloud.get("profile", "cloud")
	if profile != "" {
		_, public, err := readClouds("clouds-public", "public-clouds", env.get("client_vendor_file"), near)
		if err != nil && !optional(err, env.get("client_vendor_file")) {
			return settings{}, err
		}
		cloud = public[profile].under(cloud)
		if _, ok := public[profile]; !ok && cloud.fields["auth"].get("auth_url") == "" {
			return settings{}, fmt.Errorf("cloud %q has no auth_url, and its profile %q is not in a clouds-public.yaml "+
				"(this library does not include the profiles of openstacksdk): set auth_url", name, profile)
		}
	}
	cloud = cloud.inRegion(env.get("region_name"))

	values := map[string]string{}
	// An entry may have auth keys outside of auth.
	for _, fields := range []map[string]node{cloud.fields, cloud.fields["auth"].fields} {
		for key, n := range fields {
			if n.text != "" {
				values[key] = n.text
			}
		}
	}
	for _, group := range envOverrides {
		if env.get(group...) == "" {
			continue
		}
		for _, key := range group {
			values[key] = env.get(key)
		}
	}
	return settings{
		values: values,
		name:   func(key string) string { return fmt.Sprintf("%s of cloud %q", key, name) },
		missing: func(keys ...string) string {
			return fmt.Sprintf("cloud %q has no %s", name, strings.Join(keys, " and no "))
		},
	}, nil
}

// folders returns the folders to search for clouds.yaml, in order.
func folders() []string {
	found := []string{"."}
	if user := os.Getenv("XDG_CONFIG_HOME"); user != "" {
		found = append(found, filepath.Join(user, "openstack"))
	} else if user, err := os.UserHomeDir(); err == nil {
		found = append(found, filepath.Join(user, ".config", "openstack"))
	}
	return append(found, "/etc/openstack")
}

// readClouds reads the map under key in a file: the file at path, or else the first
// stem.yaml or stem.yml in the folders. If there is none, the error matches
// os.ErrNotExist.
func readClouds(stem, key, path string, folders []string) (string, map[string]node, error) {
	candidates := []string{home(path)}
	if path == "" {
		candidates = nil
		for _, folder := range folders {
			candidates = append(candidates, filepath.Join(folder, stem+".yaml"), filepath.Join(folder, stem+".yml"))
		}
	}
	for _, file := range candidates {
		text, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", nil, err
		}
		var document map[string]node
		if yaml.Unmarshal(text, &document) != nil {
			// The parser's error quotes the file, which may be secure.yaml.
			return "", nil, fmt.Errorf("%s is not valid YAML, or its structure is wrong", file)
		}
		return file, document[key].fields, nil
	}
	return "", nil, fmt.Errorf("%w: %s", os.ErrNotExist, strings.Join(candidates, ", "))
}

// optional reports whether err is about a file that may be missing: one that was
// searched for, not named.
func optional(err error, named string) bool {
	return named == "" && errors.Is(err, os.ErrNotExist)
}

func list(clouds map[string]node) string {
	if len(clouds) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(clouds)), ", ")
}

// node is a YAML value: a scalar as it is written (the password 0123 stays 0123), a map
// or a list.
type node struct {
	text   string
	fields map[string]node
	items  []node
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (n *node) UnmarshalYAML(unmarshal func(any) error) error {
	*n = node{}
	if unmarshal(&n.text) == nil {
		return nil
	}
	*n = node{}
	if unmarshal(&n.fields) == nil {
		return nil
	}
	*n = node{}
	return unmarshal(&n.items)
}

// get returns the value of the first of keys that has a scalar that is not empty.
func (n node) get(keys ...string) string {
	for _, key := range keys {
		if v := n.fields[key].text; v != "" {
			return v
		}
	}
	return ""
}

// under returns n merged with top, map by map. The values of top win.
func (n node) under(top node) node {
	if top.fields == nil || n.fields == nil {
		if top.text == "" && top.fields == nil && top.items == nil {
			return n
		}
		return top
	}
	merged := maps.Clone(n.fields)
	for key, value := range top.fields {
		merged[key] = merged[key].under(value)
	}
	return node{fields: merged}
}

// inRegion merges the entry with the values of one of its regions: the wanted one, the
// entry's own or the first in its list.
func (n node) inRegion(wanted string) node {
	if wanted == "" {
		wanted = n.get("region_name")
	}
	for _, region := range n.fields["regions"].items {
		name := region.text
		if name == "" {
			name = region.get("name")
		}
		if wanted == "" || wanted == name {
			return n.under(region.fields["values"]).under(node{fields: map[string]node{"region_name": {text: name}}})
		}
	}
	return n
}
