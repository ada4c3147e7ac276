package consumer_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/consumer"
	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/observe"
)

// redisQueue is a queue whose claims steal as on Redis: a claim takes the first free message
// and then everything behind it (quirk 5).
type redisQueue struct {
	mu       sync.Mutex
	messages []*redisMessage
	claims   int
	stolen   int  // messages that a claim took out of another one
	failing  bool // deletions of many fail
}

type redisMessage struct {
	id      string
	posted  time.Time
	claim   string
	claimed time.Time // until then it is
}

func (q *redisQueue) post(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for range n {
		q.messages = append(q.messages, &redisMessage{id: strconv.Itoa(len(q.messages)), posted: time.Now()})
	}
}

func (q *redisQueue) set(change func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change()
}

func (q *redisQueue) Name() string { return "wot" }

func (q *redisQueue) Claim(_ context.Context, limit int) (consumer.Claim, error) {
	time.Sleep(20 * time.Millisecond)
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.claims++
	claim := redisClaim{queue: q, id: fmt.Sprint("claim ", q.claims)}
	for _, m := range q.messages {
		free := !now.Before(m.claimed)
		if len(claim.messages) == limit || !free && len(claim.messages) == 0 {
			continue
		}
		if !free {
			q.stolen++
		}
		m.claim, m.claimed = claim.id, now.Add(2*time.Minute)
		claim.messages = append(claim.messages, redisClaimed{id: m.id, age: now.Sub(m.posted).Truncate(time.Second)})
	}
	if len(claim.messages) == 0 {
		return nil, nil
	}
	return claim, nil
}

func (q *redisQueue) Delete(_ context.Context, id, claim string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, m := range q.messages {
		if m.id == id && m.claim != claim && time.Now().Before(m.claimed) {
			return fault.ClaimLost
		}
		if m.id == id {
			q.messages = append(q.messages[:i:i], q.messages[i+1:]...)
			return nil
		}
	}
	return nil
}

func (q *redisQueue) DeleteAll(_ context.Context, ids, _ []string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failing {
		return errBroken
	}
	gone := map[string]bool{}
	for _, id := range ids {
		gone[id] = true
	}
	var left []*redisMessage
	for _, m := range q.messages {
		if !gone[m.id] {
			left = append(left, m)
		}
	}
	q.messages = left
	return nil
}

func (q *redisQueue) Present(_ context.Context, ids []string) (map[string]bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	all, present := map[string]bool{}, map[string]bool{}
	for _, m := range q.messages {
		all[m.id] = true
	}
	for _, id := range ids {
		present[id] = all[id]
	}
	return present, nil
}

func (q *redisQueue) PostDeadLetter(context.Context, consumer.DeadLetter) (bool, error) {
	return false, nil
}
func (q *redisQueue) Judge(error) consumer.Verdict           { return consumer.Passing }
func (q *redisQueue) Hopeless(error) bool                    { return false }
func (q *redisQueue) RefusesLimit(error) bool                { return false }
func (q *redisQueue) RetryAfter(error) time.Duration         { return 0 }
func (q *redisQueue) Observe(context.Context, observe.Event) {}

type redisClaim struct {
	queue    *redisQueue
	id       string
	messages []consumer.Message
}

func (c redisClaim) ID() string                   { return c.id }
func (c redisClaim) Messages() []consumer.Message { return c.messages }

func (c redisClaim) Release(context.Context) error { return nil }

// Extend takes back what another claim has taken (quirk 45).
func (c redisClaim) Extend(_ context.Context, ttl, _ time.Duration) error {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	for _, mine := range c.messages {
		for _, m := range c.queue.messages {
			if m.id == mine.ID() {
				m.claim, m.claimed = c.id, time.Now().Add(ttl)
			}
		}
	}
	return nil
}

type redisClaimed struct {
	id  string
	age time.Duration
}

func (m redisClaimed) ID() string              { return m.id }
func (m redisClaimed) TTL() time.Duration      { return 24 * time.Hour }
func (m redisClaimed) Age() time.Duration      { return m.age }
func (m redisClaimed) Body() []byte            { return []byte(m.id) }
func (m redisClaimed) Verify() error           { return nil }
func (m redisClaimed) Rebind(consumer.Message) {}

func TestAMessageThatSomebodyElsesClaimTookIsTakenBackAndDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &redisQueue{}
		q.post(2)
		q.messages[0].claim, q.messages[0].claimed = "of the crashed one", time.Now().Add(10*time.Second)
		engine := newStealing(q, 1)
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		var handled atomic.Int64
		go func() {
			ended <- engine.Run(ctx, func(context.Context, consumer.Message) error {
				handled.Add(1)
				time.Sleep(20 * time.Second)
				return nil
			})
		}()
		time.Sleep(11 * time.Second)
		if thief, err := q.Claim(t.Context(), 20); err != nil || len(thief.Messages()) != 2 {
			t.Fatal(thief, err)
		}
		time.Sleep(30 * time.Second)
		leave()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if s := engine.Stats(); len(q.messages) != 1 || s.Handled != 1 || s.Rescued != 1 || s.Renewed != 1 || s.Lost != 0 || handled.Load() != 1 {
			t.Errorf("%d messages are left, the counters are %+v", len(q.messages), s)
		}
	})
}

// newStealing returns a consumer of the queue with one worker. size is 1, or 20 for adaptive
// claims.
func newStealing(q *redisQueue, size int) *consumer.Consumer {
	return consumer.New(q, consumer.Config{
		Workers: 1, ClaimSize: size, Adaptive: size > 1, Prefetch: consumer.Automatic, MaxHeld: 100, MaxWaiting: 1000,
		TTL: 2 * time.Minute, Grace: time.Minute, ExtendAt: 0.5, OnFailure: consumer.GiveBack,
		Poll: backoff.Backoff{First: time.Second, Most: time.Second}, GiveUpAfter: time.Minute, WallClock: time.Now,
		Classify: func(error) consumer.Failure { return consumer.Failure{} },
	})
}

func TestWhatAClaimTookOutOfSomebodyElsesIsNotHandledTwice(t *testing.T) {
	t.Parallel()
	for name, deletionsFail := range map[string]bool{
		"while messages are deleted together": false,
		"while they are deleted one by one":   true, // for a minute after a failure
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { steal(t, deletionsFail) })
		})
	}
}

// steal has three consumers with claims of up to 20, and messages in front that a fourth one
// had claimed when it crashed.
func steal(t *testing.T, deletionsFail bool) {
	const old, batches, batch = 4, 5, 1500
	q := &redisQueue{}
	q.post(old)
	free := time.Now().Add(90 * time.Second)
	for _, m := range q.messages {
		m.claim, m.claimed = "of the crashed one", free
	}
	for range batches {
		time.Sleep(6 * time.Second)
		q.post(batch)
	}
	ctx, leave := context.WithCancel(t.Context())
	var mu sync.Mutex
	handled := map[string]int{}
	var engines []*consumer.Consumer
	var ended sync.WaitGroup
	for range 3 {
		engine := newStealing(q, 20)
		engines = append(engines, engine)
		ended.Go(func() {
			_ = engine.Run(ctx, func(_ context.Context, m consumer.Message) error {
				time.Sleep(30 * time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				handled[m.ID()]++
				return nil
			})
		})
	}
	time.Sleep(time.Until(free.Add(-10 * time.Second)))
	q.set(func() { q.failing = deletionsFail })
	time.Sleep(9 * time.Second)
	q.set(func() { q.failing = false })
	time.Sleep(10 * time.Minute)
	leave()
	ended.Wait()
	for id, n := range handled {
		if n != 1 {
			t.Errorf("%s was handled %d times", id, n)
		}
	}
	duplicates := 0
	for _, engine := range engines {
		duplicates += engine.Stats().Duplicates
	}
	if len(handled) != old+batches*batch || len(q.messages) != 0 {
		t.Errorf("%d messages were handled, %d are left", len(handled), len(q.messages))
	}
	if q.stolen == 0 || duplicates == 0 {
		t.Errorf("%d were stolen and %d recognised, so this test proves nothing", q.stolen, duplicates)
	}
}
