package zaqartest

import (
	"encoding/json"
	"maps"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// trustScheme begins the scheme of a subscriber that gets a token with each message.
const trustScheme = "trust+"

// trust lets Zaqar act for a user, with the roles of one project.
type trust struct {
	account *account
	grant   grant
	expires time.Time
}

// withTrust returns a subscription whose subscriber gets a trust if it needs tokens:
// the trust that the options name, or a new one from the caller. Without Keystone
// there are no trusts.
func withTrust(c *call, s broker.Subscription) (broker.Subscription, error) {
	t, _ := c.srv.keystone.token(c.req.Header.Get("X-Auth-Token"))
	return c.srv.keystone.withTrust(t, s)
}

// withTrust is the same for the owner of a token. t is nil if there is none.
func (k *keystone) withTrust(t *token, s broker.Subscription) (broker.Subscription, error) {
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
	id, err := rawjson.Marshal(k.createTrust(t, time.Duration(s.TTL)*time.Second))
	if err != nil {
		return s, err
	}
	options["trust_id"] = id
	s.Options, err = rawjson.Marshal(options)
	return s, err
}

// createTrust makes a trust from a token's owner and returns its id.
func (k *keystone) createTrust(t *token, life time.Duration) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.srv.Now()
	maps.DeleteFunc(k.trusts, func(_ string, t trust) bool { return !t.expires.After(now) })
	id := broker.NewUUID().Hex()
	k.trusts[id] = trust{
		account: t.account, grant: grant{project: t.project, roles: t.roles}, expires: now.Add(life),
	}
	return id
}

// tokenForTrust issues a token for a valid trust.
func (k *keystone) tokenForTrust(id string) (*token, bool) {
	found, ok := k.trust(id)
	if !ok || !found.expires.After(k.srv.Now()) {
		return nil, false
	}
	return k.issue(proof{account: found.account, methods: []string{"password"}}, found.grant), true
}

func (k *keystone) trust(id string) (trust, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, ok := k.trusts[id]
	return found, ok
}
