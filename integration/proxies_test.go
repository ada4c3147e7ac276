package integration

import (
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/conformance"
)

// TestConformanceThroughProxies holds Zaqar 23 to the suite through nginx and HAProxy,
// as clouds serve it: over HTTPS and HTTP/2, with a prefix before the paths, and over
// the WebSocket with TLS.
func TestConformanceThroughProxies(t *testing.T) {
	t.Parallel()
	servers := find(t)
	ca := zaqar.WithCACert(need(t, servers, "ZAQAR_REAL_CA_FILE"))
	for _, proxy := range []struct{ name, key string }{{"nginx", "NGINX"}, {"haproxy", "HAPROXY"}} {
		base := conformance.Target{
			Store: "redis", Proxy: proxy.name, Wait: wait, Options: []zaqar.ConnectOption{ca},
			SigningKey: need(t, servers, "ZAQAR_REAL_SIGNED_URL_KEY"),
		}
		web := need(t, servers, "ZAQAR_REAL_Z23_"+proxy.key+"_URL")
		socket := need(t, servers, "ZAQAR_REAL_Z23_"+proxy.key+"_WEBSOCKET_URL")
		t.Run(proxy.name, func(t *testing.T) {
			t.Parallel()
			target := base
			target.Endpoint = web
			conformance.Run(t, zaqar.V2, func(*testing.T) conformance.Target { return target })
		})
		t.Run(proxy.name+" with the WebSocket alone", func(t *testing.T) {
			t.Parallel()
			target := base
			target.Endpoint = socket
			conformance.RunWebSocket(t, func(*testing.T) conformance.Target { return target })
		})
		t.Run(proxy.name+" with Keystone beside the WebSocket", func(t *testing.T) {
			t.Parallel()
			target := base
			target.Endpoint = need(t, servers, "ZAQAR_REAL_Z23_KEYSTONE_"+proxy.key+"_URL")
			target.WebSocket = need(t, servers, "ZAQAR_REAL_Z23_KEYSTONE_"+proxy.key+"_WEBSOCKET_URL")
			// The cases that list queues want a project in which nobody else makes any.
			target.Auth = keystone.Password(need(t, servers, "ZAQAR_REAL_KEYSTONE_URL"),
				need(t, servers, "ZAQAR_REAL_USERNAME"), need(t, servers, "ZAQAR_REAL_PASSWORD"),
				keystone.Project(need(t, servers, "ZAQAR_REAL_PROJECT_"+proxy.key)))
			conformance.Run(t, zaqar.V2, func(*testing.T) conformance.Target { return target })
		})
	}
}
