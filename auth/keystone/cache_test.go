package keystone_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/auth/keystone"
)

// memory is a TokenCache.
type memory struct {
	mu      sync.Mutex
	entries map[string][]byte
}

func (m *memory) Load(key string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.entries[key]
}

func (m *memory) Save(key string, entry []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.entries == nil {
		m.entries = map[string][]byte{}
	}
	m.entries[key] = entry
}

func (m *memory) Drop(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, key)
}

func (m *memory) size() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries)
}

func TestTheNextProgramBeginsWithTheTokenOfTheCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, cache := &fakeKeystone{}, &memory{}
		first := k.demo(keystone.Cache(cache))
		if got := token(t, first); got != "token-1" || cache.size() != 1 {
			t.Fatalf("the first program uses %s and leaves %d entries", got, cache.size())
		}
		time.Sleep(10 * time.Minute)
		next := k.demo(keystone.Cache(cache))
		if url, err := next.Endpoint(t.Context(), "messaging"); err != nil || url != "https://one.test:8888/" {
			t.Errorf("the next program finds %q, %v", url, err)
		}
		if got := token(t, next); got != "token-1" || k.count() != 1 || next.ProjectID() != "project-1" {
			t.Errorf("the next program uses %s of project %s after %d sign-ins", got, next.ProjectID(), k.count())
		}
		if left := time.Until(next.Expires()); left != 50*time.Minute {
			t.Errorf("its token expires in %v", left)
		}
		// Near its end it signs in instead, and leaves the new token.
		time.Sleep(40 * time.Minute)
		if got := token(t, k.demo(keystone.Cache(cache))); got != "token-2" {
			t.Errorf("late, a program uses %s", got)
		}
		if got := token(t, k.demo(keystone.Cache(cache))); got != "token-2" {
			t.Errorf("after that, a program uses %s", got)
		}
	})
}

func TestARefusedTokenOfTheCacheIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, cache := &fakeKeystone{}, &memory{}
		token(t, k.demo(keystone.Cache(cache)))
		time.Sleep(time.Minute)
		a := k.demo(keystone.Cache(cache))
		token(t, a)
		if !a.Invalidate(withToken("token-1")) {
			t.Error("a new token is not worth a try")
		}
		began := time.Now()
		if got := token(t, a); got != "token-2" || !time.Now().Equal(began) {
			t.Errorf("after a 401 the token is %s, after %v", got, time.Since(began))
		}
		if got := token(t, k.demo(keystone.Cache(cache))); got != "token-2" {
			t.Errorf("the next program uses %s", got)
		}
		// Keystone refuses to sign in again: the token does not come back.
		k.refuse = func() int { return 401 }
		a.Invalidate(withToken("token-2"))
		if err := a.Authorize(t.Context(), withToken("")); err == nil || cache.size() != 0 {
			t.Errorf("the error is %v, and the cache has %d entries", err, cache.size())
		}
	})
}

func TestEachSignInHasItsOwnToken(t *testing.T) {
	k, cache := &fakeKeystone{}, &memory{}
	for i, options := range [][]keystone.Option{
		{}, {keystone.Project("other")}, {keystone.UserDomain("users")}, {keystone.Region("RegionTwo")}, {keystone.Trust("t1")},
	} {
		token(t, k.demo(append(options, keystone.Cache(cache))...))
		if cache.size() != i+1 {
			t.Errorf("after %d ways to sign in there are %d entries", i+1, cache.size())
		}
	}
	for key := range cache.entries {
		if strings.Contains(key, password) {
			t.Errorf("the key %q has the password", key)
		}
	}
}

func TestOnlyTokensThatCanBeRenewedAreCached(t *testing.T) {
	k, cache := &fakeKeystone{}, &memory{}
	token(t, k.demo(keystone.Cache(cache), keystone.Passcode("123456")))
	token(t, keystone.Token(fakeURL, "given", k.client(), keystone.Cache(cache)))
	token(t, keystone.Token(fakeURL, "given", k.client(), keystone.Project("demo"), keystone.Cache(cache)))
	if cache.size() != 0 {
		t.Errorf("there are %d entries", cache.size())
	}
}

func TestAnEntryThatIsNotOneIsIgnored(t *testing.T) {
	for _, entry := range []string{
		"", "null", "{", `{"token":""}`, `{"token":"x"}`, `{"token":"x","began":"2001-01-01T00:00:00Z","expires":"2001-01-01T01:00:00Z"}`,
		`{"token":"x","began":"2999-01-01T00:00:00Z","expires":"2999-01-01T01:00:00Z"}`,
		`{"token":"x\r\ny","began":"2001-01-01T00:00:00Z","expires":"2999-01-01T01:00:00Z"}`,
	} {
		k, cache := &fakeKeystone{}, &memory{}
		token(t, k.demo(keystone.Cache(cache)))
		for key := range cache.entries {
			cache.entries[key] = []byte(entry)
		}
		if got := token(t, k.demo(keystone.Cache(cache))); got != "token-2" {
			t.Errorf("with the entry %q the token is %q", entry, got)
		}
	}
}
