package zaqartest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// sign returns a socket that presents a pre-signed URL with each request.
func (s *socket) sign(key, project string, end time.Time, paths, methods []string) *socket {
	expires := end.UTC().Format("2006-01-02T15:04:05")
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(strings.Join(paths, ",") + `\n` + strings.Join(methods, ",") + `\n` + project + `\n` + expires))
	return s.with("X-Project-ID", project).with("URL-Expires", expires).with("URL-Paths", paths).
		with("URL-Methods", methods).with("URL-Signature", hex.EncodeToString(mac.Sum(nil)))
}

func TestASignedURLGivesAccessToItsQueueOnAWebSocket(t *testing.T) {
	t.Parallel()
	c := start(t, zaqartest.WithKeystone(), zaqartest.WithSecretKey("k"))
	end := c.srv.Now().Add(time.Hour)
	s := c.socket().sign("k", "p", end, []string{"/v2/queues/q/messages"}, []string{"DELETE", "GET", "POST"})
	for name, s := range map[string]*socket{"JSON": s, "MessagePack": s.packed()} {
		ids := s.post(`1`, `2`)
		if a := s.call("message_list", `{"queue_name":"q","echo":true}`).want(200); a.bodies() != "1 2" {
			t.Errorf("%s: listed %s", name, a.body)
		}
		s.call("message_get", `{"queue_name":"q","message_id":"`+ids[0]+`"}`).want(200)
		s.call("message_get_many", `{"queue_name":"q","message_ids":["`+ids[0]+`"]}`).want(200)
		s.call("message_delete", `{"queue_name":"q","message_id":"`+ids[0]+`"}`).want(204)
		s.call("message_delete_many", `{"queue_name":"q","pop":1}`).want(200)
		for action, body := range map[string]string{
			"queue_list": `{}`, "queue_create": `{"queue_name":"q"}`, "queue_get": `{"queue_name":"q"}`, "queue_delete": `{"queue_name":"q"}`,
			"queue_get_stats": `{"queue_name":"q"}`, "queue_purge": `{"queue_name":"q"}`, "claim_create": `{"queue_name":"q"}`,
		} {
			s.call(action, body).wantError(403, "Not authentified.")
		}
	}
	if got := c.srv.Requests("message_list")[0]; got.Header.Get("URL-Signature") != "[redacted]" || got.Project != "p" {
		t.Errorf("logged %+v", got)
	}
}

func TestASignedURLGivesAccessToNothingElseOnAWebSocket(t *testing.T) {
	t.Parallel()
	c := start(t, zaqartest.WithKeystone(), zaqartest.WithSecretKey("k"))
	end := c.srv.Now().Add(time.Hour)
	plain := c.socket()
	good := func() *socket {
		return plain.sign("k", "p", end, []string{"/v2/queues/q/messages"}, []string{"GET"})
	}
	good().call("message_list", `{"queue_name":"q"}`).want(404) // the queue does not exist, but the URL allows reading it
	for what, s := range map[string]*socket{
		"another key":        plain.sign("other", "p", end, []string{"/v2/queues/q/messages"}, []string{"GET"}),
		"another project":    good().with("X-Project-ID", "other"),
		"another path":       good().with("URL-Paths", []string{"/v2/queues"}),
		"another method":     good().with("URL-Methods", []string{"GET", "POST"}),
		"another end":        good().with("URL-Expires", "2999-01-01T00:00:00"),
		"no end":             good().with("URL-Expires", nil),
		"an end in seconds":  good().with("URL-Expires", end.Unix()),
		"a path as text":     good().with("URL-Paths", "/v2/queues/q/messages"),
		"a method as text":   good().with("URL-Methods", "GET"),
		"an empty signature": good().with("URL-Signature", ""),
		"a null signature":   good().with("URL-Signature", struct{}{}),
		"no signature":       good().with("URL-Signature", nil),
		"what has ended":     plain.sign("k", "p", c.srv.Now().Add(-time.Second), []string{"/v2/queues/q/messages"}, []string{"GET"}),
		"another queue":      plain.sign("k", "p", end, []string{"/v2/queues/other/messages"}, []string{"GET"}),
		"a longer name":      plain.sign("k", "p", end, []string{"/v2/queues/q/mess"}, []string{"GET"}),
		"only claims":        plain.sign("k", "p", end, []string{"/v2/queues/q/claims"}, []string{"GET"}),
		"only posts":         plain.sign("k", "p", end, []string{"/v2/queues/q/messages"}, []string{"POST"}),
		"no paths":           plain.sign("k", "p", end, []string{}, []string{"GET"}),
	} {
		a := s.call("message_list", `{"queue_name":"q"}`)
		if a.status != 403 || a.text("error") != "Not authentified." {
			t.Errorf("with %s: %d %s", what, a.status, a.body)
		}
	}
	c.srv.Advance(time.Hour)
	good().call("message_list", `{"queue_name":"q"}`).wantError(403, "Not authentified.")
}

func TestASignedURLDoesNotGoBeyondATokenOnAWebSocket(t *testing.T) {
	t.Parallel()
	in, a := start(t, zaqartest.WithKeystone(), zaqartest.WithSecretKey("k")).login(password("demo", "secret", demoScope))
	s := in.socket().with("X-Project-ID", a.text("token", "project", "id"))
	s.authenticate(in)
	s.sign("k", "other", s.srv.Now().Add(time.Hour), []string{"/v2/queues/q/messages"}, []string{"POST"}).
		call("message_post", `{"queue_name":"q","messages":[{"body":1}]}`).wantError(403, "Not authenticated.")
}

func TestAServerWithoutAKeyAcceptsNoSignedURL(t *testing.T) {
	t.Parallel()
	c := start(t, zaqartest.WithKeystone())
	c.socket().sign("", "p", c.srv.Now().Add(time.Hour), []string{"/v2/queues/q/messages"}, []string{"GET"}).
		call("message_list", `{"queue_name":"q"}`).wantError(403, "Not authentified.")
}
