package auth_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/auth"
)

// sharedSignature belongs to the key "key" and the grant of sharedGrant.
func sharedGrant(t *testing.T) (auth.SignedURL, string) {
	t.Helper()
	signed, err := auth.Sign("key", auth.Grant{
		Paths: []string{"/v2/queues/wot/claims", "/v2/queues/wot/messages"}, Methods: []string{"GET", "PATCH", "POST"},
		Project: "2887aabf368046a3bb0070f1c0413470", Expires: time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	return signed, signed.Signature().Reveal()
}

func TestSignedURLsOfOtherProgramsAreRead(t *testing.T) {
	want, s := sharedGrant(t)
	const project = "2887aabf368046a3bb0070f1c0413470"
	query := "signature=" + s + "&expires=2036-01-01T00%3A00%3A00&paths=%2Fv2%2Fqueues%2Fwot%2Fclaims%2C%2Fv2%2Fqueues%2Fwot%2Fmessages" +
		"&methods=GET%2CPATCH%2CPOST&project_id=" + project + "&queue_name=wot"
	parts := `"signature": "` + s + `", "expires": "2036-01-01T00:00:00", "methods": ["GET", "PATCH", "POST"], "paths": ["/v2/queues/wot/claims", "/v2/queues/wot/messages"]`
	for name, text := range map[string]string{
		"an action of aodh, from Heat's query_str": "zaqar://?" + query,
		"Heat's query_str alone":                   query,
		"with a slash":                             "zaqar:///?" + query,
		"with subscribers": "zaqar://?subscriber=http://example.com/data&subscriber=mailto:a@example.com&ttl=7200&" +
			strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(query, "%2F", "/"), "%2C", ","), "%3A", ":"),
		"times as in aodh's documentation":  "zaqar://?" + strings.Replace(query, "2036-01-01T00%3A00%3A00", "2036-01-01T00:00Z", 1),
		"both names of the project":         "zaqar://?" + query + "&project=" + project,
		"JSON with project_id":              `{` + parts + `, "project_id": "` + project + `", "queue_name": "wot"}`,
		"JSON with os_project_id":           `{` + parts + `, "os_project_id": "` + project + `"}`,
		"the attributes of Heat's resource": `{` + parts + `, "project": "` + project + `", "query_str": "` + query + `"}`,
		"options of python-zaqarclient":     `{"backend": "signed-url", "options": {` + parts + `, "os_project_id": "` + project + `"}}`,
		"auth_opts of python-zaqarclient":   `{"auth_opts": {"backend": "signed-url", "options": {` + parts + `, "os_project_id": "` + project + `"}}}`,
		"conf of python-zaqarclient":        `{"conf": {"auth_opts": {"backend": "signed-url", "options": {` + parts + `, "os_project_id": "` + project + `"}}}}`,
	} {
		got, err := auth.ParseSignedURL(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Reveal() != want.Reveal() || got.Verify("key", time.Now()) != nil {
			t.Errorf("%s: %+v, want %+v", name, got.Grant(), want.Grant())
		}
	}
	withEndpoint, err := auth.ParseSignedURL(`{"endpoint": "https://cloud.example.com", "auth_opts": {"options": {` + parts + `, "os_project_id": "` + project + `"}}}`)
	if err != nil || withEndpoint.Grant().Endpoint != "https://cloud.example.com" || !slices.Equal(withEndpoint.Grant().Methods, []string{"GET", "PATCH", "POST"}) {
		t.Errorf("%+v, %v", withEndpoint.Grant(), err)
	}
}

func TestSignedURLsOfOtherProgramsThatAreWrong(t *testing.T) {
	_, s := sharedGrant(t)
	for text, want := range map[string]string{
		"trust+zaqar://trust-1234:delete@?queue_name=wot":                                                             "it names a Keystone trust: use keystone.Trust",
		"zaqar://?topic=wot&subscriber=http://example.com&ttl=3600":                                                   "it has no signature: it names a topic and subscribers",
		"zaqar://?paths=/v2/x&methods=GET&project=a&project_id=b&expires=2036-01-01T00:00:00&signature=" + s:          "it names two projects",
		`{"paths": ["/v2/x"], "methods": ["GET"], "project": "a", "project_id": "b", "signature": "` + s + `"}`:       "it names two projects",
		`{"auth_opts": {"backend": "keystone", "options": {"os_password": "` + s + `"}}}`:                             "its auth_opts are not those of the backend signed-url",
		"zaqar://?paths=/v2/x&paths=/v2/y&methods=GET&project=a&expires=2036-01-01T00:00:00&signature=" + s:           "more than once",
		"zaqar://?paths=/messages&queue_name=wot&methods=GET&project_id=a&expires=2036-01-01T00:00:00&signature=" + s: `it must start with "/v2/"`,
		"signature=" + s: "the time at which it expires",
	} {
		_, err := auth.ParseSignedURL(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), s) {
			t.Errorf("%s: %v, want …%s", strings.ReplaceAll(text, s, "…"), err, want)
		}
	}
}
