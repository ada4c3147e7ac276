package conformance_test

import (
	"os"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/conformance"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// encodings are the encodings of the WebSocket's frames: true is MessagePack.
var encodings = map[string]bool{"JSON": false, "MessagePack": true}

// sockets are the ways to serve a WebSocket.
var sockets = []struct {
	name   string
	serve  func(t *testing.T) (*zaqartest.Server, conformance.Target)
	packed bool // the encoding that is tried with it, if not all are
}{
	{"by socket", func(t *testing.T) (*zaqartest.Server, conformance.Target) {
		srv := zaqartest.Run(t, zaqartest.WithChecksums(true), zaqartest.WithSecretKey(key))
		return srv, conformance.Target{}
	}, true},
	{"in memory", func(t *testing.T) (*zaqartest.Server, conformance.Target) {
		srv := zaqartest.RunInMemory(t, zaqartest.WithChecksums(true), zaqartest.WithSecretKey(key))
		return srv, conformance.Target{Options: []zaqar.ConnectOption{zaqar.WithHTTPClient(srv.HTTPClient())}}
	}, true},
	{"with Keystone", func(t *testing.T) (*zaqartest.Server, conformance.Target) {
		srv := zaqartest.Run(t, zaqartest.WithKeystone(), zaqartest.WithChecksums(true), zaqartest.WithSecretKey(key))
		signIn := keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"))
		t.Cleanup(func() { _ = signIn.Close() })
		return srv, conformance.Target{Auth: signIn}
	}, false},
}

// Each way and each encoding is tried here, and all pairs of them with
// ZAQAR_TEST_COMPLETE, which `make releases` sets.
func TestTheEmbeddedServerConformsOverTheWebSocket(t *testing.T) {
	t.Parallel()
	complete := os.Getenv("ZAQAR_TEST_COMPLETE") != ""
	for _, way := range sockets {
		for encoding, packed := range encodings {
			if packed != way.packed && !complete {
				continue
			}
			target := func(t *testing.T) (*zaqartest.Server, conformance.Target) {
				srv, target := way.serve(t)
				target.Wait, target.SigningKey, target.MessagePack = srv.Advance, key, packed
				return srv, target
			}
			t.Run(way.name+" "+encoding, func(t *testing.T) {
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
