package deadletter

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/transfer"
)

// Retry posts dead letters to the queues that they came from, and then deletes them.
type Retry struct {
	Client *zaqar.Client
	From   *zaqar.Queue
	// To is the queue for all of them. "" means the queue that each one came from.
	To string
	// TTL is the TTL of the messages. 0 means the default of the queue.
	TTL time.Duration
	// DryRun posts and deletes nothing.
	DryRun bool
	// Progress is called after each batch with the number of messages so far.
	Progress func(retried int)
}

// Result is what a retry has done.
type Result struct {
	// Retried is how many messages were posted, by queue.
	Retried map[string]int
	// Nowhere is how many dead letters do not say where they came from.
	Nowhere int
}

// Total is how many messages were posted.
func (r Result) Total() (n int) {
	for _, retried := range r.Retried {
		n += retried
	}
	return n
}

// Do retries the dead letters with these ids. If ctx ends, it finishes the batch that it
// has begun.
func (r *Retry) Do(ctx context.Context, ids []string) (Result, error) {
	result := Result{Retried: map[string]int{}}
	for chunk := range slices.Chunk(ids, transfer.Batch) {
		if ctx.Err() != nil {
			return result, context.Cause(ctx)
		}
		if err := r.chunk(context.WithoutCancel(ctx), chunk, &result); err != nil {
			return result, err
		}
		r.Progress(result.Total())
	}
	return result, nil
}

// chunk retries some dead letters. Its context does not end.
func (r *Retry) chunk(ctx context.Context, ids []string, result *Result) error {
	letters, err := r.read(ctx, ids)
	if err != nil {
		return err
	}
	for len(letters) > 0 {
		to := r.target(letters[0])
		n := slices.IndexFunc(letters, func(l Letter) bool { return r.target(l) != to })
		if n < 0 {
			n = len(letters)
		}
		if to == "" {
			result.Nowhere += n
		} else if err := r.post(ctx, to, letters[:n], result); err != nil {
			return err
		}
		letters = letters[n:]
	}
	return nil
}

// read reads dead letters, in the order of their ids. Those that are gone are left out.
func (r *Retry) read(ctx context.Context, ids []string) ([]Letter, error) {
	var letters []Letter
	for m, err := range r.From.Messages(ctx, zaqar.IDs(ids)) {
		if err != nil {
			return nil, err
		}
		letters = append(letters, Read(m))
	}
	slices.SortFunc(letters, func(a, b Letter) int {
		return slices.Index(ids, a.Message.ID()) - slices.Index(ids, b.Message.ID())
	})
	return letters, nil
}

// target returns the queue for a dead letter, "" if it is not known.
func (r *Retry) target(l Letter) string {
	switch {
	case r.To != "":
		return r.To
	case l.Dead != nil:
		return l.Dead.Queue
	}
	return ""
}

// post posts dead letters to a queue, and deletes those that were posted.
func (r *Retry) post(ctx context.Context, to string, letters []Letter, result *Result) error {
	if r.DryRun {
		result.Retried[to] += len(letters)
		return nil
	}
	outgoing := make([]zaqar.Outgoing, len(letters))
	ids := make([]string, len(letters))
	for i, l := range letters {
		outgoing[i] = zaqar.Outgoing{Body: transfer.Body(l.Body()), TTL: r.TTL}
		ids[i] = l.Message.ID()
	}
	posted, err := transfer.Post(ctx, r.Client.Queue(to), outgoing)
	if posted > 0 {
		if deleting := r.From.DeleteMessages(ctx, ids[:posted]); deleting != nil {
			return fmt.Errorf("%w (%d messages were posted and are still dead letters)", deleting, posted)
		}
	}
	result.Retried[to] += posted
	return err
}
