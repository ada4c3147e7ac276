package zaqartest

import (
	"errors"
	"net/http"
	"slices"
	"strings"
)

// keystonePath is where Keystone is.
const keystonePath = "/identity"

// isKeystone reports whether a path belongs to Keystone.
func (s *Server) isKeystone(path string) bool {
	return s.options.keystone && (path == keystonePath || strings.HasPrefix(path, keystonePath+"/"))
}

// keystoneRoutes is the table of Keystone's routes, by method and path.
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

// keystoneRoute returns the key of a request in the table. A trailing slash does not
// matter.
func keystoneRoute(method, path string) string {
	return method + " " + strings.TrimSuffix(path, "/")
}

func keystoneKind(method, path string) string {
	if row, ok := keystoneRoutes[keystoneRoute(method, path)]; ok {
		return row.kind
	}
	return "unknown"
}

// keystoneRefusal is an error in Keystone's form.
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
func (k *keystone) serve(c *call) reply {
	row, ok := keystoneRoutes[keystoneRoute(c.req.Method, c.req.URL.Path)]
	if !ok {
		return (&keystoneRefusal{http.StatusNotFound, "Not Found", "There is nothing here."}).reply()
	}
	out, err := row.serve(k, c)
	var refused *keystoneRefusal
	switch {
	case errors.As(err, &refused):
		out = refused.reply()
		if refused.status == http.StatusUnauthorized {
			out = out.with("Www-Authenticate", k.srv.challenge(c))
		}
	case err != nil:
		out = asReply(err, c.accept())
	}
	return out.with("Vary", "X-Auth-Token")
}

// demandToken answers as Keystone's middleware in Zaqar does. The answer is the same
// for a missing token and for a bad one.
func (s *Server) demandToken(c *call) reply {
	return errLogin.reply().with("Www-Authenticate", s.challenge(c))
}

func (s *Server) challenge(c *call) string {
	return `Keystone uri="` + s.baseURL(c) + keystonePath + `/v3"`
}

// baseURL returns where the server is: its own URL, or the host that the client
// named.
func (s *Server) baseURL(c *call) string {
	// Callers of a server on all addresses reach it at different ones.
	if url := s.URL(); url != "" && !s.everywhere() {
		return url
	}
	return "http://" + c.req.Host
}

// versionDocument describes the only version of Keystone's API.
func (k *keystone) versionDocument(c *call) map[string]any {
	return map[string]any{
		"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
		"links": []any{map[string]string{"rel": "self", "href": k.srv.baseURL(c) + keystonePath + "/v3/"}},
		"media-types": []any{map[string]string{
			"base": "application/json", "type": "application/vnd.openstack.identity-v3+json",
		}},
	}
}

func (k *keystone) getVersions(c *call) (reply, error) {
	return jsonReply(http.StatusMultipleChoices, map[string]any{
		"versions": map[string]any{"values": []any{k.versionDocument(c)}},
	})
}

func (k *keystone) getVersion(c *call) (reply, error) {
	return jsonReply(http.StatusOK, map[string]any{"version": k.versionDocument(c)})
}

func (k *keystone) issueToken(c *call) (reply, error) {
	if c.readErr != nil || c.body == nil {
		return reply{}, errLoginBody
	}
	t, err := k.login(c.body)
	if err != nil {
		return reply{}, err
	}
	return k.show(c, http.StatusCreated, t)
}

// show answers with a token.
func (k *keystone) show(c *call, status int, t *token) (reply, error) {
	catalog := k.services(k.srv.baseURL(c))
	if c.req.URL.Query().Has("nocatalog") {
		catalog = nil
	}
	out, err := jsonReply(status, t.document(catalog))
	return out.with("X-Subject-Token", t.id), err
}

// subject returns the token that a caller asks about. It must be the caller's own,
// unless the caller is an administrator.
func (k *keystone) subject(c *call) (*token, error) {
	caller, ok := k.token(c.req.Header.Get("X-Auth-Token"))
	if !ok {
		return nil, errLogin
	}
	t, ok := k.token(c.req.Header.Get("X-Subject-Token"))
	switch {
	case !ok:
		return nil, &keystoneRefusal{http.StatusNotFound, "Not Found", "Could not find the token."}
	case t.account != caller.account && !slices.Contains(caller.roles, "admin"):
		return nil, &keystoneRefusal{http.StatusForbidden, "Forbidden", "You are not authorized to ask about this token."}
	}
	return t, nil
}

func (k *keystone) validateToken(c *call) (reply, error) {
	t, err := k.subject(c)
	if err != nil {
		return reply{}, err
	}
	return k.show(c, http.StatusOK, t)
}

func (k *keystone) revokeToken(c *call) (reply, error) {
	t, err := k.subject(c)
	if err != nil {
		return reply{}, err
	}
	k.revoke(t.id)
	return empty(http.StatusNoContent), nil
}

func (k *keystone) getCatalog(c *call) (reply, error) {
	t, ok := k.token(c.req.Header.Get("X-Auth-Token"))
	if !ok {
		return reply{}, errLogin
	}
	if t.project.id == "" {
		return reply{}, &keystoneRefusal{http.StatusForbidden, "Forbidden", "The token has no project."}
	}
	return jsonReply(http.StatusOK, map[string]any{
		"catalog": k.services(k.srv.baseURL(c)),
		"links":   map[string]string{"self": k.srv.baseURL(c) + keystonePath + "/v3/auth/catalog"},
	})
}
