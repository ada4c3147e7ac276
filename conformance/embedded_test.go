package conformance_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/conformance"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// key signs URLs.
const key = "the key of the embedded server"

var versions = []zaqar.Version{zaqar.V1, zaqar.V1_1, zaqar.V2}

func TestTheEmbeddedServerConforms(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		t.Run(version.String(), func(t *testing.T) {
			t.Parallel()
			conformance.Record(t, "embedded", version, func(t *testing.T) conformance.Target {
				srv := zaqartest.Run(t, zaqartest.WithChecksums(true), zaqartest.WithSecretKey(key))
				return conformance.Target{Endpoint: srv.URL(), Wait: srv.Advance, SigningKey: key}
			}, func(r conformance.Results) { keep(t, r) })
		})
	}
}

func TestTheEmbeddedServerConformsWithItsFeatures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		feature  conformance.Feature
		versions []zaqar.Version
		option   zaqartest.Option
	}{
		{conformance.Confirmation, []zaqar.Version{zaqar.V2}, zaqartest.WithRequireConfirmation(true)},
		{conformance.Pooling, versions, zaqartest.WithPooling(true)},
	} {
		for _, version := range c.versions {
			t.Run(string(c.feature)+" "+version.String(), func(t *testing.T) {
				t.Parallel()
				conformance.RecordFeature(t, "embedded", c.feature, version, func(t *testing.T) conformance.Target {
					srv, stores := zaqartest.Run(t, c.option, zaqartest.WithSecretKey(key)), 0
					return conformance.Target{
						Endpoint: srv.URL(), Wait: srv.Advance, SigningKey: key,
						PoolURI: func() string {
							stores++
							return fmt.Sprintf("redis://127.0.0.1?dbid=%d", stores)
						},
					}
				}, func(r conformance.Results) { keep(t, r) })
			})
		}
	}
}

// keep writes results into the folder that ZAQAR_RESULTS names. Without that variable it
// compares them with the results that docs/coverage.md is generated from.
func keep(t *testing.T, r conformance.Results) {
	t.Helper()
	if folder := os.Getenv("ZAQAR_RESULTS"); folder != "" {
		if err := r.Save(folder); err != nil {
			t.Error(err)
		}
		return
	}
	got, err := r.Encode()
	if err != nil {
		t.Error(err)
	}
	name := conformance.FileName(r.Server, r.Feature, r.Version)
	kept, err := os.ReadFile(filepath.Join("..", "docs", "coverage", name))
	if err != nil || !bytes.Equal(got, kept) {
		t.Errorf("docs/coverage/%s is stale, run make coverage-table (%v):\n%s", name, err, got)
	}
}

func TestTheEmbeddedServerConformsInMemory(t *testing.T) {
	t.Parallel()
	conformance.Run(t, zaqar.V2, func(t *testing.T) conformance.Target {
		srv := zaqartest.RunInMemory(t, zaqartest.WithChecksums(true), zaqartest.WithSecretKey(key))
		return conformance.Target{
			Endpoint: srv.URL(), Wait: srv.Advance, SigningKey: key,
			Options: []zaqar.ConnectOption{zaqar.WithHTTPClient(srv.HTTPClient())},
		}
	})
}

func TestTheEmbeddedServerConformsWithKeystone(t *testing.T) {
	t.Parallel()
	conformance.Run(t, zaqar.V2, func(t *testing.T) conformance.Target {
		srv := zaqartest.Run(t, zaqartest.WithKeystone(), zaqartest.WithChecksums(true), zaqartest.WithSecretKey(key))
		signIn := keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"))
		t.Cleanup(func() { _ = signIn.Close() })
		return conformance.Target{Endpoint: srv.URL(), Auth: signIn, Wait: srv.Advance, SigningKey: key}
	})
}
