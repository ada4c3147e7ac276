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
// Overrides in clouds.yaml or the environment come before the catalogue:
// messaging_endpoint_override or OS_MESSAGING_ENDPOINT_OVERRIDE for one service, and
// endpoint_override or OS_ENDPOINT_OVERRIDE for all services but WebSockets. If nothing
// is found, the error matches [ErrNoEndpoint].
func (a *Auth) Endpoint(ctx context.Context, serviceTypes ...string) (string, error) {
	id, err := a.identity()
	if err != nil {
		return "", err
	}
	for _, t := range serviceTypes {
		if url := id.override(t); url != "" {
			return url, nil
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
		if url := id.find(ctx, &s.catalog, t); url != "" {
			return url, nil
		}
	}
	return "", id.notFound(s, serviceTypes)
}

// find returns the URL of a service, or "" if it is not in the catalogue.
func (id *identity) find(ctx context.Context, catalog *tokens.ServiceCatalog, serviceType string) string {
	literal := gophercloud.EndpointOpts{Type: serviceType, Region: id.region, Availability: id.iface}
	aliased := literal
	aliased.ApplyDefaults(serviceType)
	for _, opts := range []gophercloud.EndpointOpts{literal, aliased} {
		// The client may be nil because no version is asked for.
		if url, err := openstack.V3Endpoint(ctx, nil, catalog, opts); err == nil {
			return url
		}
	}
	return ""
}

// override returns the URL that was configured for a service type.
func (id *identity) override(serviceType string) string {
	opts := gophercloud.EndpointOpts{Type: serviceType}
	opts.ApplyDefaults(serviceType)
	for _, t := range append([]string{serviceType}, opts.Types()...) {
		if url := id.endpoints[strings.ReplaceAll(t, "-", "_")]; url != "" {
			return url
		}
	}
	if strings.HasSuffix(serviceType, "websocket") {
		return ""
	}
	return id.endpoints[""]
}

// notFound returns an error that names what was asked for and what the catalogue has.
func (id *identity) notFound(s *session, asked []string) error {
	where := "interface " + string(id.iface)
	if id.region != "" {
		where += ", region " + id.region
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
			at = append(at, strings.TrimSpace(e.Interface+" "+cmp.Or(e.Region, e.RegionID)))
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
