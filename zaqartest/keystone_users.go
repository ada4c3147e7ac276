package zaqartest

import (
	"slices"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// Everybody is in the same domain.
const (
	domainID   = "default"
	domainName = "Default"
)

// User can authenticate with Keystone and has roles in one project. Its domain is
// Default, with the id "default".
type User struct {
	Name, Password string
	// Project is the name of the user's project. It is created if it does not exist.
	// With "", the user has no project.
	Project string
	// Roles are the user's roles in Project. Defaults to member.
	Roles []string
}

// CatalogEntry is an endpoint in Keystone's service catalog.
type CatalogEntry struct {
	Type      string // such as "messaging"
	Name      string // such as "zaqar"
	Region    string // such as "RegionOne"
	Interface string // public, internal or admin
	URL       string
}

// keystone holds the users, projects and tokens of the Keystone.
type keystone struct {
	srv *Server

	mu           sync.Mutex
	projects     map[string]project // by name
	accounts     map[string]*account
	credentials  []*credential
	tokens       map[string]*token
	trusts       map[string]trust
	leftBySweep  int // the number of tokens after the last sweep
	ttl          time.Duration
	issuedTokens int
	catalog      []CatalogEntry
	ownCatalog   bool // set with SetCatalog
}

type project struct{ id, name string }

type account struct {
	id, name, password string
	grants             []grant
}

// grant is a set of roles in a project.
type grant struct {
	project project
	roles   []string
}

// credential is an application credential: a user's roles in one project, with a
// secret of its own.
type credential struct {
	id, name, secret string
	account          *account
	grant            grant
}

func newKeystone(s *Server) *keystone {
	k := &keystone{
		srv: s, projects: map[string]project{}, accounts: map[string]*account{},
		tokens: map[string]*token{}, trusts: map[string]trust{}, ttl: time.Hour,
	}
	k.addUser(User{Name: "demo", Password: "secret", Project: "demo"})
	k.addUser(User{Name: "admin", Password: "secret", Project: "admin", Roles: []string{"admin"}})
	k.addUser(User{Name: "admin", Password: "secret", Project: "demo", Roles: []string{"admin"}})
	return k
}

// AddUser adds a user. If the user exists, it sets the password and the roles in one
// more project. It returns the ids of both, in hexadecimal. projectID is empty if
// User names no project.
//
// Every server has a user demo with the password secret and the role member in the
// project demo, and a user admin with the same password and the role admin in the
// projects admin and demo.
func (s *Server) AddUser(u User) (userID, projectID string) { return s.keystone.addUser(u) }

func (k *keystone) addUser(u User) (userID, projectID string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	a := k.accounts[u.Name]
	if a == nil {
		a = &account{id: broker.NewUUID().Hex(), name: u.Name}
		k.accounts[u.Name] = a
	}
	a.password = u.Password
	if u.Project == "" {
		return a.id, ""
	}
	p, ok := k.projects[u.Project]
	if !ok {
		p = project{id: broker.NewUUID().Hex(), name: u.Project}
		k.projects[u.Project] = p
	}
	g := grant{project: p, roles: slices.Clone(u.Roles)}
	if len(g.roles) == 0 {
		g.roles = []string{"member"}
	}
	a.grants = slices.DeleteFunc(a.grants, func(old grant) bool { return old.project == p })
	a.grants = append(a.grants, g)
	return a.id, p.id
}

// AddApplicationCredential adds an application credential for a user, in the first
// project that the user was added to, and returns its id. It returns "" if the user
// does not exist or has no project.
func (s *Server) AddApplicationCredential(user, name, secret string) (id string) {
	k := s.keystone
	k.mu.Lock()
	defer k.mu.Unlock()
	a := k.accounts[user]
	if a == nil || len(a.grants) == 0 {
		return ""
	}
	c := &credential{id: broker.NewUUID().Hex(), name: name, secret: secret, account: a, grant: a.grants[0]}
	k.credentials = append(k.credentials, c)
	return c.id
}

// SetTokenTTL sets the TTL of tokens issued from now on. Defaults to one hour.
func (s *Server) SetTokenTTL(d time.Duration) {
	s.keystone.mu.Lock()
	defer s.keystone.mu.Unlock()
	s.keystone.ttl = d
}

// RevokeTokens revokes all tokens that were issued so far. Requests with one of them
// get 401. As on real servers, a WebSocket that authenticated with one stays
// authenticated until the token would have expired.
func (s *Server) RevokeTokens() {
	s.keystone.mu.Lock()
	defer s.keystone.mu.Unlock()
	clear(s.keystone.tokens)
}

// TokensIssued returns the number of tokens issued since the server was made.
func (s *Server) TokensIssued() int {
	s.keystone.mu.Lock()
	defer s.keystone.mu.Unlock()
	return s.keystone.issuedTokens
}

// SetCatalog replaces the service catalog that comes with tokens from now on. By
// default it has the service messaging, named zaqar, in RegionOne, whose public,
// internal and admin endpoints are [Server.URL], and the service
// messaging-websocket, named zaqar-websocket, whose endpoints are
// [Server.WebSocketURL].
func (s *Server) SetCatalog(entries ...CatalogEntry) {
	s.keystone.mu.Lock()
	defer s.keystone.mu.Unlock()
	s.keystone.catalog, s.keystone.ownCatalog = slices.Clone(entries), true
}
