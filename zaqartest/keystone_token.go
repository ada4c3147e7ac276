package zaqartest

import (
	"maps"
	"slices"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// token is an issued token. It does not change.
type token struct {
	id         string
	auditID    string
	account    *account
	project    project // has no id if the token is unscoped
	roles      []string
	methods    []string
	issued     time.Time
	expires    time.Time
	credential *credential // that it was issued for, or nil
}

// token returns a token that is valid now.
func (k *keystone) token(id string) (*token, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t, ok := k.tokens[id]
	if !ok || !t.expires.After(k.srv.Now()) {
		return nil, false
	}
	return t, true
}

// issue issues a token.
func (k *keystone) issue(p proof, g grant) *token {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.srv.Now().UTC()
	t := &token{
		id: broker.NewUUID().Hex() + broker.NewUUID().Hex(), auditID: broker.NewUUID().Hex()[:22],
		account: p.account, project: g.project, roles: g.roles, methods: p.methods,
		issued: now, expires: now.Add(k.ttl), credential: p.credential,
	}
	if p.parent != nil {
		// A token issued for another token expires with it.
		t.expires = p.parent.expires
	}
	k.sweepLocked(now)
	k.tokens[t.id] = t
	k.issuedTokens++
	return t
}

// sweepLocked removes expired tokens once the number of tokens has doubled.
func (k *keystone) sweepLocked(now time.Time) {
	if len(k.tokens) < 2*k.leftBySweep+100 {
		return
	}
	maps.DeleteFunc(k.tokens, func(_ string, t *token) bool { return !t.expires.After(now) })
	k.leftBySweep = len(k.tokens)
}

func (k *keystone) revoke(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.tokens, id)
}

// document returns the token in Keystone's form. A nil catalog is left out.
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
