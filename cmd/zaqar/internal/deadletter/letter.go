// Package deadletter finds dead letters, posts them again and deletes them.
package deadletter

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar"
)

// Letter is a message of a dead-letter queue.
type Letter struct {
	Message *zaqar.Message
	// Dead is what a consumer wrote about it. It is nil if the message has no envelope:
	// because Zaqar itself moved it, or because it was too large for one.
	Dead *zaqar.DeadLetter
}

// Read reads a message of a dead-letter queue.
func Read(m *zaqar.Message) Letter {
	dead, err := zaqar.ReadDeadLetter(m)
	if err != nil {
		return Letter{Message: m}
	}
	return Letter{Message: m, Dead: dead}
}

// Body returns the body that the message had in its own queue.
func (l Letter) Body() json.RawMessage {
	if l.Dead == nil {
		return l.Message.Body()
	}
	return l.Dead.Body
}

// has reports whether an id is that of the dead letter, or that of the message before.
func (l Letter) has(id string) bool {
	return id == l.Message.ID() || l.Dead != nil && id == l.Dead.ID
}

// since is how long ago the message was given up, as far as that is known.
func (l Letter) since() time.Duration {
	if l.Dead == nil || l.Dead.Last.IsZero() {
		return l.Message.Age()
	}
	return time.Since(l.Dead.Last)
}

// Filter selects dead letters. The zero Filter selects all.
type Filter struct {
	// Reason is a part of the reason, in any case.
	Reason string
	// OlderThan is how long ago the last attempt must have been.
	OlderThan time.Duration
	// IDs are ids of dead letters, or those that the messages had in their own queues.
	IDs []string
	// Limit is how many dead letters are selected, 0 for no limit.
	Limit int
}

func (f Filter) selects(l Letter) bool {
	switch {
	case len(f.IDs) > 0 && !slices.ContainsFunc(f.IDs, l.has):
		return false
	case f.Reason != "" && (l.Dead == nil || !strings.Contains(strings.ToLower(l.Dead.Reason), strings.ToLower(f.Reason))):
		return false
	}
	return f.OlderThan == 0 || l.since() >= f.OlderThan
}

// All lists the dead letters that the filter selects, oldest first.
func (f Filter) All(ctx context.Context, queue *zaqar.Queue, options ...zaqar.MessagesOption) iter.Seq2[Letter, error] {
	return func(yield func(Letter, error) bool) {
		found := 0
		for m, err := range queue.Messages(ctx, options...) {
			if err != nil {
				yield(Letter{}, err)
				return
			}
			l := Read(m)
			if !f.selects(l) {
				continue
			}
			if found++; !yield(l, nil) || found == f.Limit {
				return
			}
		}
	}
}

// Pick returns the ids of the free dead letters that the filter selects. Those that come
// later are not among them, so that a retry ends even if the messages fail again. If the
// filter names an id and no free dead letter has it, Pick returns an error that matches
// [zaqar.ErrNotFound], whatever else the filter says.
func (f Filter) Pick(ctx context.Context, queue *zaqar.Queue) (ids []string, err error) {
	if err := f.checkIDs(ctx, queue); err != nil {
		return nil, err
	}
	for l, err := range f.All(ctx, queue) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, l.Message.ID())
	}
	return ids, nil
}

// checkIDs looks for the ids of the filter.
func (f Filter) checkIDs(ctx context.Context, queue *zaqar.Queue) error {
	missing := slices.Clone(f.IDs)
	if len(missing) == 0 {
		return nil
	}
	for l, err := range (Filter{IDs: f.IDs}).All(ctx, queue) {
		if err != nil {
			return err
		}
		missing = slices.DeleteFunc(missing, l.has)
		if len(missing) == 0 {
			return nil
		}
	}
	return fmt.Errorf("%w: the queue %s has no dead letter %s that nobody has claimed; nothing was done",
		zaqar.ErrNotFound, queue.Name(), strings.Join(missing, ", "))
}
