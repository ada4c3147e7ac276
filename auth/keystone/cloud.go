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

// FromCloud signs in with an entry of clouds.yaml; the name "" stands for the
// one in OS_CLOUD. Files are read when they are first needed, once. What is
// missing or wrong is an error of [Auth.Validate] and of the first call.
//
// clouds.yaml is the file in OS_CLIENT_CONFIG_FILE, or the first that exists in
// the current folder, ~/.config/openstack (under XDG_CONFIG_HOME, if set) and
// /etc/openstack. secure.yaml adds to it (OS_CLIENT_SECURE_FILE, beside
// clouds.yaml, or in those folders), and so does clouds-public.yaml
// (OS_CLIENT_VENDOR_FILE, or there) when the entry names a profile.
//
// OS_REGION_NAME, OS_INTERFACE, OS_CACERT, OS_CERT, OS_KEY and OS_INSECURE come
// before the entry's own; other variables are not used. All that is said of
// sign-in at [FromEnv] goes for the entry's keys too.
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
			return config{}, errors.New("no cloud is named, and OS_CLOUD is not set")
		}
		s, err := readCloud(name, env)
		if err != nil {
			return config{}, err
		}
		return s.config(), nil
	}, opts)
}

// fromEnvToo are the keys for which the environment comes before clouds.yaml.
// Each group is one setting.
var fromEnvToo = [][]string{
	{"region_name"},
	{"interface", "endpoint_type"},
	{"cacert"},
	{"cert", "key"},
	{"insecure", "verify"},
}

// readCloud merges the files and flattens the entry.
func readCloud(name string, env settings) (settings, error) {
	path, clouds, err := readClouds("clouds", "clouds", env.get("client_config_file"), folders())
	if err != nil {
		return settings{}, err
	}
	cloud, ok := clouds[name]
	if !ok {
		return settings{}, fmt.Errorf("cloud %q is not in %s; there is %s", name, path, list(clouds))
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
			return settings{}, fmt.Errorf("cloud %q has no auth_url, and its profile %q is in no clouds-public.yaml "+
				"(the profiles that come with openstacksdk are not known here)", name, profile)
		}
	}
	cloud = cloud.inRegion(env.get("region_name"))

	values := map[string]string{}
	// An entry may have some of its auth keys beside auth.
	for _, fields := range []map[string]node{cloud.fields, cloud.fields["auth"].fields} {
		for key, n := range fields {
			if n.text != "" {
				values[key] = n.text
			}
		}
	}
	for _, group := range fromEnvToo {
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

// folders are searched for clouds.yaml, in this order.
func folders() []string {
	found := []string{"."}
	if user := os.Getenv("XDG_CONFIG_HOME"); user != "" {
		found = append(found, filepath.Join(user, "openstack"))
	} else if user, err := os.UserHomeDir(); err == nil {
		found = append(found, filepath.Join(user, ".config", "openstack"))
	}
	return append(found, "/etc/openstack")
}

// readClouds reads the map under key in a file: the one at path, or else the
// first stem.yaml or stem.yml in the folders. When there is none, the error
// matches os.ErrNotExist.
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
			return "", nil, fmt.Errorf("%s is not YAML as it should be", file)
		}
		return file, document[key].fields, nil
	}
	return "", nil, fmt.Errorf("%w: %s", os.ErrNotExist, strings.Join(candidates, ", "))
}

// optional reports whether err is a file that need not be there: one that was
// searched for rather than named.
func optional(err error, named string) bool {
	return named == "" && errors.Is(err, os.ErrNotExist)
}

func list(clouds map[string]node) string {
	if len(clouds) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(clouds)), ", ")
}

// node is a piece of YAML: a scalar as it is written (a password 0123 stays
// that), a map or a list.
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

// get returns the first of keys that is a scalar and not empty.
func (n node) get(keys ...string) string {
	for _, key := range keys {
		if v := n.fields[key].text; v != "" {
			return v
		}
	}
	return ""
}

// under returns n with the fields of top laid over it, map by map.
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

// inRegion lays the values of one of the entry's regions over it: the wanted
// one, the entry's own or the first of its list.
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
