package auth_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/auth"
)

func TestStaticCredentialsSetTheirHeaders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		credentials    auth.Authorizer
		token, project string
		fails          string
	}{
		"no auth":                      {auth.NoAuth("p"), "", "p", ""},
		"no auth without a project":    {auth.NoAuth(""), "", "", "needs a project"},
		"no auth with a broken one":    {auth.NoAuth("a\r\nX-Roles: admin"), "", "", "control characters"},
		"a token":                      {auth.Token("t", "p"), "t", "p", ""},
		"a token without a project":    {auth.Token("t", ""), "t", "", ""},
		"an empty token":               {auth.Token("", "p"), "", "", "it is empty"},
		"a token with a line break":    {auth.Token("s3cr3t\n", "p"), "", "", "line break"},
		"a token and a broken project": {auth.Token("s3cr3t", "\x00"), "", "", "project"},
	} {
		h := http.Header{}
		err := c.credentials.Authorize(t.Context(), h)
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || h.Get(auth.HeaderToken) != c.token || h.Get(auth.HeaderProject) != c.project {
			t.Errorf("%s: %v, %v", name, h, err)
		}
		if named, ok := c.credentials.(auth.ProjectNamer); !ok || named.ProjectID() != c.project {
			t.Errorf("%s does not name its project", name)
		}
	}
}

func TestASecretIsRevealedOnPurposeOnly(t *testing.T) {
	t.Parallel()
	secret := auth.NewSecret("hush")
	if secret.Reveal() != "hush" || secret.IsZero() {
		t.Error("it does not hold its value")
	}
	if empty := auth.NewSecret(""); !empty.IsZero() || empty.Reveal() != "" || fmt.Sprint(empty) != "" {
		t.Error("an empty secret is not empty")
	}
	holder := struct{ Token auth.Secret }{secret}
	encoded, err := json.Marshal(holder)
	if err != nil || string(encoded) != `{"Token":"[redacted]"}` {
		t.Errorf("as JSON: %s, %v", encoded, err)
	}
	if text := fmt.Sprintf("%+v", holder); text != "{Token:[redacted]}" {
		t.Errorf("printed: %s", text)
	}
}
