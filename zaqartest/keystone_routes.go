package zaqartest

import (
	"errors"
	"net/http"
	"slices"
	"strings"
)

// identityPath is where Keystone is.
const keystonePath = "/identity"

// isIdentity tells whether a path is Keystone's.
func (s *Server) isKeystone(path string) bool {
	return s.options.keystone && (path == keystonePath || strings.HasPrefix(path, keystonePath+"/"))
}

// identityRoutes are Keystone's; the keys are method and path.
var keystoneRoutes = map[string]struct {
	kind  string
	serve func(*keystone, *call) (reply, error)
}{
	"GET " + keystonePath:                      {"identity_versions", (*keystone).getVersions},
	"GET " + keystonePath + "/v3":              {"identity_versions", (*keystone).getVersion},
	"POST " + keystonePath + "/v3/auth/tokens": {"token_issue", (*keystone).issueToken},
	"GET " + keystonePath + "/v3/auth/tokens":  {"token_validate", (*keystone).validateToken},
	"HEAD " + keystonePath + "/v3/auth/tokens": {"token_validate", (*keystone).validateToken},
	"DELETE " + keystonePath + "/v3/auth/tokens": {
		"token_revoke", (*keystone).revokeToken,
	},
	"GET " + keystonePath + "/v3/auth/catalog": {"catalog", (*keystone).getCatalog},
}

// identityRoute is the key of a request in the table. A slash at the end of a
// path means nothing.
func keystoneRoute(method, path string) string {
	return method + " " + strings.TrimSuffix(path, "/")
}

func keystoneKind(method, path string) string {
	if row, ok := keystoneRoutes[keystoneRoute(method, path)]; ok {
		return row.kind
	}
	return "unknown"
}

// keystoneRefusal is an error as Keystone tells it.
type keystoneRefusal struct {
	status         int
	title, message string
}

func (r *keystoneRefusal) Error() string { return r.title + ": " + r.message }

func (r *keystoneRefusal) reply() reply {
	out, err := jsonReply(r.status, map[string]any{
		"error": map[string]any{"code": r.status, "title": r.title, "message": r.message},
	})
	if err != nil {
		return empty(http.StatusInternalServerError)
	}
	return out
}

// serve answers a request to Keystone.
func (i *keystone) serve(c *call) reply {
	row, ok := keystoneRoutes[keystoneRoute(c.req.Method, c.req.URL.Path)]
	if !ok {
		return (&keystoneRefusal{http.StatusNotFound, "Not Found", "There is nothing here."}).reply()
	}
	out, err := row.serve(i, c)
	var refused *keystoneRefusal
	switch {
	case errors.As(err, &refused):
		out = refused.reply()
		if refused.status == http.StatusUnauthorized {
			out = out.with("Www-Authenticate", i.srv.challenge(c))
		}
	case err != nil:
		out = asReply(err, c.accept())
	}
	return out.with("Vary", "X-Auth-Token")
}

// demandToken is the answer of Keystone's middleware in Zaqar. It does not tell
// a missing token from a bad one.
func (s *Server) demandToken(c *call) reply {
	return errLogin.reply().with("Www-Authenticate", s.challenge(c))
}

func (s *Server) challenge(c *call) string {
	return `Keystone uri="` + s.baseURL(c) + keystonePath + `/v3"`
}

// base is where the server is: by its own knowledge, or else by what the client
// believes.
func (s *Server) baseURL(c *call) string {
	// One that listens on all addresses is elsewhere for each caller.
	if url := s.URL(); url != "" && !s.everywhere() {
		return url
	}
	return "http://" + c.req.Host
}

// versionDocument describes the only version of Keystone's API.
func (i *keystone) versionDocument(c *call) map[string]any {
	return map[string]any{
		"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
		"links": []any{map[string]string{"rel": "self", "href": i.srv.baseURL(c) + keystonePath + "/v3/"}},
		"media-types": []any{map[string]string{
			"base": "application/json", "type": "application/vnd.openstack.identity-v3+json",
		}},
	}
}

func (i *keystone) getVersions(c *call) (reply, error) {
	return jsonReply(http.StatusMultipleChoices, map[string]any{
		"versions": map[string]any{"values": []any{i.versionDocument(c)}},
	})
}

func (i *keystone) getVersion(c *call) (reply, error) {
	return jsonReply(http.StatusOK, map[string]any{"version": i.versionDocument(c)})
}

func (i *keystone) issueToken(c *call) (reply, error) {
	if c.readErr != nil || c.body == nil {
		return reply{}, errLoginBody
	}
	t, err := i.login(c.body)
	if err != nil {
		return reply{}, err
	}
	return i.show(c, http.StatusCreated, t)
}

// show answers with a token.
func (i *keystone) show(c *call, status int, t *token) (reply, error) {
	catalog := i.services(i.srv.baseURL(c))
	if c.req.URL.Query().Has("nocatalog") {
		catalog = nil
	}
	out, err := jsonReply(status, t.document(catalog))
	return out.with("X-Subject-Token", t.id), err
}

// subject finds the token that a caller asks about. That can be a token of the
// caller, or of anybody where the caller is an administrator.
func (i *keystone) subject(c *call) (*token, error) {
	caller, ok := i.token(c.req.Header.Get("X-Auth-Token"))
	if !ok {
		return nil, errLogin
	}
	t, ok := i.token(c.req.Header.Get("X-Subject-Token"))
	switch {
	case !ok:
		return nil, &keystoneRefusal{http.StatusNotFound, "Not Found", "Could not find the token."}
	case t.account != caller.account && !slices.Contains(caller.roles, "admin"):
		return nil, &keystoneRefusal{http.StatusForbidden, "Forbidden", "You are not authorized to ask about this token."}
	}
	return t, nil
}

func (i *keystone) validateToken(c *call) (reply, error) {
	t, err := i.subject(c)
	if err != nil {
		return reply{}, err
	}
	return i.show(c, http.StatusOK, t)
}

func (i *keystone) revokeToken(c *call) (reply, error) {
	t, err := i.subject(c)
	if err != nil {
		return reply{}, err
	}
	i.revoke(t.id)
	return empty(http.StatusNoContent), nil
}

func (i *keystone) getCatalog(c *call) (reply, error) {
	t, ok := i.token(c.req.Header.Get("X-Auth-Token"))
	if !ok {
		return reply{}, errLogin
	}
	if t.project.id == "" {
		return reply{}, &keystoneRefusal{http.StatusForbidden, "Forbidden", "The token has no project."}
	}
	return jsonReply(http.StatusOK, map[string]any{
		"catalog": i.services(i.srv.baseURL(c)),
		"links":   map[string]string{"self": i.srv.baseURL(c) + keystonePath + "/v3/auth/catalog"},
	})
}
