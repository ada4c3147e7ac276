package transfer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar"
)

// Move moves the free messages of a queue to another one, oldest first.
type Move struct {
	From, To *zaqar.Queue
	// Limit is how many messages are moved at most, 0 for no limit.
	Limit int
	// TTL is the TTL of the messages in the other queue. 0 means the rest of their lives.
	TTL time.Duration
	// Progress is called after each batch with the number of messages that were moved.
	Progress func(moved int)
}

const (
	// claimTime is enough for a batch, and delays the others little if this program dies.
	claimTime = time.Minute
	// emptyWait is the wait after a claim that got nothing although there are messages.
	emptyWait = 200 * time.Millisecond
	// emptyClaims is how many such claims in a row end a move.
	emptyClaims = 10
)

// Do moves messages until there is no free one. If ctx ends, it finishes the batch that it
// has begun: nothing is then in both queues. It returns how many messages were moved.
func (m *Move) Do(ctx context.Context) (moved int, err error) {
	for empty := 0; m.Limit == 0 || moved < m.Limit; {
		if ctx.Err() != nil {
			return moved, context.Cause(ctx)
		}
		n, err := m.batch(context.WithoutCancel(ctx), m.size(moved))
		moved += n
		switch {
		case err != nil:
			return moved, err
		case n > 0:
			empty = 0
			m.Progress(moved)
			continue
		}
		// Servers may claim nothing although there are messages, when claims meet.
		if _, free, err := zaqar.First(m.From.Messages(ctx, zaqar.Limit(1))); err != nil || !free {
			return moved, err
		}
		if empty++; empty == emptyClaims {
			return moved, errors.New("the queue lists messages, but gives none of them to a claim; try again later")
		}
		if !pause(ctx, emptyWait) {
			return moved, context.Cause(ctx)
		}
	}
	return moved, nil
}

func (m *Move) size(moved int) int {
	if m.Limit == 0 {
		return Batch
	}
	return min(Batch, m.Limit-moved)
}

// batch claims messages, posts them and deletes them. Its context does not end.
func (m *Move) batch(ctx context.Context, size int) (moved int, err error) {
	claim, err := m.From.Claim(ctx, zaqar.Limit(size), zaqar.TTL(claimTime), zaqar.Grace(zaqar.MinTTL))
	if err != nil || claim.Empty() {
		return 0, err
	}
	messages := claim.Messages()
	outgoing := make([]zaqar.Outgoing, len(messages))
	ids := make([]string, len(messages))
	for i, message := range messages {
		outgoing[i] = zaqar.Outgoing{Body: Body(message.Body()), TTL: m.TTL}
		if m.TTL == 0 {
			outgoing[i].TTL = TimeLeft(message)
		}
		ids[i] = message.ID()
	}
	posted, err := Post(ctx, m.To, outgoing)
	if deleting := remove(ctx, m.From, ids[:posted], claim); deleting != nil {
		return 0, fmt.Errorf("%w (%d messages are now in both queues)", deleting, posted)
	}
	if err != nil {
		_ = claim.Release(ctx) // else it ends by itself
	}
	return posted, err
}

// remove deletes messages of a claim.
func remove(ctx context.Context, from *zaqar.Queue, ids []string, claim *zaqar.Claim) error {
	if len(ids) == 0 {
		return nil
	}
	return from.DeleteMessages(ctx, ids, zaqar.ClaimID(claim.ID()))
}

// Free counts the messages that a move would find, up to limit unless that is 0.
func Free(ctx context.Context, from *zaqar.Queue, limit int) (n int, err error) {
	for _, err := range from.Messages(ctx) {
		if err != nil {
			return n, err
		}
		if n++; n == limit {
			break
		}
	}
	return n, nil
}

// pause returns false at once when ctx ends.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
