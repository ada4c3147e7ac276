package conformance_test

import (
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/conformance"
	"github.com/zaqar-go/zaqar/zaqartest"
)

var versions = []zaqar.Version{zaqar.V1, zaqar.V1_1, zaqar.V2}

func TestTheEmbeddedServerConforms(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		t.Run(version.String(), func(t *testing.T) {
			t.Parallel()
			conformance.Run(t, version, func(t *testing.T) conformance.Target {
				srv := zaqartest.Run(t, zaqartest.WithChecksums(true))
				return conformance.Target{Endpoint: srv.URL(), Wait: srv.Advance}
			})
		})
	}
}

func TestTheEmbeddedServerConformsInMemory(t *testing.T) {
	t.Parallel()
	conformance.Run(t, zaqar.V2, func(t *testing.T) conformance.Target {
		srv := zaqartest.RunInMemory(t, zaqartest.WithChecksums(true))
		return conformance.Target{
			Endpoint: srv.URL(), Wait: srv.Advance,
			Options: []zaqar.ConnectOption{zaqar.WithHTTPClient(srv.HTTPClient())},
		}
	})
}

func TestTheEmbeddedServerConformsWithKeystone(t *testing.T) {
	t.Parallel()
	conformance.Run(t, zaqar.V2, func(t *testing.T) conformance.Target {
		srv := zaqartest.Run(t, zaqartest.WithKeystone(), zaqartest.WithChecksums(true))
		signIn := keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"))
		t.Cleanup(func() { _ = signIn.Close() })
		return conformance.Target{Endpoint: srv.URL(), Auth: signIn, Wait: srv.Advance}
	})
}
