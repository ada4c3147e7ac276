package consumer_test

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/consumer"
)

// racing is a queue whose claims meet as on MongoDB: a claim reads which message is free
// and takes it afterwards, so of those that read the same one, all but one bring nothing.
type racing struct {
	machine
	free   []string
	claims int
}

func (q *racing) Claim(context.Context, int) (consumer.Claim, error) {
	wanted := ""
	q.set(func() {
		q.claims++
		if len(q.free) > 0 {
			wanted = q.free[0]
		}
	})
	time.Sleep(50 * time.Millisecond)
	q.mu.Lock()
	defer q.mu.Unlock()
	if wanted == "" || len(q.free) == 0 || q.free[0] != wanted {
		return nil, nil
	}
	q.free = q.free[1:]
	return racingClaim{machineClaim{&q.machine}, wanted}, nil
}

func (q *racing) state() (free, claims int) {
	q.set(func() { free, claims = len(q.free), q.claims })
	return free, claims
}

type racingClaim struct {
	machineClaim
	message string
}

func (c racingClaim) ID() string { return "claim of " + c.message }
func (c racingClaim) Messages() []consumer.Message {
	return []consumer.Message{machineMessage(c.message)}
}

// TestClaimsThatMeetDoNotMakeAQueueLookEmpty has pauses of an hour on average: a single
// one would be too long.
func TestClaimsThatMeetDoNotMakeAQueueLookEmpty(t *testing.T) {
	t.Parallel()
	const messages = 200
	synctest.Test(t, func(t *testing.T) {
		q := &racing{machine: machine{deleted: map[string]bool{}}}
		for i := range messages {
			q.free = append(q.free, strconv.Itoa(i))
		}
		engine := consumer.New(q, consumer.Config{
			Workers: 8, ClaimSize: 1, Prefetch: 8, MaxHeld: 100, MaxWaiting: 1000, TTL: 2 * time.Minute, Grace: time.Minute,
			ExtendAt: 0.5, Poll: backoff.Backoff{First: 2 * time.Hour, Most: 2 * time.Hour}, GiveUpAfter: time.Minute,
			WallClock: time.Now, Classify: func(error) consumer.Failure { return consumer.Failure{} },
		})
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- engine.Run(ctx, func(context.Context, consumer.Message) error {
				time.Sleep(10 * time.Millisecond)
				return nil
			})
		}()
		time.Sleep(time.Minute)
		free, claims := q.state()
		if free > 0 {
			t.Errorf("%d messages are left", free)
		}
		if claims > 3*messages {
			t.Errorf("%d claims were made for %d messages", claims, messages)
		}
		leave()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
