package zaqartest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

const tokensPath = "/identity/v3/auth/tokens"

// password is a request for a token. scope is JSON, or empty.
func password(user, password, scope string) string {
	return `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"` + user +
		`","domain":{"name":"Default"},"password":"` + password + `"}}}` + withScope(scope) + `}}`
}

func withScope(scope string) string {
	if scope == "" {
		return ""
	}
	return `,"scope":` + scope
}

const demoScope = `{"project":{"name":"demo","domain":{"id":"default"}}}`

// login returns the caller with a token, and the document of the token.
func (c *client) login(body string) (*client, answer) {
	c.t.Helper()
	a := c.do("POST", tokensPath, body).want(201)
	return c.with("X-Auth-Token", a.header.Get("X-Subject-Token")), a
}

func startWithKeystone(t *testing.T, opts ...zaqartest.Option) *client {
	return start(t, append(opts, zaqartest.WithKeystone())...).with("X-Project-Id", "")
}

func TestATokenIsRequiredBeforeAnyOtherCheck(t *testing.T) {
	c := startWithKeystone(t)
	for _, path := range []string{"/v2/", "/v2/queues", "/v2/queues/bad!name", "/nowhere"} {
		for _, token := range []string{"", "wrong"} {
			a := c.with("X-Auth-Token", token).do("GET", path, "").want(401)
			if a.get("error", "code") != number("401") || a.text("error", "title") != "Unauthorized" {
				t.Errorf("%s: %s", path, a.body)
			}
			if got := a.header.Get("WWW-Authenticate"); got != `Keystone uri="`+c.srv.KeystoneURL()+`"` {
				t.Errorf("%s: %q", path, got)
			}
		}
	}
	c.do("GET", "/", "").want(300)
	c.do("GET", "/identity", "").want(300)
	c.do("GET", "/identity/v3/", "").want(200)
	c.do("OPTIONS", "/v2/queues", "").want(401)
	if c.srv.Requests()[0].Status != 401 {
		t.Error("a refused request is not remembered")
	}
}

func TestTheProjectComesFromTheToken(t *testing.T) {
	c := startWithKeystone(t)
	_, project := c.srv.AddUser(zaqartest.User{Name: "eve", Password: "pw", Project: "evil"})
	in, a := c.login(password("demo", "secret", demoScope))
	own := a.text("token", "project", "id")
	in = in.with("X-Project-Id", project).with("X-Roles", "admin")
	in.post(`1`)
	if len(c.srv.Messages(own, "q")) != 1 || len(c.srv.Queues(project)) != 0 {
		t.Error("a caller chose its project")
	}
	in.do("GET", "/v2/health", "").want(403)
	if got := c.srv.Requests("message_post")[0].Project; got != own {
		t.Errorf("seen in project %q", got)
	}
	admin, _ := c.login(password("admin", "secret", demoScope))
	admin.do("GET", "/v2/health", "").want(200)
	admin.do("GET", "/v2/queues/q", "").want(200)
}

func TestHeadersCannotReplaceAToken(t *testing.T) {
	c := startWithKeystone(t).with("X-Project-Id", "p").with("X-Roles", "admin")
	c.header["Extra-Spec"] = []string{": :"}
	c.header["Url-Signature"] = []string{""}
	c.do("GET", "/v2/queues", "").want(401)
}

func TestATokenNamesItsUserAndEndpoints(t *testing.T) {
	c := startWithKeystone(t)
	in, a := c.login(password("demo", "secret", demoScope))
	if a.text("token", "user", "name") != "demo" || a.text("token", "roles", 0, "name") != "member" ||
		a.text("token", "project", "domain", "id") != "default" || a.text("token", "methods", 0) != "password" {
		t.Errorf("token: %s", a.body)
	}
	issued, err := time.Parse("2006-01-02T15:04:05.000000Z", a.text("token", "issued_at"))
	if err != nil {
		t.Fatal(err)
	}
	expires, err := time.Parse("2006-01-02T15:04:05.000000Z", a.text("token", "expires_at"))
	if err != nil || expires.Sub(issued) != time.Hour {
		t.Errorf("it expires %v after: %v", expires.Sub(issued), err)
	}
	if a.text("token", "catalog", 0, "type") != "messaging" || a.text("token", "catalog", 0, "name") != "zaqar" {
		t.Errorf("catalogue: %s", a.body)
	}
	for i, name := range []string{"public", "internal", "admin"} {
		if a.text("token", "catalog", 0, "endpoints", i, "interface") != name ||
			a.text("token", "catalog", 0, "endpoints", i, "url") != c.srv.URL() ||
			a.text("token", "catalog", 0, "endpoints", i, "region") != "RegionOne" ||
			a.text("token", "catalog", 1, "type") != "messaging-websocket" ||
			a.text("token", "catalog", 1, "endpoints", i, "interface") != name ||
			a.text("token", "catalog", 1, "endpoints", i, "url") != c.srv.WebSocketURL() {
			t.Errorf("catalogue: %s", a.body)
		}
	}
	a = in.do("GET", "/identity/v3/auth/catalog", "").want(200)
	if a.text("catalog", 0, "type") != "messaging" {
		t.Errorf("catalogue: %s", a.body)
	}
	c.srv.SetCatalog(zaqartest.CatalogEntry{Type: "messaging", Name: "z", Region: "R", Interface: "public", URL: "http://z"})
	a = in.do("GET", "/identity/v3/auth/catalog", "").want(200)
	if a.text("catalog", 0, "endpoints", 0, "url") != "http://z" || a.text("catalog", 0, "endpoints", 0, "region_id") != "R" {
		t.Errorf("catalogue: %s", a.body)
	}
	if got := c.srv.TokensIssued(); got != 1 {
		t.Errorf("%d tokens were issued", got)
	}
}

func TestWhoCannotAuthenticate(t *testing.T) {
	c := startWithKeystone(t)
	c.srv.AddUser(zaqartest.User{Name: "loner", Password: "pw"})
	for _, body := range []string{
		password("demo", "wrong", demoScope), password("nobody", "secret", demoScope), password("loner", "pw", demoScope),
		password("demo", "secret", `{"project":{"name":"admin","domain":{"id":"default"}}}`),
		password("demo", "secret", `{"project":{"name":"demo"}}`),
		password("demo", "secret", `{"domain":{"id":"default"}}`),
		`{"auth":{"identity":{"methods":["token"],"token":{"id":"wrong"}}}}`,
		`{"auth":{"identity":{"methods":["totp"]}}}`,
		`{"auth":{"identity":{"methods":["application_credential"],"application_credential":{"id":"x","secret":"y"}}}}`,
	} {
		a := c.do("POST", tokensPath, body).want(401)
		if a.text("error", "title") != "Unauthorized" || a.header.Get("X-Subject-Token") != "" {
			t.Errorf("%s: %s", body, a.body)
		}
	}
	for _, body := range []string{
		``, `{`, `[]`, `{}`, `{"auth":{}}`, `{"auth":{"identity":{"methods":"password"}}}`,
		password("demo", "secret", `5`),
	} {
		c.do("POST", tokensPath, body).want(400)
	}
	if got := c.srv.TokensIssued(); got != 0 {
		t.Errorf("%d tokens were issued", got)
	}
	for _, seen := range c.srv.Requests() {
		if seen.Body != nil {
			t.Errorf("a password is logged: %s", seen.Body)
		}
	}
}

func TestAnUnscopedTokenCanBeRescoped(t *testing.T) {
	c := startWithKeystone(t)
	in, a := c.login(password("demo", "secret", ""))
	if a.get("token", "project") != nil || a.get("token", "catalog") != nil {
		t.Errorf("token: %s", a.body)
	}
	in.do("GET", "/v2/queues", "").wantTitle(400, "Project-Id Missing")
	in.do("GET", "/identity/v3/auth/catalog", "").want(403)
	c.srv.Advance(30 * time.Minute)
	expires := a.text("token", "expires_at")
	in, a = c.login(`{"auth":{"identity":{"methods":["token"],"token":{"id":"` + in.header.Get("X-Auth-Token") +
		`"}},"scope":` + demoScope + `}}`)
	if got := a.text("token", "expires_at"); got != expires {
		t.Errorf("the token was prolonged from %s to %s", expires, got)
	}
	in.do("GET", "/v2/queues", "").want(200)
	c.login(password("demo", "secret", `"unscoped"`))
	c.login(password("demo", "secret", `{"unscoped":{}}`))
}

func TestIDsNameUsersAndProjects(t *testing.T) {
	c := startWithKeystone(t)
	user, project := c.srv.AddUser(zaqartest.User{Name: "carol", Password: "pw", Project: "new", Roles: []string{"b", "a"}})
	_, a := c.login(`{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"` + user +
		`","password":"pw"}}},"scope":{"project":{"id":"` + project + `"}}}}`)
	if a.text("token", "project", "name") != "new" || a.text("token", "roles", 0, "name") != "a" {
		t.Errorf("token: %s", a.body)
	}
	if len(user) != 32 || strings.Trim(project, "0123456789abcdef") != "" {
		t.Errorf("ids %q and %q", user, project)
	}
}

func TestApplicationCredentialsBringTheirScope(t *testing.T) {
	c := startWithKeystone(t)
	id := c.srv.AddApplicationCredential("demo", "robot", "s3cret")
	request := func(who, scope string) string {
		return `{"auth":{"identity":{"methods":["application_credential"],"application_credential":{` + who +
			`,"secret":"s3cret"}}` + withScope(scope) + `}}`
	}
	in, a := c.login(request(`"id":"`+id+`"`, ""))
	if a.text("token", "project", "name") != "demo" {
		t.Errorf("token: %s", a.body)
	}
	in.do("GET", "/v2/queues", "").want(200)
	c.login(request(`"name":"robot","user":{"name":"demo","domain":{"id":"default"}}`, ""))
	c.do("POST", tokensPath, request(`"id":"`+id+`"`, demoScope)).want(401)
	if got := c.srv.AddApplicationCredential("nobody", "robot", "x"); got != "" {
		t.Errorf("nobody has credential %q", got)
	}
}

func TestTokensExpireAndAreRevoked(t *testing.T) {
	c := startWithKeystone(t)
	c.srv.SetTokenTTL(time.Minute)
	in, _ := c.login(password("demo", "secret", demoScope))
	in.do("GET", "/v2/queues", "").want(200)
	c.srv.Advance(time.Minute)
	in.do("GET", "/v2/queues", "").want(401)
	in, _ = c.login(password("demo", "secret", demoScope))
	c.srv.RevokeTokens()
	in.do("GET", "/v2/queues", "").want(401)
}

func TestTokensCanBeValidatedAndRevoked(t *testing.T) {
	c := startWithKeystone(t)
	c.srv.AddUser(zaqartest.User{Name: "eve", Password: "pw", Project: "demo"})
	demo, _ := c.login(password("demo", "secret", demoScope))
	eve, _ := c.login(password("eve", "pw", demoScope))
	admin, _ := c.login(password("admin", "secret", demoScope))
	token := demo.header.Get("X-Auth-Token")
	ask := func(who *client) *client { return who.with("X-Subject-Token", token) }
	ask(c).do("GET", tokensPath, "").want(401)
	ask(eve).do("GET", tokensPath, "").want(403)
	ask(demo).do("HEAD", tokensPath, "").want(200).wantEmpty()
	admin.with("X-Subject-Token", "wrong").do("GET", tokensPath, "").want(404)
	a := ask(admin).do("GET", tokensPath+"?nocatalog", "").want(200)
	if a.text("token", "user", "name") != "demo" || a.get("token", "catalog") != nil || a.header.Get("X-Subject-Token") != token {
		t.Errorf("token: %s", a.body)
	}
	ask(eve).do("DELETE", tokensPath, "").want(403)
	ask(demo).do("DELETE", tokensPath, "").want(204)
	demo.do("GET", "/v2/queues", "").want(401)
	ask(admin).do("GET", tokensPath, "").want(404)
}
