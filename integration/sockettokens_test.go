package integration

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
)

// TestTokensOfFifteenSecondsAreRenewedOverTheWebSocket posts, claims and deletes from
// 15 goroutines on one connection for 90 s, with tokens that live for 15 s, while a
// sixteenth cancels every call after a millisecond: no call of the others fails, they
// stay on one connection, and no token is ever in the log.
//
// It runs alone. The server has one thread for all connections, and if Keystone takes
// longer for a token than the previous one lives, the connection ends through no fault of
// the client.
func TestTokensOfFifteenSecondsAreRenewedOverTheWebSocket(t *testing.T) {
	servers := find(t)
	signIn, tokens := shortTokens(t, servers)
	var log lockedBuffer
	client, err := zaqar.Connect(t.Context(), need(t, servers, "ZAQAR_REAL_Z23_KEYSTONE_WEBSOCKET_URL"), zaqar.WithAuth(signIn),
		zaqar.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
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

	const workers, lasts, least, most = 15, 90 * time.Second, 500, 12
	var (
		group                    sync.WaitGroup
		w                        traffic
		impatient, gaveUp, other atomic.Int32
	)
	end := time.Now().Add(lasts)
	for range workers {
		group.Go(func() { w.work(t, queue, end) })
	}
	group.Go(func() {
		for time.Now().Before(end) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			_, err := queue.Stats(ctx)
			cancel()
			impatient.Add(1)
			switch {
			case errors.Is(err, context.DeadlineExceeded):
				gaveUp.Add(1)
			case err != nil && !errors.Is(err, zaqar.ErrUnavailable): // quirk 8
				other.Add(1)
				t.Errorf("the impatient one: %v", err)
			}
		}
	})
	group.Wait()
	connections := strings.Count(log.String(), "zaqar: connected")
	t.Logf("%d calls, %d failed, %d claims lost, %d token requests, %d connections in %v; %d impatient calls, %d given up, %d failed",
		w.calls.Load(), w.failed.Load(), w.lost.Load(), tokens.requests(), connections, lasts, impatient.Load(), gaveUp.Load(), other.Load())
	if w.calls.Load() < least || tokens.requests() > most || tokens.requests() < 6 || connections != 1 || gaveUp.Load() == 0 {
		t.Errorf("want %d calls at least, 6 to %d token requests, and one connection", least, most)
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, "connected") || strings.Contains(line, "token renewed") {
				t.Log(strings.TrimSpace(line))
			}
		}
	}
	for _, token := range tokens.all() {
		if strings.Contains(log.String(), token) {
			t.Error("a token is in the log")
		}
	}
	if len(log.String()) < 100_000 {
		t.Errorf("the log has %d bytes only", len(log.String()))
	}
}

// lockedBuffer is a buffer for many writers.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
