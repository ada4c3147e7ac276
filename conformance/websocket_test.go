package conformance_test

import (
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/conformance"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// encodings are the encodings of the WebSocket's frames: true is MessagePack.
var encodings = map[string]bool{"JSON": false, "MessagePack": true}

// sockets are the ways to serve a WebSocket.
var sockets = map[string]func(t *testing.T) (*zaqartest.Server, conformance.Target){
	"by socket": func(t *testing.T) (*zaqartest.Server, conformance.Target) {
		srv := zaqartest.Run(t, zaqartest.WithChecksums(true), zaqartest.WithSecretKey(key))
		return srv, conformance.Target{}
	},
	"in memory": func(t *testing.T) (*zaqartest.Server, conformance.Target) {
		srv := zaqartest.RunInMemory(t, zaqartest.WithChecksums(true), zaqartest.WithSecretKey(key))
		return srv, conformance.Target{Options: []zaqar.ConnectOption{zaqar.WithHTTPClient(srv.HTTPClient())}}
	},
	"with Keystone": func(t *testing.T) (*zaqartest.Server, conformance.Target) {
		srv := zaqartest.Run(t, zaqartest.WithKeystone(), zaqartest.WithChecksums(true), zaqartest.WithSecretKey(key))
		signIn := keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"))
		t.Cleanup(func() { _ = signIn.Close() })
		return srv, conformance.Target{Auth: signIn}
	},
}

func TestTheEmbeddedServerConformsOverTheWebSocket(t *testing.T) {
	t.Parallel()
	for where, serve := range sockets {
		for encoding, packed := range encodings {
			target := func(t *testing.T) (*zaqartest.Server, conformance.Target) {
				srv, target := serve(t)
				target.Wait, target.SigningKey, target.MessagePack = srv.Advance, key, packed
				return srv, target
			}
			t.Run(where+" "+encoding, func(t *testing.T) {
				t.Parallel()
				t.Run("beside HTTP", func(t *testing.T) {
					conformance.Run(t, zaqar.V2, func(t *testing.T) conformance.Target {
						srv, target := target(t)
						target.Endpoint = srv.URL()
						target.WebSocket = srv.WebSocketURL()
						return target
					})
				})
				t.Run("alone", func(t *testing.T) {
					conformance.RunWebSocket(t, func(t *testing.T) conformance.Target {
						srv, target := target(t)
						target.Endpoint = srv.WebSocketURL()
						return target
					})
				})
			})
		}
	}
}
