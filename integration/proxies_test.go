package integration

import (
	"errors"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/conformance"
)

// TestConformanceThroughProxies holds Zaqar 23 to the suite through nginx and HAProxy,
// as clouds serve it: over HTTPS and HTTP/2, with a prefix before the paths, and over
// the WebSocket with TLS. Apache serves it from uWSGI, as in DevStack, over HTTP/1.1.
func TestConformanceThroughProxies(t *testing.T) {
	t.Parallel()
	servers := find(t)
	ca := zaqar.WithCACert(need(t, servers, "ZAQAR_REAL_CA_FILE"))
	for _, proxy := range []struct{ name, key string }{{"nginx", "NGINX"}, {"haproxy", "HAPROXY"}, {"apache", "APACHE"}} {
		base := conformance.Target{
			Store: "redis", Proxy: proxy.name, Wait: wait, Options: []zaqar.ConnectOption{ca},
			SigningKey: need(t, servers, "ZAQAR_REAL_SIGNED_URL_KEY"),
		}
		web := need(t, servers, "ZAQAR_REAL_Z23_"+proxy.key+"_URL")
		t.Run(proxy.name, func(t *testing.T) {
			t.Parallel()
			target := base
			target.Endpoint = web
			conformance.Run(t, zaqar.V2, func(*testing.T) conformance.Target { return target })
		})
		if proxy.name == "apache" {
			continue // DevStack has no proxy before the WebSocket
		}
		socket := need(t, servers, "ZAQAR_REAL_Z23_"+proxy.key+"_WEBSOCKET_URL")
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

// TestAPublisherStoresEachMessageOnceThroughProxies publishes with the zero value to a
// queue with the longest name that there is. Larger batches would be answered with a 502
// after they were stored (quirk 46).
func TestAPublisherStoresEachMessageOnceThroughProxies(t *testing.T) {
	t.Parallel()
	const messages, longest = 10_000, 64
	servers := find(t)
	ca := zaqar.WithCACert(need(t, servers, "ZAQAR_REAL_CA_FILE"))
	for _, proxy := range []string{"NGINX", "HAPROXY", "APACHE"} {
		t.Run(strings.ToLower(proxy), func(t *testing.T) {
			t.Parallel()
			client, err := zaqar.Connect(t.Context(), need(t, servers, "ZAQAR_REAL_Z23_"+proxy+"_URL"), ca, zaqar.WithProject("publisher"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = client.Close() })
			queue := ofItsOwn(t, client, strings.Repeat("q", longest-len(client.Conn().ClientID())))
			if len(queue.Name()) != longest {
				t.Fatalf("the name %s has %d characters", queue.Name(), len(queue.Name()))
			}
			publisher := queue.Publisher(zaqar.PublisherConfig{})
			futures := make([]*zaqar.Future[string], messages)
			for i := range futures {
				futures[i] = publisher.Publish(t.Context(), i)
			}
			var failures []error
			if err := publisher.Close(t.Context()); err != nil {
				failures = append(failures, err)
			}
			ids := map[string]bool{}
			for _, future := range futures {
				id, err := future.Wait(t.Context())
				if ids[id] = true; err != nil {
					failures = append(failures, err)
				}
			}
			if len(failures) > 0 || len(ids) != messages {
				t.Errorf("%d failures, %d ids: %v", len(failures), len(ids), errors.Join(failures[:min(len(failures), 3)]...))
			}
			times := make([]int, messages)
			for m, err := range queue.Messages(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				var i int
				if err := m.Decode(&i); err != nil {
					t.Fatal(err)
				}
				times[i]++
			}
			for i, n := range times {
				if n != 1 {
					t.Errorf("message %d is stored %d times", i, n)
				}
			}
		})
	}
}
