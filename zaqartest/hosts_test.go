//go:build !js

package zaqartest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// doorways are the three things that a server has on its port, and what they answer to
// the host of its own URL.
var doorways = map[string]struct {
	path   string
	header http.Header
	status int
}{
	"HTTP":      {"/", nil, http.StatusMultipleChoices},
	"Keystone":  {"/identity/v3", nil, http.StatusOK},
	"WebSocket": {"/", http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}, http.StatusSwitchingProtocols},
}

// knock sends a request with a Host and, as a browser would, the matching Origin.
func knock(t *testing.T, srv *zaqartest.Server, host, path string, header http.Header) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header.Clone()
	}
	req.Host = host
	req.Header.Set("Origin", "http://"+host)
	reply, err := srv.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	if reply.StatusCode == http.StatusSwitchingProtocols {
		return reply.StatusCode, ""
	}
	content, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, string(content)
}

func TestARebindingWebPageReachesNothing(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t, zaqartest.WithKeystone())
	for name, door := range doorways {
		for _, host := range []string{"evil.example", "evil.example:8888", "localhost.evil.example", "127.0.0.1.evil.example:80", "0x7f.1"} {
			status, body := knock(t, srv, host, door.path, door.header)
			if status != http.StatusForbidden || !strings.Contains(body, "--allow-host") || !strings.Contains(body, "WithAllowedHosts") {
				t.Errorf("%s as %s: %d %s", name, host, status, body)
			}
			if !json.Valid([]byte(body)) {
				t.Errorf("%s as %s: the refusal is no JSON: %s", name, host, body)
			}
		}
	}
	if n := srv.WebSockets(); n != 0 {
		t.Errorf("%d WebSockets are open", n)
	}
}

func TestAddressesLocalhostAndAllowedNamesReachTheServer(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t, zaqartest.WithKeystone(), zaqartest.WithAllowedHosts("Devbox.example", "mq.test:8888"))
	for name, door := range doorways {
		for _, host := range []string{
			"127.0.0.1", "127.0.0.1:1", "10.1.2.3:8888", "[::1]", "[::1]:8888", "[fe80::1]:80", "localhost", "LOCALHOST:8888", "localhost.",
			"devbox.example", "DEVBOX.example:8888", "mq.test", "mq.test.:1",
		} {
			if status, body := knock(t, srv, host, door.path, door.header); status != door.status {
				t.Errorf("%s as %s: %d %s", name, host, status, body)
			}
		}
	}
}

func TestAForeignHostUsesUpNoFaultAndIsLogged(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	srv.Inject(zaqartest.Fault{Status: http.StatusTeapot})
	if status, _ := knock(t, srv, "evil.example", "/", nil); status != http.StatusForbidden {
		t.Errorf("the page got %d", status)
	}
	if status, _ := knock(t, srv, "localhost", "/", nil); status != http.StatusTeapot {
		t.Errorf("the developer got %d", status)
	}
	if seen := srv.Requests(); len(seen) != 2 || seen[0].Status != http.StatusForbidden {
		t.Errorf("%v", seen)
	}
}

func TestAServerInMemoryAnswersToEveryName(t *testing.T) {
	t.Parallel()
	srv := zaqartest.RunInMemory(t)
	if status, body := knock(t, srv, "zaqar.example", "/", nil); status != http.StatusMultipleChoices {
		t.Errorf("%d %s", status, body)
	}
	conn, _, err := websocket.Dial(t.Context(), "ws://zaqar.example", &websocket.DialOptions{HTTPClient: srv.HTTPClient()}) //nolint:bodyclose // it needs no closing
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.CloseNow()
}
