package zaqartest

import (
	"encoding/json"
	"net/http"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// loginRequest is what a client sends to get a token.
type loginRequest struct {
	Auth *struct {
		Identity struct {
			Methods  []string `json:"methods"`
			Password struct {
				User userReference `json:"user"`
			} `json:"password"`
			Token struct {
				ID string `json:"id"`
			} `json:"token"`
			ApplicationCredential struct {
				ID     string        `json:"id"`
				Name   string        `json:"name"`
				Secret string        `json:"secret"`
				User   userReference `json:"user"`
			} `json:"application_credential"`
		} `json:"identity"`
		Scope json.RawMessage `json:"scope"`
	} `json:"auth"`
}

// reference names something by its id, or by its name and domain.
type reference struct {
	ID     string           `json:"id"`
	Name   string           `json:"name"`
	Domain *domainReference `json:"domain"`
}

type domainReference struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type userReference struct {
	reference
	Password string `json:"password"`
}

// names reports whether a reference means the thing with this id and name.
func (r reference) names(id, name string) bool {
	if r.ID != "" {
		return r.ID == id
	}
	if r.Name != name || r.Domain == nil {
		return false
	}
	return r.Domain.ID == domainID || r.Domain.ID == "" && r.Domain.Name == domainName
}

// proof is the result of an authentication: who the caller is, and by which methods.
type proof struct {
	account    *account
	methods    []string
	parent     *token // the token that was presented
	credential *credential
}

var (
	errLogin = &keystoneRefusal{
		http.StatusUnauthorized, "Unauthorized", "The request you have made requires authentication.",
	}
	errLoginBody = &keystoneRefusal{
		http.StatusBadRequest, "Bad Request", "The body does not describe an authentication.",
	}
)

// login reads a request for a token and issues it.
func (k *keystone) login(body []byte) (*token, error) {
	var request loginRequest
	if rawjson.Check(body) != nil || json.Unmarshal(body, &request) != nil ||
		request.Auth == nil || len(request.Auth.Identity.Methods) == 0 {
		return nil, errLoginBody
	}
	p, ok := k.prove(&request)
	if !ok {
		return nil, errLogin
	}
	g, err := k.scope(p, request.Auth.Scope)
	if err != nil {
		return nil, err
	}
	return k.issue(p, g), nil
}

// prove checks the caller's identity. It accepts one method at a time, which is
// enough for tests.
func (k *keystone) prove(request *loginRequest) (proof, bool) {
	id := &request.Auth.Identity
	if len(id.Methods) != 1 {
		return proof{}, false
	}
	if id.Methods[0] == "token" {
		t, ok := k.token(id.Token.ID)
		if !ok {
			return proof{}, false
		}
		methods := t.methods
		if methods[0] != "token" {
			methods = append([]string{"token"}, methods...)
		}
		return proof{account: t.account, methods: methods, parent: t, credential: t.credential}, true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch id.Methods[0] {
	case "password":
		user := id.Password.User
		for _, a := range k.accounts {
			if user.names(a.id, a.name) {
				return proof{account: a, methods: id.Methods}, a.password == user.Password
			}
		}
	case "application_credential":
		wanted := id.ApplicationCredential
		for _, c := range k.credentials {
			byName := wanted.ID == "" && wanted.Name == c.name && wanted.User.names(c.account.id, c.account.name)
			if wanted.ID == c.id || byName {
				return proof{account: c.account, methods: id.Methods, credential: c}, c.secret == wanted.Secret
			}
		}
	}
	return proof{}, false
}

// scope returns the caller's roles in the requested project.
func (k *keystone) scope(p proof, wanted json.RawMessage) (grant, error) {
	if p.credential != nil {
		// A credential has a scope of its own. The request must not ask for one.
		if wanted != nil && p.parent == nil {
			return grant{}, errLogin
		}
		return p.credential.grant, nil
	}
	var scope struct {
		Project *reference      `json:"project"`
		None    json.RawMessage `json:"unscoped"`
	}
	if name, isText := rawjson.Text(wanted); wanted == nil || isText && name == "unscoped" {
		return grant{}, nil
	}
	if json.Unmarshal(wanted, &scope) != nil {
		return grant{}, errLoginBody
	}
	if scope.None != nil {
		return grant{}, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, g := range p.account.grants {
		if scope.Project != nil && scope.Project.names(g.project.id, g.project.name) {
			return g, nil
		}
	}
	return grant{}, errLogin
}
