package compare

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/integration"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// token signs in with a password, and returns the token and its project.
func token(t *testing.T, client *http.Client, keystone, user, password, project string) (id, projectID string) {
	t.Helper()
	domain := `"domain":{"id":"default"}`
	body := fmt.Sprintf(`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":%q,%s,"password":%q}}},"scope":{"project":{"name":%q,%s}}}}`,
		user, domain, password, project, domain)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, keystone+"/auth/tokens", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var issued struct {
		Token struct{ Project struct{ ID string } }
	}
	if err := json.NewDecoder(resp.Body).Decode(&issued); err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("no token: %s, %v", resp.Status, err)
	}
	return resp.Header.Get("X-Subject-Token"), issued.Token.Project.ID
}

// signature signs the listing of the messages of the queue nothing.
func signature(key, project string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(`/v2/queues/nothing/messages\nGET\n` + project + `\n2036-01-01T00:00:00`))
	return hex.EncodeToString(mac.Sum(nil))
}

// signed returns a request with a pre-signed URL.
func signed(action, methods string) string {
	return `raw {"action":"` + action + `","body":{"queue_name":"nothing","message_ids":["x"],"messages":[{"body":1}]},` +
		`"headers":{"Client-ID":"${alice}","X-Project-ID":"${project}","URL-Signature":"${signature}","URL-Methods":` + methods +
		`,"URL-Paths":["/v2/queues/nothing/messages"],"URL-Expires":"2036-01-01T00:00:00"}}`
}

func TestTheEmbeddedWebSocketAuthenticatesLikeARealOne(t *testing.T) {
	if os.Getenv("ZAQAR_REAL_DIR") == "" {
		t.Setenv("ZAQAR_REAL_DIR", filepath.Join("..", "..", ".real"))
	}
	endpoints, err := integration.Find()
	if err != nil {
		t.Fatal(err)
	}
	need := func(key string) string {
		t.Helper()
		value, err := endpoints.Need(key)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	key := need("ZAQAR_REAL_SIGNED_URL_KEY")
	ours := zaqartest.Run(t, zaqartest.WithKeystone(), zaqartest.WithSecretKey(key))
	for _, binary := range []bool{false, true} {
		left := dialSocket(t, need("ZAQAR_REAL_Z23_KEYSTONE_WEBSOCKET_URL"), "", binary)
		right := dialSocket(t, ours.WebSocketURL(), "", binary)
		theirToken, theirProject := token(t, http.DefaultClient, need("ZAQAR_REAL_KEYSTONE_URL"),
			need("ZAQAR_REAL_USERNAME"), need("ZAQAR_REAL_PASSWORD"), need("ZAQAR_REAL_PROJECT"))
		ourToken, ourProject := token(t, ours.HTTPClient(), ours.KeystoneURL(), "demo", "secret", "demo")
		for c, known := range map[*socketConversation][2]string{left: {theirToken, theirProject}, right: {ourToken, ourProject}} {
			c.name("token", known[0])
			c.name("project", known[1])
			c.name("signature", signature(key, known[1]))
		}
		const headers = `"Client-ID":"${alice}","X-Project-ID":"${project}"`
		list := `raw {"action":"queue_get","body":{"queue_name":"nothing"},"headers":{` + headers + `}}`
		authenticate := `raw {"action":"authenticate","headers":{` + headers + `,"X-Auth-Token":"${token}"}}`
		for _, line := range []string{
			list,
			`raw {"action":"fly","headers":{` + headers + `}}`,
			`raw {"action":"queue_get","body":{"queue_name":"nothing"},"headers":{` + headers + `,"X-Auth-Token":"${token}"}}`,
			`raw {"action":"authenticate","headers":{"X-Project-ID":"${project}"}}`,
			`raw {"action":"authenticate","headers":{"X-Auth-Token":"${token}"}}`,
			`raw {"action":"authenticate","headers":{` + headers + `,"X-Auth-Token":"wrong"}}`,
			`raw {"action":"authenticate","headers":{` + headers + `,"X-Auth-Token":""}}`,
			list,
			`raw {"action":"queue_get","body":{"queue_name":"nothing"},"headers":{` + headers + `,"URL-Signature":"wrong","URL-Methods":["GET"],"URL-Paths":["/v2/queues/q/messages"],"URL-Expires":"2099-01-01T00:00:00"}}`,
			`raw {"action":"message_list","body":{"queue_name":"nothing"},"headers":{` + headers + `,"URL-Signature":"wrong","URL-Methods":["GET"],"URL-Paths":["/v2/queues/nothing/messages"],"URL-Expires":"2099-01-01T00:00:00"}}`,
			`raw {"action":"message_list","body":{"queue_name":"nothing"},"headers":{` + headers + `,"URL-Signature":"wrong","URL-Methods":["POST"],"URL-Paths":["/v2/queues/nothing/messages"],"URL-Expires":"2099-01-01T00:00:00"}}`,
			signed("message_list", `["GET"]`), signed("message_get_many", `["GET"]`), signed("message_list", `["POST"]`),
			signed("message_list", `"GET"`), signed("queue_get", `["GET"]`), signed("message_post", `["GET"]`),
			authenticate, list, authenticate,
			`raw {"action":"authenticate","body":{"a":1},"headers":{"X-Auth-Token":"${token}","X-Project-ID":"nonsense"}}`,
			list,
			`raw {"action":"authenticate","headers":{` + headers + `,"X-Auth-Token":"wrong"}}`,
			list,
		} {
			a, b := left.ask(line), right.ask(line)
			var lines []string
			compare("", left.masked("", a), right.masked("", b), &lines)
			if len(lines) > 0 {
				t.Errorf("binary %t: %s\n\t%s", binary, line, strings.Join(lines, "\n\t"))
			}
		}
	}
}
