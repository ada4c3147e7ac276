package consumer_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// recorder counts events by name, except requests, and logs all of them.
type recorder struct {
	mu     sync.Mutex
	counts map[string]int
	log    bytes.Buffer
	logger observe.Observer
	call   func()
}

func (n *recorder) Observe(ctx context.Context, e observe.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.logger.Observe(ctx, e)
	if _, request := e.(observe.Request); !request {
		n.counts[e.Name()]++
		if n.call != nil {
			n.call()
		}
	}
}

func TestAnObserverSeesWhatAConsumerDoes(t *testing.T) {
	t.Parallel()
	saw := &recorder{counts: map[string]int{}}
	saw.logger = observe.Log(slog.New(slog.NewTextHandler(&saw.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 4) // 0 succeeds, 1 fails, 2 panics, 3 is running when its claim is lost
		config := zaqar.ConsumerConfig{Workers: 4, TTL: time.Minute, DeadLetter: "dead", MaxAttempts: 2}
		lost := make(chan struct{})
		r := run(t, q, config, func(ctx context.Context, m *zaqar.Message) error {
			switch string(m.Body()) {
			case "1":
				return errBroken
			case "2":
				if zaqar.Attempt(ctx) == 1 {
					panic("the secret word")
				}
			case "3":
				select {
				case <-lost:
				case <-ctx.Done():
					close(lost)
					return ctx.Err()
				}
			}
			return nil
		})
		saw.mu.Lock()
		saw.call = func() { r.Stats() } // an observer may call the consumer
		saw.mu.Unlock()
		synctest.Wait()
		time.Sleep(35 * time.Second) // the claim on 3 is extended
		srv.Inject(zaqartest.Fault{Kind: "claim_update", Status: 503, Times: -1})
		<-lost
		srv.ClearFaults()
		srv.Inject(zaqartest.Fault{Kind: "claim_create", Status: 503})
		time.Sleep(10 * time.Minute)
		r.stop()
	}, zaqar.WithObserver(saw))
	want := map[string]int{
		"handled": 3, "attempt failed": 2, "dead-lettered": 1, "handler panicked": 1, "claim lost": 1, "claim failed": 1, "claim released": 2,
	}
	for name, n := range want {
		if saw.counts[name] != n {
			t.Errorf("%q was reported %d times, want %d (of %v)", name, saw.counts[name], n, saw.counts)
		}
	}
	if saw.counts["claimed"] < 6 || saw.counts["renewal failed"] < 5 || saw.counts["claim renewed"] < 1 {
		t.Errorf("the events were %v", saw.counts)
	}
	for line := range strings.Lines(saw.log.String()) {
		if strings.Contains(line, "zaqar: claim lost") && !strings.Contains(line, "(503)") {
			t.Errorf("the reason of the loss is not the last answer: %s", line)
		}
	}
	if log := saw.log.String(); !strings.Contains(log, "zaqar: handler panicked") || !strings.Contains(log, "queue=wot") {
		t.Errorf("the log is %s", log)
	}
}
