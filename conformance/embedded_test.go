package conformance_test

import (
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/conformance"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestTheEmbeddedServerConforms(t *testing.T) {
	t.Parallel()
	conformance.Run(t, func(t *testing.T) conformance.Target {
		srv := zaqartest.Run(t)
		return conformance.Target{Endpoint: srv.URL(), Wait: srv.Advance}
	})
}

func TestTheEmbeddedServerConformsInMemory(t *testing.T) {
	t.Parallel()
	conformance.Run(t, func(t *testing.T) conformance.Target {
		srv := zaqartest.RunInMemory(t)
		return conformance.Target{
			Endpoint: srv.URL(), Wait: srv.Advance,
			Options: []zaqar.ConnectOption{zaqar.WithHTTPClient(srv.HTTPClient())},
		}
	})
}

func TestTheEmbeddedServerConformsWithKeystone(t *testing.T) {
	t.Parallel()
	conformance.Run(t, func(t *testing.T) conformance.Target {
		srv := zaqartest.Run(t, zaqartest.WithKeystone())
		signIn := keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"))
		t.Cleanup(func() { _ = signIn.Close() })
		return conformance.Target{Endpoint: srv.URL(), Auth: signIn, Wait: srv.Advance}
	})
}
