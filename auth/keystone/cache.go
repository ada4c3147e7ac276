package keystone

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"github.com/zaqar-go/zaqar/auth"
)

// TokenCache keeps tokens outside of the program, so that the next program need not sign
// in. It must be safe for concurrent use. Its methods report no errors: without an entry
// there is a sign-in.
type TokenCache interface {
	// Load returns the entry that Save was last given under this key, or nil.
	Load(key string) []byte
	// Save keeps an entry. An entry contains a token: keep it where only the user can
	// read it.
	Save(key string, entry []byte)
	// Drop removes an entry, because a server refused its token.
	Drop(key string)
}

// Cache begins with the token that c has for these credentials, and gives it each new one.
// A token is not used when 0.8 of its lifetime has passed (see [RenewAt]), and dropped
// when a server refuses it. Only a password and an application credential use c: other
// tokens cannot be had again. With a passcode c is not used.
//
// The key has the auth URL, the user, the scope and the region, and no secret. Whoever can
// read c needs no password, so a wrong one is noticed only when the token is renewed.
// Lifetimes of tokens in c are counted by the local clock. Load is called once, by the
// first call that needs a token.
func Cache(c TokenCache) Option {
	return func(config *config) { config.cache = c }
}

// cacheable reports whether tokens are kept.
func (id *identity) cacheable() bool {
	return id.cache != nil && (id.kind == kindPassword && id.passcode.IsZero() || id.kind == kindApplicationCredential)
}

// cacheKey names the credentials and the region. It has no secret.
func (id *identity) cacheKey() string {
	s := id.scope
	return strings.Join([]string{
		id.service.String(), fmt.Sprint(id.kind), id.userID, id.username, id.userDomain.id, id.userDomain.name,
		id.applicationID, id.applicationName, s.projectID, s.projectName, id.projectDomain.id, id.projectDomain.name,
		s.trust, s.domain.id, s.domain.name, fmt.Sprint(s.system, s.unscoped), id.region,
	}, "\n")
}

// cached is an entry.
type cached struct {
	Token   string                `json:"token"`
	Project string                `json:"project"`
	Catalog []tokens.CatalogEntry `json:"catalog"`
	Began   time.Time             `json:"began"`
	Expires time.Time             `json:"expires"`
}

// fromCache returns the session of the cache, or nil if it has none that is worth using.
func (id *identity) fromCache(now time.Time) *session {
	var entry cached
	if !id.cacheable() || json.Unmarshal(id.cache.Load(id.cacheKey()), &entry) != nil {
		return nil
	}
	life := entry.Expires.Sub(entry.Began)
	if entry.Token == "" || unsafeHeader(entry.Token) || unsafeHeader(entry.Project) || life <= 0 || entry.Began.After(now) {
		return nil
	}
	s := &session{
		token:   auth.NewSecret(entry.Token),
		project: entry.Project,
		catalog: tokens.ServiceCatalog{Entries: entry.Catalog},
		began:   entry.Began,
	}
	s.setLifetime(life, id)
	if !s.usable(now) || s.due(now) {
		return nil
	}
	return s
}

// toCache gives a new session to the cache. One that never expires is not kept.
func (id *identity) toCache(s *session) {
	if !id.cacheable() || s.expires.IsZero() {
		return
	}
	entry, err := json.Marshal(cached{
		Token: s.token.Reveal(), Project: s.project, Catalog: s.catalog.Entries,
		Began: s.began.Round(0), Expires: s.expires.Round(0),
	})
	if err == nil {
		id.cache.Save(id.cacheKey(), entry)
	}
}
