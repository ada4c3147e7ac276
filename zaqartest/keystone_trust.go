package zaqartest

import (
	"encoding/json"
	"maps"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// trustScheme begins the scheme of a subscriber who wants a token with each
// message.
const trustScheme = "trust+"

// trust lets Zaqar act for somebody, with the roles of one project.
type trust struct {
	account *account
	grant   grant
	expires time.Time
}

// entrust makes sure that a subscriber who wants tokens has a trust: the one
// that the caller names, or a new one, from the caller. Without Keystone there
// is nobody to trust.
func withTrust(c *call, s broker.Subscription) (broker.Subscription, error) {
	t, _ := c.srv.keystone.token(c.req.Header.Get("X-Auth-Token"))
	return c.srv.keystone.withTrust(t, s)
}

// entrustFor is entrust for the owner of a token, or for nobody (nil).
func (i *keystone) withTrust(t *token, s broker.Subscription) (broker.Subscription, error) {
	if !strings.HasPrefix(broker.SchemeOf(s.Subscriber), trustScheme) || s.Option("trust_id") != nil {
		return s, nil
	}
	if t == nil {
		return s, invalid("The subscriber needs a trust: use a token, or name the trust in the option trust_id.")
	}
	options, err := rawjson.Object(s.Options)
	if err != nil {
		options = map[string]json.RawMessage{}
	}
	id, err := rawjson.Marshal(i.createTrust(t, time.Duration(s.TTL)*time.Second))
	if err != nil {
		return s, err
	}
	options["trust_id"] = id
	s.Options, err = rawjson.Marshal(options)
	return s, err
}

// entrust makes a trust of a token's owner and returns its id.
func (i *keystone) createTrust(t *token, life time.Duration) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.srv.Now()
	maps.DeleteFunc(i.trusts, func(_ string, t trust) bool { return !t.expires.After(now) })
	id := broker.NewUUID().Hex()
	i.trusts[id] = trust{
		account: t.account, grant: grant{project: t.project, roles: t.roles}, expires: now.Add(life),
	}
	return id
}

// trusted issues a token for a trust that is valid now.
func (i *keystone) tokenForTrust(id string) (*token, bool) {
	i.mu.Lock()
	found, ok := i.trusts[id]
	i.mu.Unlock()
	if !ok || !found.expires.After(i.srv.Now()) {
		return nil, false
	}
	return i.issue(proof{account: found.account, methods: []string{"password"}}, found.grant), true
}
