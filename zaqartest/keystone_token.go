package zaqartest

import (
	"maps"
	"slices"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// token is a token that was issued. It does not change.
type token struct {
	id         string
	auditID    string
	account    *account
	project    project // without an id: unscoped
	roles      []string
	methods    []string
	issued     time.Time
	expires    time.Time
	credential *credential // that it was made with, or nil
}

// token finds a token that is valid now.
func (i *keystone) token(id string) (*token, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	t, ok := i.tokens[id]
	if !ok || !t.expires.After(i.srv.Now()) {
		return nil, false
	}
	return t, true
}

// issue makes a token; expires is zero for the usual time from now on.
func (i *keystone) issue(p proof, g grant) *token {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.srv.Now().UTC()
	t := &token{
		id: broker.NewUUID().Hex() + broker.NewUUID().Hex(), auditID: broker.NewUUID().Hex()[:22],
		account: p.account, project: g.project, roles: g.roles, methods: p.methods,
		issued: now, expires: now.Add(i.ttl), credential: p.credential,
	}
	if p.parent != nil {
		// A token that was got for a token lasts no longer.
		t.expires = p.parent.expires
	}
	i.sweepLocked(now)
	i.tokens[t.id] = t
	i.issuedTokens++
	return t
}

// sweep drops expired tokens whenever their number has doubled.
func (i *keystone) sweepLocked(now time.Time) {
	if len(i.tokens) < 2*i.leftBySweep+100 {
		return
	}
	maps.DeleteFunc(i.tokens, func(_ string, t *token) bool { return !t.expires.After(now) })
	i.leftBySweep = len(i.tokens)
}

func (i *keystone) revoke(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.tokens, id)
}

// document is the token as Keystone tells it; catalog is nil to leave it out.
func (t *token) document(catalog []catalogService) map[string]any {
	domain := map[string]string{"id": domainID, "name": domainName}
	out := map[string]any{
		"methods":    t.methods,
		"user":       map[string]any{"id": t.account.id, "name": t.account.name, "domain": domain, "password_expires_at": nil},
		"audit_ids":  []string{t.auditID},
		"issued_at":  keystoneTime(t.issued),
		"expires_at": keystoneTime(t.expires),
	}
	if t.project.id == "" {
		return map[string]any{"token": out}
	}
	roles := []map[string]string{}
	for _, name := range slices.Sorted(slices.Values(t.roles)) {
		roles = append(roles, map[string]string{"id": stableID("role", name), "name": name})
	}
	out["project"] = map[string]any{"id": t.project.id, "name": t.project.name, "domain": domain}
	out["is_domain"] = false
	out["roles"] = roles
	if catalog != nil {
		out["catalog"] = catalog
	}
	if t.credential != nil {
		out["application_credential"] = map[string]any{
			"id": t.credential.id, "name": t.credential.name, "restricted": true,
		}
	}
	return map[string]any{"token": out}
}

func keystoneTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
