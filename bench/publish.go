package main

import (
	"context"
	"errors"
	"time"

	"github.com/zaqar-go/zaqar"
)

var (
	publisherZero    = zaqar.PublisherConfig{}
	publisherNoDelay = zaqar.PublisherConfig{BatchDelay: -1}
	publisherDelay   = zaqar.PublisherConfig{BatchDelay: zaqar.DefaultBatchDelay}
)

// publisher is a fixed size of the batches. Its delay is fixed, too.
func publisher(size, concurrency int) zaqar.PublisherConfig {
	return zaqar.PublisherConfig{BatchMessages: size, BatchDelay: zaqar.DefaultBatchDelay, Concurrency: concurrency}
}

// libraryPublish publishes as fast as it can, and waits in the end.
func libraryPublish(config zaqar.PublisherConfig) work {
	return onQueue(func(ctx context.Context, q *zaqar.Queue, w where) (int, error) {
		p := q.Publisher(config)
		futures := make([]*zaqar.Future[string], w.n)
		for i := range w.n {
			futures[i] = p.Publish(ctx, zaqar.Outgoing{Body: newJob(i), TTL: time.Hour})
		}
		if err := p.Close(ctx); err != nil {
			return 0, err
		}
		for _, f := range futures {
			if _, err := f.Wait(ctx); err != nil {
				return 0, err
			}
		}
		return w.n, nil
	})
}

// waitingCallers is how many goroutines publish in libraryPublishAndWait.
const waitingCallers = 20

// libraryPublishAndWait publishes in several goroutines, each of which waits for its
// message before it publishes the next one.
func libraryPublishAndWait(config zaqar.PublisherConfig) work {
	return onQueue(func(ctx context.Context, q *zaqar.Queue, w where) (int, error) {
		p := q.Publisher(config)
		n, err := atOnce(w.n, waitingCallers, func(i int) error {
			_, err := p.Publish(ctx, zaqar.Outgoing{Body: newJob(i), TTL: time.Hour}).Wait(ctx)
			return err
		})
		return n, errors.Join(err, p.Close(ctx))
	})
}

// libraryPublishOne publishes or posts one message after the other, each a little after
// the one before has ended, and reports how long that took.
func libraryPublishOne(config *zaqar.PublisherConfig) work {
	return onQueue(func(ctx context.Context, q *zaqar.Queue, w where) (int, error) {
		post := func(m zaqar.Outgoing) error {
			_, err := q.Post(ctx, m)
			return err
		}
		if config != nil {
			p := q.Publisher(*config)
			defer func() { _ = p.Close(ctx) }()
			post = func(m zaqar.Outgoing) error {
				_, err := p.Publish(ctx, m).Wait(ctx)
				return err
			}
		}
		var took latencies
		for i := range w.n {
			time.Sleep(time.Millisecond)
			sent := time.Now()
			if err := post(zaqar.Outgoing{Body: newJob(i), TTL: time.Hour}); err != nil {
				return i, err
			}
			took.add(time.Since(sent))
		}
		took.report()
		return w.n, nil
	})
}

// barePostAtOnce posts batches in several goroutines.
func barePostAtOnce(size, callers int) work {
	return func(ctx context.Context, w where) (int, error) {
		b := newBare(w)
		_, err := atOnce((w.n+size-1)/size, callers, func(i int) error {
			return b.post(ctx, i*size, min(i*size+size, w.n))
		})
		return w.n, err
	}
}
