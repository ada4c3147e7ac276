package zaqartest

import (
	"slices"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// Everybody is in one domain.
const (
	domainID   = "default"
	domainName = "Default"
)

// User is somebody who can authenticate with Keystone, and who has roles in one
// project. Domain: Default, with the id "default".
type User struct {
	Name, Password string
	// Project is a name. The project is made when there is none yet; "" gives
	// the user no project.
	Project string
	// Roles are the user's roles in Project. Default: member.
	Roles []string
}

// CatalogEntry is an endpoint in Keystone's catalogue.
type CatalogEntry struct {
	Type      string // such as "messaging"
	Name      string // such as "zaqar"
	Region    string // such as "RegionOne"
	Interface string // public, internal or admin
	URL       string
}

// identity is what Keystone knows.
type keystone struct {
	srv *Server

	mu           sync.Mutex
	projects     map[string]project // by name
	accounts     map[string]*account
	credentials  []*credential
	tokens       map[string]*token
	trusts       map[string]trust
	leftBySweep  int // tokens that were left after the last sweep
	ttl          time.Duration
	issuedTokens int
	catalog      []CatalogEntry
	ownCatalog   bool // set by the test
}

type project struct{ id, name string }

type account struct {
	id, name, password string
	grants             []grant
}

// grant gives roles in a project.
type grant struct {
	project project
	roles   []string
}

// credential is an application credential: a user's roles in one project, under
// a secret of its own.
type credential struct {
	id, name, secret string
	account          *account
	grant            grant
}

func newKeystone(s *Server) *keystone {
	i := &keystone{
		srv: s, projects: map[string]project{}, accounts: map[string]*account{},
		tokens: map[string]*token{}, trusts: map[string]trust{}, ttl: time.Hour,
	}
	i.addUser(User{Name: "demo", Password: "secret", Project: "demo"})
	i.addUser(User{Name: "admin", Password: "secret", Project: "admin", Roles: []string{"admin"}})
	i.addUser(User{Name: "admin", Password: "secret", Project: "demo", Roles: []string{"admin"}})
	return i
}

// AddUser makes a user, or gives the one of that name another password and
// roles in one more project. It returns the ids of both, in hexadecimal;
// projectID is empty where User names no project.
//
// There is a user demo from the start, with the password secret and the role
// member in the project demo, and a user admin, with the same password and the
// role admin in the projects admin and demo.
func (s *Server) AddUser(u User) (userID, projectID string) { return s.keystone.addUser(u) }

func (i *keystone) addUser(u User) (userID, projectID string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	a := i.accounts[u.Name]
	if a == nil {
		a = &account{id: broker.NewUUID().Hex(), name: u.Name}
		i.accounts[u.Name] = a
	}
	a.password = u.Password
	if u.Project == "" {
		return a.id, ""
	}
	p, ok := i.projects[u.Project]
	if !ok {
		p = project{id: broker.NewUUID().Hex(), name: u.Project}
		i.projects[u.Project] = p
	}
	g := grant{project: p, roles: slices.Clone(u.Roles)}
	if len(g.roles) == 0 {
		g.roles = []string{"member"}
	}
	a.grants = slices.DeleteFunc(a.grants, func(old grant) bool { return old.project == p })
	a.grants = append(a.grants, g)
	return a.id, p.id
}

// AddApplicationCredential makes an application credential for a user, in the
// first project that the user was added to, and returns its id. For a user who
// does not exist or has no project it returns "" and makes none.
func (s *Server) AddApplicationCredential(user, name, secret string) (id string) {
	i := s.keystone
	i.mu.Lock()
	defer i.mu.Unlock()
	a := i.accounts[user]
	if a == nil || len(a.grants) == 0 {
		return ""
	}
	c := &credential{id: broker.NewUUID().Hex(), name: name, secret: secret, account: a, grant: a.grants[0]}
	i.credentials = append(i.credentials, c)
	return c.id
}

// SetTokenTTL sets how long tokens last that are issued from now on. Default
// one hour.
func (s *Server) SetTokenTTL(d time.Duration) {
	s.keystone.mu.Lock()
	defer s.keystone.mu.Unlock()
	s.keystone.ttl = d
}

// RevokeTokens ends all tokens that were issued so far: who uses one gets 401. As
// on real servers, a WebSocket that was opened up with one stays so until the
// token would have ended.
func (s *Server) RevokeTokens() {
	s.keystone.mu.Lock()
	defer s.keystone.mu.Unlock()
	clear(s.keystone.tokens)
}

// TokensIssued returns how many tokens have been issued since the server was
// made.
func (s *Server) TokensIssued() int {
	s.keystone.mu.Lock()
	defer s.keystone.mu.Unlock()
	return s.keystone.issuedTokens
}

// SetCatalog replaces the catalogue that comes with tokens issued or looked at
// from now on. Default: the service messaging, named zaqar, in RegionOne, whose
// public, internal and admin endpoints are [Server.URL], and messaging-websocket,
// named zaqar-websocket, whose endpoints are [Server.WebSocketURL].
func (s *Server) SetCatalog(entries ...CatalogEntry) {
	s.keystone.mu.Lock()
	defer s.keystone.mu.Unlock()
	s.keystone.catalog, s.keystone.ownCatalog = slices.Clone(entries), true
}
