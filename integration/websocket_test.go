package integration

import (
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/conformance"
)

// TestConformanceOverTheWebSocket runs the suite on the WebSocket of Zaqar 23: with JSON
// and MessagePack, with and without HTTP, without authentication and with Keystone, where
// its URL comes from the catalogue. On MongoDB it uses JSON only: the store does not see
// the frames.
func TestConformanceOverTheWebSocket(t *testing.T) {
	t.Parallel()
	servers := find(t)
	signIn := keystone.Password(need(t, servers, "ZAQAR_REAL_KEYSTONE_URL"),
		need(t, servers, "ZAQAR_REAL_USERNAME"), need(t, servers, "ZAQAR_REAL_PASSWORD"),
		keystone.Project(need(t, servers, "ZAQAR_REAL_PROJECT")))
	listed, err := signIn.Endpoint(t.Context(), "messaging-websocket")
	if want := need(t, servers, "ZAQAR_REAL_Z23_KEYSTONE_WEBSOCKET_URL"); err != nil || strings.TrimRight(listed, "/") != want {
		t.Fatalf("the catalogue has %s, %v, want %s", listed, err, want)
	}
	base := conformance.Target{
		Wait: wait, SigningKey: need(t, servers, "ZAQAR_REAL_SIGNED_URL_KEY"),
	}
	for name, server := range map[string]struct {
		store, http, socket string
		signIn              *keystone.Auth
	}{
		"without authentication": {
			store: "redis", http: need(t, servers, "ZAQAR_REAL_Z23_URL"), socket: need(t, servers, "ZAQAR_REAL_Z23_WEBSOCKET_URL"),
		},
		"with Keystone": {store: "redis", http: catalogued(t, signIn), socket: listed, signIn: signIn},
		"on MongoDB": {
			store: "mongodb", http: need(t, servers, "ZAQAR_REAL_Z23_MONGODB_URL"),
			socket: need(t, servers, "ZAQAR_REAL_Z23_MONGODB_WEBSOCKET_URL"),
		},
	} {
		for encoding, packed := range map[string]bool{"JSON": false, "MessagePack": true} {
			if server.store == "mongodb" && packed {
				continue
			}
			target := base
			target.Store, target.MessagePack = server.store, packed
			if server.signIn != nil {
				target.Auth = server.signIn
			}
			t.Run(name+" "+encoding+" beside HTTP", func(t *testing.T) {
				t.Parallel()
				target := target
				target.Endpoint, target.WebSocket = server.http, server.socket
				conformance.Run(t, zaqar.V2, func(*testing.T) conformance.Target { return target })
			})
			t.Run(name+" "+encoding+" alone", func(t *testing.T) {
				t.Parallel()
				target := target
				target.Endpoint = server.socket
				conformance.RunWebSocket(t, func(*testing.T) conformance.Target { return target })
			})
		}
	}
}
