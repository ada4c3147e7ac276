package keystone_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/auth/keystone"
)

// entry is a line of a catalogue: "type name interface region url". A url of "-" is null.
type entry string

// withCatalogue issues tokens with a catalogue.
func withCatalogue(entries ...entry) *fakeKeystone {
	return &fakeKeystone{answer: func(w http.ResponseWriter, _ *http.Request) {
		var catalog []map[string]any
		for _, e := range entries {
			f := strings.Fields(string(e))
			endpoint := map[string]any{"interface": f[2], "region": f[3], "region_id": f[3], "url": f[4]}
			if f[4] == "-" {
				endpoint["url"] = nil
			}
			if last := len(catalog) - 1; last >= 0 && catalog[last]["type"] == f[0] && catalog[last]["name"] == f[1] {
				catalog[last]["endpoints"] = append(catalog[last]["endpoints"].([]any), endpoint)
				continue
			}
			catalog = append(catalog, map[string]any{"type": f[0], "name": f[1], "endpoints": []any{endpoint}})
		}
		w.Header().Set("X-Subject-Token", "token")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]any{"token": map[string]any{"catalog": catalog}})
	}}
}

func manyPlaces() *fakeKeystone {
	return withCatalogue(
		"messaging zaqar public One http://public.one", "messaging zaqar internal One http://internal.one",
		"messaging zaqar public Two http://public.two", "messaging zaqar internal Two http://internal.two",
		"messaging other public Two http://other.two",
		"rax:queues rax public Two http://rax.two",
		"messaging-websocket zaqar-websocket public One ws://public.one", "messaging-websocket zaqar-websocket internal Two ws://internal.two",
	)
}

func TestSettingsOfOneServiceComeBeforeThoseOfAll(t *testing.T) {
	const websocket = "messaging-websocket"
	for _, test := range []struct{ name, cloud, service, want string }{
		{"region", `region_name: One, messaging_region_name: Two`, "messaging", "http://public.two/"},
		{"region, by the official name", `region_name: One, message_region_name: Two`, "messaging", "http://public.two/"},
		{"region, asked by the official name", `region_name: One, messaging_region_name: Two`, "message", "http://public.two/"},
		{"the official name comes first", `messaging_region_name: One, message_region_name: Two`, "messaging", "http://public.two/"},
		{"region of another service", `region_name: One, compute_region_name: Two`, "messaging", "http://public.one/"},
		{"interface", `interface: public, messaging_interface: internal`, "messaging", "http://internal.one/"},
		{"interface by its old name", `interface: public, messaging_endpoint_type: internalURL`, "messaging", "http://internal.one/"},
		{"interfaces in their order", `region_name: Two, interface: [admin, internal, public]`, "messaging", "http://internal.two/"},
		{"interfaces of one service", `interface: public, message_interface: [admin, null, internal, public]`, "messaging", "http://internal.one/"},
		{"service type", `messaging_service_type: "rax:queues"`, "messaging", "http://rax.two/"},
		{"service name", `messaging_service_name: other`, "messaging", "http://other.two/"},
		{"endpoint override", `messaging_endpoint_override: "http://x", messaging_endpoint: "http://y"`, "messaging", "http://x"},
		{"endpoint", `message_endpoint: "http://y"`, "messaging", "http://y"},
		{"the WebSocket has its service's settings", `region_name: One, messaging_region_name: Two, messaging_interface: internal`, websocket, "ws://internal.two/"},
		{"the WebSocket has its own settings", `messaging_region_name: Two, messaging_websocket_region_name: One`, websocket, "ws://public.one/"},
		{"not the service's type", `messaging_service_type: "rax:queues"`, websocket, "ws://public.one/"},
		{"no region: the first in the catalogue", ``, "messaging", "http://public.one/"},
		{"several regions: the first of them", `regions: [Two, One]`, "messaging", "http://public.two/"},
		{"several names of regions: the first of them", `region_name: "Two,One"`, "messaging", "http://public.two/"},
		{"a list of names of regions: the first of them", `region_name: [Two, One]`, "messaging", "http://public.two/"},
		{"settings of a region", `regions: [{name: One, values: {messaging_region_name: Two}}]`, "messaging", "http://public.two/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			write(t, cleanEnvironment(t, nil), map[string]string{
				"clouds.yaml": `clouds: {c: {auth: {auth_url: "https://keystone.test", username: demo, password: x}, ` + test.cloud + `}}`,
			})
			k := manyPlaces()
			if url, err := keystone.FromCloud("c", k.client()).Endpoint(context.Background(), test.service); url != test.want || err != nil {
				t.Errorf("%q, %v; want %q", url, err, test.want)
			}
		})
	}
}

func TestVariablesOfOneServiceAndOptions(t *testing.T) {
	cleanEnvironment(t, map[string]string{
		"OS_AUTH_URL": fakeURL, "OS_USERNAME": "demo", "OS_PASSWORD": "x", "OS_REGION_NAME": "One",
		"OS_MESSAGE_REGION_NAME": "Two", "OS_MESSAGING_INTERFACE": "internal",
	})
	k := manyPlaces()
	for _, test := range []struct {
		opts []keystone.Option
		want string
	}{
		{nil, "http://internal.two/"},
		{[]keystone.Option{keystone.Region("One")}, "http://internal.one/"},
		{[]keystone.Option{keystone.Interface("public")}, "http://public.two/"},
	} {
		opts := append(test.opts, k.client())
		if url, err := keystone.FromEnv(opts...).Endpoint(context.Background(), "messaging"); url != test.want || err != nil {
			t.Errorf("%q, %v; want %q", url, err, test.want)
		}
	}
}

func TestAnEndpointWithoutAURLHidesNoOther(t *testing.T) {
	k := withCatalogue("messaging zaqar public One -", "messaging zaqar public Two http://public.two", "message zaqar internal One -")
	if url, err := k.demo().Endpoint(context.Background(), "messaging"); url != "http://public.two/" || err != nil {
		t.Errorf("%q, %v", url, err)
	}
	_, err := k.demo(keystone.Region("One")).Endpoint(context.Background(), "messaging")
	if !errors.Is(err, keystone.ErrNoEndpoint) || !strings.Contains(err.Error(), "messaging (public One without a URL, public Two)") {
		t.Error(err)
	}
}

func TestSettingsOfOneServiceThatAreWrong(t *testing.T) {
	for cloud, want := range map[string]string{
		`messaging_interface: inner`:             `clouds.yaml, line 1: messaging_interface of cloud "c" is "inner"; it must be public, internal or admin`,
		`interface: [public, inner]`:             `clouds.yaml, line 1: interface of cloud "c" is "inner"`,
		`compute_interface: inner`:               ``,
		`messaging_endpoint_override: localhost`: `clouds.yaml, line 1: messaging_endpoint_override of cloud "c" does not start with http:// or https://`,
	} {
		write(t, cleanEnvironment(t, nil), map[string]string{
			"clouds.yaml": `clouds: {c: {auth: {auth_url: "https://keystone.test", username: demo, password: x}, ` + cloud + `}}`,
		})
		_, err := keystone.FromCloud("c", manyPlaces().client()).Endpoint(context.Background(), "messaging")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %s", cloud, err, want)
		}
	}
}

func TestSettingsWithoutAnEffectWarnOnce(t *testing.T) {
	var logged bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, nil)))
	defer slog.SetDefault(before)
	write(t, cleanEnvironment(t, nil), map[string]string{
		"clouds.yaml": "clouds:\n  c:\n    auth: {auth_url: 'https://keystone.test', username: demo, password: s3cret}\n" +
			"    api_timeout: 7\n    messaging_api_version: 2\n    compute_api_version: 2\n    volume_region_name: x\n    message_status_code_retries: 5\n",
	})
	a := keystone.FromCloud("c", manyPlaces().client())
	for range 3 {
		if _, err := a.Endpoint(context.Background(), "messaging"); err != nil {
			t.Fatal(err)
		}
		_ = a.Validate()
	}
	for _, want := range []string{
		`clouds.yaml, line 4: api_timeout of cloud \"c\" has no effect: use zaqar.WithTimeout`,
		`clouds.yaml, line 5: messaging_api_version of cloud \"c\" has no effect: use zaqar.WithVersion`,
		`clouds.yaml, line 8: message_status_code_retries of cloud \"c\" has no effect`,
	} {
		if n := strings.Count(logged.String(), want); n != 1 {
			t.Errorf("%d warnings …%s… in\n%s", n, want, logged.String())
		}
	}
	if n := strings.Count(logged.String(), "level=WARN"); n != 3 {
		t.Errorf("%d warnings in\n%s", n, logged.String())
	}
}
