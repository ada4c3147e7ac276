package zaqar

import (
	"context"
	"errors"
	"slices"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// Resource is a kind of thing in a queue, for [Queue.Purge] and [ShareConfig].
type Resource string

// What a queue holds. It can be purged of messages and subscriptions.
const (
	MessageResource      Resource = "messages"
	SubscriptionResource Resource = "subscriptions"
	ClaimResource        Resource = "claims"
)

// Purge drops the queue's messages and subscriptions, or only those [Resource]s
// that are named. The queue and its metadata stay. V2 only.
//
// Servers that store in Redis leave claimed messages, and all subscriptions but the
// first 10 (quirk 16); [Queue.PurgeAll] does not.
func (q *Queue) Purge(ctx context.Context, resources ...Resource) error {
	if slices.Contains(resources, ClaimResource) {
		return &ArgumentError{Op: string(wire.QueuePurge), Argument: "Resource", Rule: "must be of messages and subscriptions: claims cannot be purged"}
	}
	p := wire.Params{}
	if len(resources) > 0 {
		p["resource_types"] = resources
	}
	_, err := q.call(ctx, wire.QueuePurge, p)
	return err
}

// PurgeAll purges until nothing is left of what it was asked for, claimed and
// delayed messages included: those are deleted by their ids, under the hands of
// whoever claimed them. It returns when a look finds nothing, or with an error: also
// when ctx ends, which it must when others keep on posting. V2 only.
func (q *Queue) PurgeAll(ctx context.Context, resources ...Resource) error {
	asked := func(r Resource) bool { return len(resources) == 0 || slices.Contains(resources, r) }
	for {
		if err := q.Purge(ctx, resources...); err != nil {
			return err
		}
		left := 0
		if asked(MessageResource) {
			n, err := q.deleteListed(ctx)
			if err != nil {
				return err
			}
			left += n
		}
		if asked(SubscriptionResource) {
			some, err := q.hasSubscriptions(ctx)
			if err != nil {
				return err
			}
			if some {
				left++
			}
		}
		if left == 0 {
			return nil
		}
	}
}

// deleteListed deletes every message that is listed, and returns how many.
func (q *Queue) deleteListed(ctx context.Context) (int, error) {
	var ids []string
	for m, err := range q.Messages(ctx, IncludeClaimed(true), IncludeDelayed(true)) {
		if m == nil {
			return 0, err
		}
		ids = append(ids, m.ID())
	}
	if len(ids) == 0 {
		return 0, nil
	}
	return len(ids), q.DeleteMessages(ctx, ids)
}

// hasSubscriptions reports whether a subscription is left.
func (q *Queue) hasSubscriptions(ctx context.Context) (bool, error) {
	_, ok, err := First(q.Subscriptions(ctx, Limit(1)))
	if errors.Is(err, ErrNotFound) { // a server without subscriptions
		return false, nil
	}
	return ok, err
}
