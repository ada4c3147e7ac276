package keystone

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// Endpoint returns the URL of the first of serviceTypes that is found, in the region
// and interface of [Region] and [Interface]. It looks for each type under its own name
// and then under its other names ("message" for "messaging"). If there is no token yet,
// it blocks as [Auth.Authorize] does.
//
// If no region is named, it takes the first endpoint in the catalogue, whatever its
// region, as openstacksdk does. Several interfaces are tried in their order. An endpoint
// without a URL is skipped.
//
// Overrides in clouds.yaml or the environment come before the catalogue:
// messaging_endpoint_override or OS_MESSAGING_ENDPOINT_OVERRIDE for one service, and
// endpoint_override or OS_ENDPOINT_OVERRIDE for all services but WebSockets. [FromCloud]
// lists the other settings of one service. If nothing is found, the error matches
// [ErrNoEndpoint].
func (a *Auth) Endpoint(ctx context.Context, serviceTypes ...string) (string, error) {
	id, err := a.identity()
	if err != nil {
		return "", err
	}
	for _, t := range serviceTypes {
		if url, err := id.overridden(t); url != "" || err != nil {
			return url, err
		}
	}
	if id.kind == kindNone {
		return "", fmt.Errorf("%w: %s, and there is no catalogue without Keystone", ErrNoEndpoint, id.missing("endpoint"))
	}
	s, err := a.keeper.session(ctx, id)
	if err != nil {
		return "", err
	}
	for _, t := range serviceTypes {
		wanted, err := id.search(t)
		if err != nil {
			return "", fmt.Errorf("keystone: %w", err)
		}
		if url := wanted.in(ctx, &s.catalog); url != "" {
			return url, nil
		}
	}
	return "", id.notFound(s, serviceTypes)
}

// in returns the URL of a service, or "" if it is not in the catalogue.
func (s search) in(ctx context.Context, catalog *tokens.ServiceCatalog) string {
	catalog = withURLs(catalog)
	for _, t := range s.types {
		literal := gophercloud.EndpointOpts{Type: t, Name: s.name, Region: s.region}
		aliased := literal
		aliased.ApplyDefaults(t)
		for _, opts := range []gophercloud.EndpointOpts{literal, aliased} {
			for _, opts.Availability = range s.ifaces {
				// The client may be nil because no version is asked for.
				if url, err := openstack.V3Endpoint(ctx, nil, catalog, opts); err == nil {
					return url
				}
			}
		}
	}
	return ""
}

// withURLs returns the catalogue without the endpoints that have no URL, which some
// clouds list.
func withURLs(catalog *tokens.ServiceCatalog) *tokens.ServiceCatalog {
	entries := slices.Clone(catalog.Entries)
	for i, entry := range entries {
		entries[i].Endpoints = slices.DeleteFunc(slices.Clone(entry.Endpoints), func(e tokens.Endpoint) bool {
			return strings.TrimSpace(e.URL) == ""
		})
	}
	return &tokens.ServiceCatalog{Entries: entries}
}

// overridden returns the URL that was configured for a service type, or "" for none.
func (id *identity) overridden(serviceType string) (string, error) {
	v, ok := id.setting(serviceType, "_endpoint_override", "_endpoint")
	if !ok && !strings.HasSuffix(serviceType, webSocketSuffix) {
		v = id.override
	}
	if v.text == "" {
		return "", nil
	}
	for _, scheme := range []string{"http://", "https://", "ws://", "wss://"} {
		if strings.HasPrefix(strings.ToLower(v.text), scheme) {
			return v.text, nil
		}
	}
	return "", fmt.Errorf("keystone: %s does not start with http:// or https://", v.name())
}

// notFound returns an error that names what was asked for and what the catalogue has.
func (id *identity) notFound(s *session, asked []string) error {
	wanted, _ := id.search(asked[0])
	names := make([]string, len(wanted.ifaces))
	for i, iface := range wanted.ifaces {
		names[i] = string(iface)
	}
	where := "interface " + strings.Join(names, " or ")
	if wanted.region != "" {
		where += ", region " + wanted.region
	}
	if wanted.name != "" {
		where += ", name " + wanted.name
	}
	there := "it is empty"
	switch {
	case len(s.catalog.Entries) > 0:
		there = "it has " + contents(&s.catalog)
	case s.project == "":
		there = "it is empty, because the token has no project: name one"
	}
	return fmt.Errorf("%w: %s (%s) in the catalogue: %s", ErrNoEndpoint, strings.Join(asked, ", "), where, there)
}

// contents lists the services with their interfaces and regions, as in
// "identity (public RegionOne), messaging (public RegionTwo)".
func contents(catalog *tokens.ServiceCatalog) string {
	places := map[string][]string{}
	for _, entry := range catalog.Entries {
		at := places[entry.Type]
		for _, e := range entry.Endpoints {
			what := strings.TrimSpace(e.Interface + " " + cmp.Or(e.Region, e.RegionID))
			if strings.TrimSpace(e.URL) == "" {
				what += " without a URL"
			}
			at = append(at, what)
		}
		places[entry.Type] = at
	}
	var list []string
	for _, t := range slices.Sorted(maps.Keys(places)) {
		at := slices.Compact(slices.Sorted(slices.Values(places[t])))
		list = append(list, t+" ("+strings.Join(at, ", ")+")")
	}
	return strings.Join(list, ", ")
}
