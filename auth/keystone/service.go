package keystone

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
)

// serviceSettings are the ends of the keys that hold for one service only, such as
// messaging_region_name.
var serviceSettings = []string{
	"_region_name", "_interface", "_endpoint_type", "_service_type", "_service_name", "_endpoint_override", "_endpoint",
}

// ownNames are the names of Zaqar, under which its settings are checked at once. Those of
// other services are checked when they are used.
var ownNames = []string{"message", "messaging"}

// withoutEffect are settings of openstacksdk that this library does not support, with what
// to use instead. Those that start with "_" belong to one service.
var withoutEffect = map[string]string{
	"api_timeout":              ": use zaqar.WithTimeout",
	"force_ipv4":               "",
	"_api_version":             ": use zaqar.WithVersion",
	"_default_microversion":    ": Zaqar has no microversions",
	"_connect_retries":         "",
	"_connect_retry_delay":     "",
	"_status_code_retries":     "",
	"_status_code_retry_delay": "",
	"_rate_limit":              "",
}

// warnings describes the settings without an effect that are about Zaqar.
func (s settings) warnings() []string {
	var found []string
	for end, instead := range withoutEffect {
		keys := []string{end}
		if strings.HasPrefix(end, "_") {
			keys = []string{ownNames[0] + end, ownNames[1] + end}
		}
		for _, key := range keys {
			if v := s.values[key]; len(v.list) > 0 && v.list[0] != "" {
				found = append(found, v.name()+" has no effect"+instead)
			}
		}
	}
	slices.Sort(found)
	return found
}

const webSocketSuffix = "-websocket"

// services returns the settings that hold for one service.
func (s settings) services(c *config) map[string]setting {
	found := map[string]setting{}
	for key, v := range s.values {
		for _, suffix := range serviceSettings {
			if prefix, ok := strings.CutSuffix(key, suffix); ok && prefix != "" {
				found[key] = v
			}
		}
	}
	for _, name := range ownNames {
		for _, suffix := range []string{"_interface", "_endpoint_type"} {
			if v, ok := found[name+suffix]; ok {
				if _, err := v.interfaces(); err != nil {
					c.problem("%v", err)
				}
			}
		}
		for _, suffix := range serviceSettings {
			s.used[name+suffix] = true
		}
	}
	return found
}

// interfaces returns the interfaces that a setting lists, in order.
func (v setting) interfaces() ([]gophercloud.Availability, error) {
	var list []gophercloud.Availability
	for _, name := range v.list {
		known, ok := interfaces[name]
		if !ok {
			return nil, fmt.Errorf("%s is %q; it must be public, internal or admin", v.name(), name)
		}
		list = append(list, known)
	}
	return list, nil
}

// serviceNames returns the names of a service: the official one first, then the others,
// as openstacksdk orders them.
func serviceNames(serviceType string) []string {
	base, socket := strings.CutSuffix(serviceType, webSocketSuffix)
	opts := gophercloud.EndpointOpts{Type: base}
	opts.ApplyDefaults(base)
	names := opts.Types()
	if !slices.Contains(names, base) {
		names = append(names, base)
	}
	if socket {
		for i := range names {
			names[i] += webSocketSuffix
		}
	}
	return names
}

// setting returns a setting of one service, under any of the service's names.
func (c *config) setting(serviceType string, suffixes ...string) (setting, bool) {
	for _, name := range serviceNames(serviceType) {
		for _, suffix := range suffixes {
			key := strings.ReplaceAll(strings.ToLower(name), "-", "_") + suffix
			if v := c.services[key]; len(v.list) > 0 && v.list[0] != "" {
				return v, true
			}
		}
	}
	return setting{}, false
}

// drop removes the settings of single services that an option overrides.
func (c *config) drop(suffixes ...string) {
	maps.DeleteFunc(c.services, func(key string, _ setting) bool {
		return slices.ContainsFunc(suffixes, func(suffix string) bool { return strings.HasSuffix(key, suffix) })
	})
}

// search is what to look for in the catalogue.
type search struct {
	types  []string // in order; each stands for all its names
	name   string   // "" for any
	region string   // "" for any
	ifaces []gophercloud.Availability
}

// search returns what to look for to find a service. The WebSocket has the region and the
// interfaces of its service, unless it has its own.
func (c *config) search(serviceType string) (search, error) {
	s := search{types: []string{serviceType}, region: c.region, ifaces: c.ifaces}
	if v, ok := c.setting(serviceType, "_service_type"); ok {
		s.types = []string{v.list[0]}
	}
	if v, ok := c.setting(serviceType, "_service_name"); ok {
		s.name = v.list[0]
	}
	base := strings.TrimSuffix(serviceType, webSocketSuffix)
	for _, t := range []string{base, serviceType} {
		if v, ok := c.setting(t, "_region_name"); ok {
			s.region = v.list[0]
		}
		if v, ok := c.setting(t, "_interface", "_endpoint_type"); ok {
			var err error
			if s.ifaces, err = v.interfaces(); err != nil {
				return search{}, err
			}
		}
	}
	return s, nil
}
