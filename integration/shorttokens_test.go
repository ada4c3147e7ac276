package integration

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
)

// shortTokens signs in to the Keystone whose tokens live for 15 seconds, and records its
// tokens.
func shortTokens(t *testing.T, servers Servers) (*keystone.Auth, *tokenBook) {
	t.Helper()
	tokens := &tokenBook{}
	signIn := keystone.Password(need(t, servers, "ZAQAR_REAL_KEYSTONE_SHORT_URL"),
		need(t, servers, "ZAQAR_REAL_USERNAME"), need(t, servers, "ZAQAR_REAL_PASSWORD"),
		keystone.Project(need(t, servers, "ZAQAR_REAL_PROJECT")), keystone.HTTPClient(&http.Client{Transport: tokens}))
	t.Cleanup(func() { _ = signIn.Close() })
	return signIn, tokens
}

// tokenBook records the tokens that Keystone issues.
type tokenBook struct {
	mu     sync.Mutex
	tokens []string
}

func (b *tokenBook) RoundTrip(r *http.Request) (*http.Response, error) {
	reply, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && r.Method == http.MethodPost && reply.Header.Get("X-Subject-Token") != "" {
		b.mu.Lock()
		b.tokens = append(b.tokens, reply.Header.Get("X-Subject-Token"))
		b.mu.Unlock()
	}
	return reply, err
}

func (b *tokenBook) all() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tokens
}

func (b *tokenBook) requests() int { return len(b.all()) }

// traffic counts the results of callers that post, claim and delete without a pause.
type traffic struct{ calls, failed, lost atomic.Int32 }

// work is one caller, until end.
func (w *traffic) work(t *testing.T, queue *zaqar.Queue, end time.Time) {
	call := func(err error) {
		w.calls.Add(1)
		if err != nil {
			w.failed.Add(1)
			t.Error(err)
		}
	}
	for time.Now().Before(end) {
		_, err := queue.Post(t.Context(), zaqar.Outgoing{Body: "x", TTL: time.Minute})
		call(err)
		claim, err := queue.Claim(t.Context(), zaqar.Limit(1))
		call(err)
		if err != nil {
			continue
		}
		for _, m := range claim.Messages() {
			// On Redis another claim took the message (quirk 5). That is not a failure.
			if err := m.Delete(t.Context()); errors.Is(err, zaqar.ErrClaimLost) {
				w.lost.Add(1)
			} else {
				call(err)
			}
		}
	}
}

// busyQueue creates a queue that is deleted at the end of the test.
func busyQueue(t *testing.T, client *zaqar.Client) *zaqar.Queue {
	t.Helper()
	queue, err := client.CreateQueue(t.Context(), "tokens-"+client.Conn().ClientID())
	if err != nil {
		t.Fatal(err)
	}
	return queue
}
