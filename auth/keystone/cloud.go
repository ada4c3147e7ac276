package keystone

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
//
// Some keys hold for one service only and come before those for all. They start with one
// of its names, message or messaging: messaging_region_name, messaging_interface,
// messaging_service_type, messaging_service_name and messaging_endpoint_override. An
// interface may be a list of interfaces, which are tried in order. The WebSocket has its
// service's region and interface unless messaging_websocket_region_name or
// messaging_websocket_interface is set. If there are several regions and none is named,
// the first is used, as in openstacksdk.
//
// Keys of openstacksdk about Zaqar that have no effect here, such as
// messaging_api_version, are logged once for each Auth, as warnings of [slog.Default].
func FromCloud(name string, opts ...Option) *Auth {
	env := environment()
	if name != "" {
		env.values["cloud"] = setting{text: name}
	}
	return fromCloud(env, opts)
}

func fromCloud(env settings, opts []Option) *Auth {
	name := env.get("cloud")
	return newAuth(cloudLabel(name), func(given map[string]string) (config, error) {
		if name == "" {
			return config{}, errors.New("no cloud is named: pass a name or set OS_CLOUD")
		}
		s, err := readCloud(name, env.with(given))
		if mangled := env.mangled(); mangled != nil {
			err = mangled // the cause of other errors
		}
		if err != nil {
			return config{}, err
		}
		s = s.with(given)
		c := s.config()
		s.idle(&c, given)
		return c, nil
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
	where := cloud.at
	near := append([]string{filepath.Dir(path)}, folders()...)
	_, secure, err := readClouds("secure", "clouds", env.get("client_secure_file"), near)
	if err != nil && !optional(err, env.get("client_secure_file")) {
		return settings{}, err
	}
	if err := errors.Join(checkShape(name, cloud), checkShape(name, secure[name])); err != nil {
		return settings{}, err
	}
	cloud = cloud.under(secure[name])

	profile := cloud.get("profile", "cloud")
	if profile != "" {
		_, public, err := readClouds("clouds-public", "public-clouds", env.get("client_vendor_file"), near)
		if err != nil && !optional(err, env.get("client_vendor_file")) {
			return settings{}, err
		}
		if err := checkShape(profile, public[profile]); err != nil {
			return settings{}, err
		}
		cloud = public[profile].under(cloud)
		if _, ok := public[profile]; !ok && cloud.fields["auth"].get("auth_url") == "" {
			return settings{}, fmt.Errorf("%s: cloud %q has no auth_url, and its profile %q is not in a clouds-public.yaml "+
				"(this library does not include the profiles of openstacksdk): set auth_url", where, name, profile)
		}
	}
	cloud = cloud.inRegion(env.get("region_name"))

	values := map[string]setting{}
	label := func(key string) string { return fmt.Sprintf("%s of cloud %q", key, name) }
	// An entry may have auth keys outside of auth.
	for _, fields := range []map[string]node{cloud.fields, cloud.fields["auth"].fields} {
		for key, n := range fields {
			if list := n.texts(); len(list) > 0 {
				values[key] = setting{text: n.text, list: list, label: label(key), at: n.at}
			}
		}
	}
	for _, group := range envOverrides {
		if env.get(group...) == "" {
			continue
		}
		for _, key := range group {
			values[key] = env.values[key]
		}
	}
	return settings{
		values: values,
		used:   map[string]bool{},
		label:  label,
		missing: func(keys ...string) string {
			return fmt.Sprintf("cloud %q has no %s", name, strings.Join(keys, " and no "))
		},
		source: where.String(),
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
		clouds, err := cloudsIn(file, key, text)
		return file, clouds, err
	}
	return "", nil, fmt.Errorf("%w: %s", os.ErrNotExist, strings.Join(candidates, ", "))
}

// cloudsIn returns the map under key in the text of a file.
func cloudsIn(file, key string, text []byte) (map[string]node, error) {
	document, err := parseYAML(file, text)
	if err != nil || document.empty() {
		return nil, err
	}
	if document.fields == nil {
		return nil, document.at.wrong("%s is missing: the file must be a map", key)
	}
	clouds := document.fields[key]
	if clouds.fields == nil && !clouds.empty() {
		return nil, clouds.at.wrong("%s must be a map", key)
	}
	return clouds.fields, nil
}

// checkShape returns an error if an entry, or what it has under auth, is not a map.
func checkShape(name string, entry node) error {
	if entry.fields == nil && !entry.empty() {
		return entry.at.wrong("cloud %q must be a map", name)
	}
	if auth := entry.fields["auth"]; auth.fields == nil && !auth.empty() {
		return auth.at.wrong("auth of cloud %q must be a map", name)
	}
	return nil
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

// inRegion merges the entry with the values of one of its regions: the wanted one, the
// entry's own or the first in its list. Like openstacksdk, it takes the first of several
// names in region_name.
func (n node) inRegion(wanted string) node {
	if own := n.fields["region_name"].texts(); wanted == "" && len(own) > 0 {
		first, _, _ := strings.Cut(own[0], ",")
		wanted = strings.TrimSpace(first)
		n = n.under(regionName(wanted, n.fields["region_name"].at))
	}
	for _, region := range n.fields["regions"].items {
		name := region.text
		if name == "" {
			name = region.get("name")
		}
		if wanted == "" || wanted == name {
			return n.under(region.fields["values"]).under(regionName(name, region.at))
		}
	}
	return n
}

func regionName(name string, at place) node {
	return node{fields: map[string]node{"region_name": {text: name, at: at}}}
}
