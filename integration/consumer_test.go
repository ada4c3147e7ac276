package integration

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/observe"
)

// counter counts the calls of handlers, by message.
type counter struct {
	mu     sync.Mutex
	counts map[string]int
	all    chan struct{} // closed once all messages were seen
	want   int
}

func newCounter(want int) *counter {
	return &counter{counts: map[string]int{}, all: make(chan struct{}), want: want}
}

func (c *counter) add(m *zaqar.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[m.ID()]++
	if len(c.counts) == c.want && c.counts[m.ID()] == 1 {
		close(c.all)
	}
}

func onZ23(t *testing.T, options ...zaqar.ConnectOption) *zaqar.Client {
	t.Helper()
	options = append([]zaqar.ConnectOption{zaqar.WithProject("consumer")}, options...)
	client, err := zaqar.Connect(t.Context(), need(t, find(t), "ZAQAR_REAL_Z23_URL"), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func ofItsOwn(t *testing.T, client *zaqar.Client, prefix string, options ...zaqar.CreateOption) *zaqar.Queue {
	t.Helper()
	queue, err := client.CreateQueue(t.Context(), prefix+client.Conn().ClientID(), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = queue.Delete(context.WithoutCancel(t.Context())) })
	return queue
}

// TestALongHandlerKeepsItsMessage runs three consumers on one queue for three minutes. One
// of them handles two messages, each for longer than three claims last. One of the
// messages would have expired after a minute (quirk 9).
func TestALongHandlerKeepsItsMessage(t *testing.T) {
	t.Parallel()
	const others, long = 40, 190 * time.Second
	client := onZ23(t)
	queue := ofItsOwn(t, client, "long-")
	if _, err := queue.Post(t.Context(), zaqar.Outgoing{Body: "short-lived", TTL: zaqar.MinTTL}, "long"); err != nil {
		t.Fatal(err)
	}
	handled := newCounter(others + 2)
	config := zaqar.ConsumerConfig{Workers: 2, TTL: zaqar.MinTTL}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var group sync.WaitGroup
	consumers := make([]*zaqar.Consumer, 3)
	begun := make(chan struct{}, 2)
	run := func(i int, handler zaqar.Handler) {
		consumers[i] = queue.Consumer(config)
		group.Go(func() {
			if err := consumers[i].Run(ctx, handler); err != nil {
				t.Error(err)
			}
		})
	}
	run(0, func(ctx context.Context, m *zaqar.Message) error {
		begun <- struct{}{}
		select {
		case <-time.After(long):
			handled.add(m)
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	<-begun
	<-begun
	quick := func(_ context.Context, m *zaqar.Message) error { handled.add(m); return nil }
	run(1, quick)
	run(2, quick)
	for n := range others {
		if _, err := queue.Post(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-handled.all:
	case <-time.After(2 * long):
		t.Error("some messages were not handled")
	}
	stop()
	group.Wait()
	for id, n := range handled.counts {
		if n != 1 {
			t.Errorf("message %s was handled %d times", id, n)
		}
	}
	left, err := zaqar.Collect(queue.Messages(t.Context(), zaqar.IncludeClaimed(true)))
	if err != nil || len(left) > 0 {
		t.Errorf("%d messages are left, %v", len(left), err)
	}
	for _, c := range consumers {
		s := c.Stats()
		t.Logf("%+v", s)
		if s.LostClaims+s.Lost+s.Duplicates+s.Failed > 0 {
			t.Errorf("something was lost or handled twice")
		}
	}
	if s := consumers[0].Stats(); s.Handled != 2 || s.Renewed < 2*6 {
		t.Errorf("%d messages took %d renewals", s.Handled, s.Renewed)
	}
}

// TestZaqarsOwnDeadLettersArriveWhenTheMovingClaimEnds tests the server's dead-letter
// policy with one consumer and claims of one message. Only then does the server count
// attempts as one would expect.
func TestZaqarsOwnDeadLettersArriveWhenTheMovingClaimEnds(t *testing.T) {
	t.Parallel()
	var released []time.Time
	client := onZ23(t, zaqar.WithObserver(observe.Func(func(_ context.Context, e observe.Event) {
		if _, ok := e.(observe.ClaimReleased); ok {
			released = append(released, time.Now())
		}
	})))
	dead := ofItsOwn(t, client, "dead-")
	queue := ofItsOwn(t, client, "counted-", zaqar.Reserved{DeadLetterQueue: dead.Name(), MaxClaimCount: 3})
	if _, err := queue.Post(t.Context(), "hopeless"); err != nil {
		t.Fatal(err)
	}
	attempts := make(chan int, 100)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	consumer := queue.Consumer(zaqar.ConsumerConfig{Workers: 1, TTL: zaqar.MinTTL, Backoff: -1})
	go func() {
		ended <- consumer.Run(ctx, func(ctx context.Context, _ *zaqar.Message) error {
			attempts <- zaqar.Attempt(ctx)
			return errors.New("always")
		})
	}()
	late, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		found, err := zaqar.Collect(dead.Messages(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 1 {
			break
		}
		select {
		case <-look.C:
		case <-late.Done():
			t.Fatal("no dead letter arrived")
		}
	}
	arrived := time.Now()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := len(attempts); n != 3 || len(released) != 3 {
		t.Fatalf("%d attempts, %d claims released; want 3", n, len(released))
	}
	t.Logf("seen %v after the last of 3 claims was released; the claim that moved it lasted %v", arrived.Sub(released[2]).Round(time.Second), zaqar.MinTTL)
}
