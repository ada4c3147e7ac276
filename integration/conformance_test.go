package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/conformance"
)

// TestConformance runs the conformance suite on each real server. It fails if a server is
// missing.
func TestConformance(t *testing.T) {
	servers := find(t)
	signIn := keystone.Password(need(t, servers, "ZAQAR_REAL_KEYSTONE_URL"),
		need(t, servers, "ZAQAR_REAL_USERNAME"), need(t, servers, "ZAQAR_REAL_PASSWORD"),
		keystone.Project(need(t, servers, "ZAQAR_REAL_PROJECT")))
	z15 := conformance.Target{Endpoint: need(t, servers, "ZAQAR_REAL_Z15_URL")}
	z23 := conformance.Target{Endpoint: need(t, servers, "ZAQAR_REAL_Z23_URL")}
	m15 := conformance.Target{Endpoint: need(t, servers, "ZAQAR_REAL_Z15_MONGODB_URL")}
	mongoPools := pooled(t, servers, "ZAQAR_REAL_Z23_MONGODB_POOLING")
	mongoPools.Management = "" // they are in MongoDB, too
	pools15 := pooled(t, servers, "ZAQAR_REAL_Z15_MONGODB_POOLING")
	pools := pooled(t, servers, "ZAQAR_REAL_Z15_POOLING")
	guarded := pools
	guarded.Endpoint = need(t, servers, "ZAQAR_REAL_Z15_POOLING_KEYSTONE_URL")
	guarded.PoolURI = poolURIs(t, servers, "ZAQAR_REAL_Z15_POOLING_KEYSTONE")
	guarded.Auth = signIn
	guarded.Operator = keystone.Password(need(t, servers, "ZAQAR_REAL_KEYSTONE_URL"),
		need(t, servers, "ZAQAR_REAL_ADMIN_USERNAME"), need(t, servers, "ZAQAR_REAL_ADMIN_PASSWORD"),
		keystone.Project(need(t, servers, "ZAQAR_REAL_ADMIN_PROJECT")))
	asking := conformance.Target{Endpoint: need(t, servers, "ZAQAR_REAL_Z15_CONFIRM_URL")}
	confirming := conformance.Target{Endpoint: need(t, servers, "ZAQAR_REAL_Z23_CONFIRM_URL")}
	for _, server := range []struct {
		name    string
		results string // the name of the saved results, "" if they are not saved
		feature conformance.Feature
		version zaqar.Version
		store   string
		target  conformance.Target
	}{
		{"Zaqar 23 without authentication", "zaqar-23", "", zaqar.V2, "redis", z23},
		// The endpoint comes from the catalogue.
		{"Zaqar 23 with Keystone", "", "", zaqar.V2, "redis", conformance.Target{Endpoint: catalogued(t, signIn), Auth: signIn}},
		{"Zaqar 23 that wants confirmations", "zaqar-23", conformance.Confirmation, zaqar.V2, "redis", confirming},
		{"Zaqar 23 with pools", "zaqar-23", conformance.Pooling, zaqar.V2, "redis", pooled(t, servers, "ZAQAR_REAL_Z23_POOLING")},
		{"Zaqar 15", "zaqar-15", "", zaqar.V2, "redis", z15},
		{"Zaqar 15 that wants confirmations", "zaqar-15", conformance.Confirmation, zaqar.V2, "redis", asking},
		{"Zaqar 15", "zaqar-15", "", zaqar.V1_1, "redis", z15},
		{"Zaqar 15", "zaqar-15", "", zaqar.V1, "redis", z15},
		{"Zaqar 15 with pools", "zaqar-15", conformance.Pooling, zaqar.V2, "redis", pools},
		{"Zaqar 15 with pools", "zaqar-15", conformance.Pooling, zaqar.V1_1, "redis", pools},
		{"Zaqar 15 with pools", "zaqar-15", conformance.Pooling, zaqar.V1, "redis", pools},
		{"Zaqar 15 with pools and Keystone", "", conformance.Pooling, zaqar.V2, "redis", guarded},
		{
			"Zaqar 23 on MongoDB", "zaqar-23-mongodb", "", zaqar.V2, "mongodb",
			conformance.Target{Endpoint: need(t, servers, "ZAQAR_REAL_Z23_MONGODB_URL")},
		},
		{
			"Zaqar 23 on MongoDB with Keystone", "", "", zaqar.V2, "mongodb",
			conformance.Target{Endpoint: need(t, servers, "ZAQAR_REAL_Z23_MONGODB_KEYSTONE_URL"), Auth: signIn},
		},
		{
			"Zaqar 23 on MongoDB that wants confirmations", "zaqar-23-mongodb", conformance.Confirmation, zaqar.V2, "mongodb",
			conformance.Target{Endpoint: need(t, servers, "ZAQAR_REAL_Z23_MONGODB_CONFIRM_URL")},
		},
		{
			"Zaqar 23 on MongoDB with pools", "zaqar-23-mongodb", conformance.Pooling, zaqar.V2, "mongodb", mongoPools,
		},
		{"Zaqar 15 on MongoDB", "zaqar-15-mongodb", "", zaqar.V2, "mongodb", m15},
		{
			"Zaqar 15 on MongoDB that wants confirmations", "zaqar-15-mongodb", conformance.Confirmation, zaqar.V2, "mongodb",
			conformance.Target{Endpoint: need(t, servers, "ZAQAR_REAL_Z15_MONGODB_CONFIRM_URL")},
		},
		{"Zaqar 15 on MongoDB", "zaqar-15-mongodb", "", zaqar.V1_1, "mongodb", m15},
		{"Zaqar 15 on MongoDB", "zaqar-15-mongodb", "", zaqar.V1, "mongodb", m15},
		{"Zaqar 15 on MongoDB with pools", "zaqar-15-mongodb", conformance.Pooling, zaqar.V2, "mongodb", pools15},
		{"Zaqar 15 on MongoDB with pools", "zaqar-15-mongodb", conformance.Pooling, zaqar.V1_1, "mongodb", pools15},
		{"Zaqar 15 on MongoDB with pools", "zaqar-15-mongodb", conformance.Pooling, zaqar.V1, "mongodb", pools15},
	} {
		t.Run(server.name+" "+server.version.String(), func(t *testing.T) {
			if server.feature != conformance.Pooling {
				t.Parallel()
			}
			target := server.target
			target.Store, target.Wait = server.store, wait
			target.SigningKey = need(t, servers, "ZAQAR_REAL_SIGNED_URL_KEY")
			if server.feature != conformance.Pooling { // without a pool such a server is not healthy
				if err := reachable(t.Context(), target); err != nil {
					t.Fatal(err)
				}
			}
			open := func(*testing.T) conformance.Target { return target }
			switch {
			case server.results != "":
				conformance.RecordFeature(t, server.results, server.feature, server.version, open, func(r conformance.Results) { keep(t, r) })
			case server.feature != "":
				conformance.RunFeature(t, server.feature, server.version, open)
			default:
				conformance.Run(t, server.version, open)
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
			// Nor does it on MongoDB: versions are not the store's.
			for _, server := range []string{"zaqar-23", "zaqar-23-mongodb"} {
				keep(t, conformance.Results{Server: server, Version: version, NotServed: true})
			}
		})
	}
}

// pooled returns a target with pooling, which has its pools in SQL.
func pooled(t *testing.T, servers Servers, name string) conformance.Target {
	t.Helper()
	return conformance.Target{Endpoint: need(t, servers, name+"_URL"), PoolURI: poolURIs(t, servers, name), Management: "sqlalchemy"}
}

// poolURIs returns different URIs of one store: they end in different time limits.
func poolURIs(t *testing.T, servers Servers, name string) func() string {
	t.Helper()
	uri, made := need(t, servers, name+"_POOL1_URI"), 0
	return func() string {
		made++
		return fmt.Sprintf("%s%04d", uri, made)
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

// wait lets real time pass: TTLs of Zaqar are a minute at least. Cases run in parallel,
// so they wait at the same time.
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
