package integration

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/conformance"
)

// TestConformance holds each real server to the suite that the embedded server
// passes. It fails when a server is missing.
func TestConformance(t *testing.T) {
	servers := find(t)
	signIn := keystone.Password(need(t, servers, "ZAQAR_REAL_KEYSTONE_URL"),
		need(t, servers, "ZAQAR_REAL_USERNAME"), need(t, servers, "ZAQAR_REAL_PASSWORD"),
		keystone.Project(need(t, servers, "ZAQAR_REAL_PROJECT")))
	z15 := conformance.Target{Endpoint: need(t, servers, "ZAQAR_REAL_Z15_URL")}
	z23 := conformance.Target{Endpoint: need(t, servers, "ZAQAR_REAL_Z23_URL")}
	for _, server := range []struct {
		name    string
		results string // the name under which they are kept, "" when they are not
		version zaqar.Version
		target  conformance.Target
	}{
		{"Zaqar 23 without authentication", "zaqar-23", zaqar.V2, z23},
		// The endpoint comes from the catalogue.
		{"Zaqar 23 with Keystone", "", zaqar.V2, conformance.Target{Endpoint: catalogued(t, signIn), Auth: signIn}},
		{"Zaqar 15", "zaqar-15", zaqar.V2, z15},
		{"Zaqar 15", "zaqar-15", zaqar.V1_1, z15},
		{"Zaqar 15", "zaqar-15", zaqar.V1, z15},
	} {
		t.Run(server.name+" "+server.version.String(), func(t *testing.T) {
			t.Parallel()
			target := server.target
			target.Store, target.Wait = "redis", wait
			target.SigningKey = need(t, servers, "ZAQAR_REAL_SIGNED_URL_KEY")
			if err := reachable(t.Context(), target); err != nil {
				t.Fatal(err)
			}
			open := func(*testing.T) conformance.Target { return target }
			if server.results == "" {
				conformance.Run(t, server.version, open)
			} else {
				conformance.Record(t, server.results, server.version, open, func(r conformance.Results) { keep(t, r) })
			}
		})
	}
	for _, version := range []zaqar.Version{zaqar.V1, zaqar.V1_1} {
		t.Run("Zaqar 23 has no "+version.String(), func(t *testing.T) {
			client, err := zaqar.Connect(t.Context(), z23.Endpoint, zaqar.WithProject("probe"), zaqar.WithVersion(version))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = client.Close() }()
			if _, err := client.Home(t.Context()); !errors.Is(err, zaqar.ErrNotFound) {
				t.Fatalf("the error is %v", err)
			}
			keep(t, conformance.Results{Server: "zaqar-23", Version: version, NotServed: true})
		})
	}
}

// keep writes results into the folder that ZAQAR_RESULTS names, if it names one.
func keep(t *testing.T, r conformance.Results) {
	t.Helper()
	if folder := os.Getenv("ZAQAR_RESULTS"); folder != "" {
		if err := r.Save(folder); err != nil {
			t.Error(err)
		}
	}
}

// wait lets real time pass: TTLs of Zaqar are a minute at least. Cases run side
// by side, so that they wait together.
func wait(d time.Duration) { <-time.After(d) }

func reachable(ctx context.Context, target conformance.Target) error {
	options := []zaqar.ConnectOption{zaqar.WithProject("probe")}
	if target.Auth != nil {
		options = []zaqar.ConnectOption{zaqar.WithAuth(target.Auth)}
	}
	client, err := zaqar.Connect(ctx, target.Endpoint, options...)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	return client.Ping(ctx)
}

func catalogued(t *testing.T, signIn *keystone.Auth) string {
	t.Helper()
	client, err := zaqar.Connect(t.Context(), "", zaqar.WithAuth(signIn))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	return client.Conn().Endpoint()
}

func find(t *testing.T) Servers {
	t.Helper()
	servers, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	return servers
}

func need(t *testing.T, servers Servers, key string) string {
	t.Helper()
	value, err := servers.Need(key)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
