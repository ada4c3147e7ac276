package integration

import (
	"sync"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
)

// TestTokensOfFifteenSecondsAreRenewedUnderLoad posts and claims from 8
// goroutines for a minute, with tokens that live for 15 s: no call fails, and
// Keystone is asked seldom.
func TestTokensOfFifteenSecondsAreRenewedUnderLoad(t *testing.T) {
	t.Parallel()
	signIn, tokens := shortTokens(t, find(t))
	client, err := zaqar.Connect(t.Context(), "", zaqar.WithAuth(signIn))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	queue := busyQueue(t, client)
	defer func() {
		if err := queue.Delete(t.Context()); err != nil {
			t.Error(err)
		}
	}()

	const workers, lasts, least, most = 8, time.Minute, 2000, 8
	var group sync.WaitGroup
	var w traffic
	end := time.Now().Add(lasts)
	for range workers {
		group.Go(func() { w.work(t, queue, end) })
	}
	group.Wait()
	t.Logf("%d calls, %d failed, %d claims lost, %d token requests in %v", w.calls.Load(), w.failed.Load(), w.lost.Load(), tokens.requests(), lasts)
	if w.calls.Load() < least || w.lost.Load() > 0 || tokens.requests() > most {
		t.Errorf("want %d calls at least, no claims lost, and %d token requests at most", least, most)
	}
}
