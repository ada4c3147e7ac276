package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/integration/internal/process"
)

// traffic is the work of other clients: one poster for each queue, and a worker that
// claims and deletes.
type traffic struct {
	client *zaqar.Client
	queues []string
	each   int // messages in a queue
	over   time.Duration
	done   <-chan *zaqar.Message // messages to delete
}

// body has the number of a message in its queue, and the time of its post.
type body struct {
	N      int       `json:"n"`
	Posted time.Time `json:"posted"`
}

func (t *traffic) run(ctx context.Context) error {
	errs := make([]error, len(t.queues))
	var all sync.WaitGroup
	for i, name := range t.queues {
		all.Go(func() { errs[i] = t.post(ctx, t.client.Queue(name)) })
	}
	posted := make(chan struct{})
	var worker sync.WaitGroup
	worker.Go(func() { t.work(ctx, posted) })
	all.Wait()
	close(posted)
	worker.Wait()
	return errors.Join(errs...)
}

// post posts at a constant rate, one message at a time, so that the order is known.
func (t *traffic) post(ctx context.Context, q *zaqar.Queue) error {
	start := time.Now()
	for n := range t.each {
		due := start.Add(t.over * time.Duration(n) / time.Duration(t.each))
		if !process.Pause(ctx, time.Until(due)) {
			return context.Cause(ctx)
		}
		if _, err := q.Post(ctx, zaqar.Outgoing{Body: body{N: n, Posted: time.Now()}, TTL: 10 * time.Minute}); err != nil {
			return err
		}
	}
	return nil
}

// work claims a few messages of each queue from time to time and lets the claims expire:
// listeners must see the messages all the same. It also deletes the messages in done. If
// one of them is the listener's marker, the listing starts again (quirk 2).
func (t *traffic) work(ctx context.Context, posted <-chan struct{}) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-posted:
			return
		case m := <-t.done:
			_ = t.client.Queue(m.Queue().Name()).DeleteMessages(ctx, []string{m.ID()})
		case <-tick.C:
			for _, name := range t.queues {
				_, _ = t.client.Queue(name).Claim(ctx, zaqar.Limit(5), zaqar.TTL(zaqar.MinTTL), zaqar.Grace(zaqar.MinTTL))
			}
		}
	}
}

// tally records what a listener received.
type tally struct {
	mu      sync.Mutex
	got     map[string][]int
	seen    map[string]bool
	doubled int
	waits   []time.Duration
	done    chan *zaqar.Message // every tenth message, to be deleted by traffic
}

func (t *tally) take(m *zaqar.Message) error {
	var b body
	if err := m.Decode(&b); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	key := m.Queue().Name() + " " + strconv.Itoa(b.N)
	if t.seen[key] {
		t.doubled++
	}
	t.seen[key] = true
	t.got[m.Queue().Name()] = append(t.got[m.Queue().Name()], b.N)
	t.waits = append(t.waits, time.Since(b.Posted))
	if b.N%10 == 9 {
		t.done <- m
	}
	return nil
}

func (t *tally) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.seen)
}

// compare compares the received messages with the posted ones.
func (t *tally) compare(queues []string, each int) (missing, disordered int) {
	for _, name := range queues {
		got := t.got[name]
		for i := range got[1:] {
			if got[i+1] < got[i] {
				disordered++
			}
		}
		for n := range each {
			if !t.seen[name+" "+strconv.Itoa(n)] {
				missing++
			}
		}
	}
	return missing, disordered
}

// late returns a quantile of the latency: the fraction of messages that arrived within it.
func (t *tally) late(fraction float64) time.Duration {
	slices.Sort(t.waits)
	if len(t.waits) == 0 {
		return 0
	}
	return t.waits[int(fraction*float64(len(t.waits)-1))].Round(time.Millisecond)
}

func queueNames(run string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%02d", run, i)
	}
	return names
}
