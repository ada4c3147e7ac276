package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/observe"
)

// subscriberTasks measure how fast a Subscriber is, and what it costs while nothing comes.
var subscriberTasks = []task{
	{name: "latency", unit: "messages", n: 200, sides: []side{
		{"Subscriber, polling", subscriberLatency(overHTTP, 0)},
		{"Subscriber, pushes", subscriberLatency(overBoth, 0)},
	}},
	{name: "latency-idle", unit: "messages", n: 20, named: true, sides: []side{
		{"Subscriber, polling", subscriberLatency(overHTTP, 7*time.Second)},
		{"Subscriber, pushes", subscriberLatency(overBoth, 7*time.Second)},
	}},
	{name: "idle", unit: "seconds", n: 120, named: true, counted: true, sides: []side{
		{"Subscriber, polling", subscriberIdle(overHTTP)},
		{"Subscriber, pushes", subscriberIdle(overBoth)},
		{"Subscriber, pushes, WebSocket alone", subscriberIdle(overSocket)},
	}},
}

// subscriberLatency posts messages one by one, each when the one before it has been
// delivered and a pause is over. It reports how long a Subscriber took to deliver them.
func subscriberLatency(dial dialer, pause time.Duration) work {
	return func(ctx context.Context, w where) (int, error) {
		poster, err := overHTTP(ctx, w)
		if err != nil {
			return 0, err
		}
		listener, err := dial(ctx, w)
		if err != nil {
			return 0, errors.Join(err, poster.Close())
		}
		var took latencies
		n, err := deliver(ctx, poster.Queue(w.queue), listener, w, pause, &took)
		took.report()
		return n, errors.Join(err, poster.Close(), listener.Close())
	}
}

func deliver(ctx context.Context, q *zaqar.Queue, listener *zaqar.Client, w where, pause time.Duration, took *latencies) (int, error) {
	sub := listener.Subscriber(zaqar.SubscriberConfig{Start: zaqar.FromNow()})
	if err := sub.Subscribe(w.queue); err != nil { //nolint:contextcheck // the loop has the context
		return 0, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	heard, failed := make(chan int, w.n), make(chan error, 1)
	go func() {
		for m, err := range sub.Listen(ctx) {
			var j job
			if err == nil {
				err = m.Decode(&j)
			}
			if err != nil {
				failed <- err
				return
			}
			heard <- j.N
		}
	}()
	// The first message may come before the server pushes.
	for i := -1; i < w.n; i++ {
		sent := time.Now()
		if _, err := q.Post(ctx, zaqar.Outgoing{Body: newJob(i), TTL: time.Hour}); err != nil {
			return 0, err
		}
		select {
		case n := <-heard:
			if n != i {
				return 0, fmt.Errorf("message %d came instead of %d", n, i)
			}
		case err := <-failed:
			return 0, err
		}
		if i < 0 {
			startClock()
			continue
		}
		took.add(time.Since(sent))
		time.Sleep(pause)
	}
	return w.n, nil
}

const (
	idleQueues = 100
	// settling is how long polls and pushes need to reach their longest interval.
	settling = 40 * time.Second
)

// subscriberIdle listens to many queues to which nobody posts, for as many seconds as n
// says. It reports the requests a minute: those that the server has counted, or else
// those that the client has sent.
func subscriberIdle(dial dialer) work {
	return func(ctx context.Context, w where) (int, error) {
		var sent atomic.Int64
		client, err := dial(ctx, w, zaqar.WithObserver(observe.Func(func(_ context.Context, e observe.Event) {
			if _, ok := e.(observe.Request); ok {
				sent.Add(1)
			}
		})))
		if err != nil {
			return 0, err
		}
		count := func() (int64, error) { return sent.Load(), nil }
		if w.counter != "" {
			count = func() (int64, error) { return requests(ctx, w.counter) }
		}
		return w.n, errors.Join(idle(ctx, client, w, count), client.Close())
	}
}

func idle(ctx context.Context, client *zaqar.Client, w where, count func() (int64, error)) error {
	sub := client.Subscriber(zaqar.SubscriberConfig{})
	var queues []*zaqar.Queue
	for i := range idleQueues {
		q, err := client.CreateQueue(ctx, fmt.Sprint(w.queue, "-", i))
		if err != nil {
			return err
		}
		queues = append(queues, q)
		if err := sub.Subscribe(q.Name()); err != nil { //nolint:contextcheck // the loop has the context
			return err
		}
	}
	listening, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 1)
	go func() {
		for _, err := range sub.Listen(listening) {
			if err != nil {
				failed <- err
			}
		}
	}()
	var before int64
	var err error
	for _, wait := range []time.Duration{settling, time.Duration(w.n) * time.Second} {
		if before, err = count(); err != nil {
			return err
		}
		startClock()
		select {
		case <-time.After(wait):
		case err := <-failed:
			return err
		}
	}
	stopClock()
	after, err := count()
	if err != nil {
		return err
	}
	reported.Requests = float64(after-before) * 60 / float64(w.n)
	stop()
	for _, q := range queues {
		err = errors.Join(err, q.Delete(ctx))
	}
	return err
}

// requests returns how many requests the server has had.
func requests(ctx context.Context, counter string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, counter, nil)
	if err != nil {
		return 0, err
	}
	reply, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = reply.Body.Close() }()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(text), 10, 64)
}
