package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/zaqar-go/zaqar"
)

// onQueue makes a work of what the library does with one queue.
func onQueue(do func(ctx context.Context, q *zaqar.Queue, w where) (int, error)) work {
	return withClient(func(ctx context.Context, client *zaqar.Client, w where) (int, error) {
		return do(ctx, client.Queue(w.queue), w)
	})
}

func withClient(do func(ctx context.Context, client *zaqar.Client, w where) (int, error)) work {
	return func(ctx context.Context, w where) (int, error) {
		client, err := overHTTP(ctx, w)
		if err != nil {
			return 0, err
		}
		n, err := do(ctx, client, w)
		return n, errors.Join(err, client.Close())
	}
}

func libraryPost(size int) work {
	return onQueue(func(ctx context.Context, q *zaqar.Queue, w where) (int, error) {
		return w.n, inBatches(w.n, size, func(from, to int) error {
			var messages []zaqar.Outgoing
			for i := from; i < to; i++ {
				messages = append(messages, zaqar.Outgoing{Body: newJob(i), TTL: time.Hour})
			}
			_, err := q.PostMany(ctx, messages)
			return err
		})
	})
}

func libraryClaim(size int) work {
	return onQueue(func(ctx context.Context, q *zaqar.Queue, w where) (int, error) {
		done := 0
		for done < w.n {
			claim, err := q.Claim(ctx, zaqar.Limit(size), zaqar.TTL(5*time.Minute), zaqar.Grace(time.Minute))
			if err != nil {
				return done, err
			}
			if claim.Empty() {
				return done, fmt.Errorf("the queue is empty after %d messages", done)
			}
			for _, m := range claim.Messages() {
				var j job
				if err := m.Decode(&j); err != nil {
					return done, err
				}
				if err := m.Delete(ctx); err != nil {
					return done, err
				}
				done++
			}
		}
		return done, nil
	})
}

var (
	consumer1        = zaqar.ConsumerConfig{ClaimSize: 1}
	consumer20       = zaqar.ConsumerConfig{ClaimSize: 20}
	consumerAdaptive = zaqar.ConsumerConfig{} // the zero value
)

func libraryConsume(config zaqar.ConsumerConfig) work {
	return onQueue(func(ctx context.Context, q *zaqar.Queue, w where) (int, error) {
		consumer := q.Consumer(config)
		var handled atomic.Int64
		err := consumer.Run(ctx, zaqar.Handle(func(_ context.Context, _ job, _ *zaqar.Message) error {
			if handled.Add(1) == int64(w.n) {
				consumer.Halt()
			}
			return nil
		}))
		if errors.Is(err, zaqar.ErrStopped) {
			err = nil
		}
		return int(handled.Load()), err
	})
}

func libraryDelete(ctx context.Context, w where) (int, error) {
	return onQueue(func(ctx context.Context, q *zaqar.Queue, w where) (int, error) {
		for range w.n {
			if err := q.DeleteMessage(ctx, cannedID, zaqar.ClaimID(cannedClaim)); err != nil {
				return 0, err
			}
		}
		return w.n, nil
	})(ctx, w)
}

func libraryClaims(ctx context.Context, w where) (int, error) {
	return onQueue(func(ctx context.Context, q *zaqar.Queue, w where) (int, error) {
		for range w.n {
			claim, err := q.Claim(ctx, zaqar.Limit(20), zaqar.TTL(5*time.Minute), zaqar.Grace(time.Minute))
			if err != nil {
				return 0, err
			}
			if err := decodeAll(claim.Messages()); err != nil {
				return 0, err
			}
		}
		return w.n, nil
	})(ctx, w)
}

func libraryPages(ctx context.Context, w where) (int, error) {
	return onQueue(func(ctx context.Context, q *zaqar.Queue, w where) (int, error) {
		for range w.n {
			messages := make([]*zaqar.Message, 0, 20)
			for m, err := range q.Messages(ctx, zaqar.Limit(20), zaqar.Echo(true)) {
				if err != nil {
					return 0, err
				}
				messages = append(messages, m)
			}
			if err := decodeAll(messages); err != nil {
				return 0, err
			}
		}
		return w.n, nil
	})(ctx, w)
}

func decodeAll(messages []*zaqar.Message) error {
	for _, m := range messages {
		var j job
		if err := m.Decode(&j); err != nil {
			return err
		}
	}
	return nil
}
