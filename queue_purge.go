package zaqar

import (
	"context"
	"errors"
	"slices"

	"github.com/zaqar-go/zaqar/internal/paging"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// Resource is a kind of resource in a queue, for [Queue.Purge] and [ShareConfig].
type Resource string

// The resources of a queue. Messages and subscriptions can be purged.
const (
	MessageResource      Resource = "messages"
	SubscriptionResource Resource = "subscriptions"
	ClaimResource        Resource = "claims"
)

// Purge deletes the queue's messages and subscriptions, or only the [Resource]s that
// are given. The queue and its metadata stay. V2 only.
//
// Servers leave claimed messages, and all subscriptions but the first 10 (quirk 16).
// [Queue.PurgeAll] deletes these too.
func (q *Queue) Purge(ctx context.Context, resources ...Resource) error {
	if slices.Contains(resources, ClaimResource) {
		return &ArgumentError{Op: string(wire.QueuePurge), Argument: "Resource", Rule: "must be messages or subscriptions: claims cannot be purged"}
	}
	p := wire.Params{}
	if len(resources) > 0 {
		p["resource_types"] = resources
	}
	_, err := q.call(ctx, wire.QueuePurge, p)
	return err
}

// PurgeAll purges until nothing is left, including claimed and delayed messages. It
// deletes claimed messages by their ids, even while somebody works on them. It blocks
// until a listing finds nothing, a request fails or ctx ends. After 100 rounds it makes
// ten a second. Give ctx a deadline if others may keep posting. V2 only.
func (q *Queue) PurgeAll(ctx context.Context, resources ...Resource) error {
	asked := func(r Resource) bool { return len(resources) == 0 || slices.Contains(resources, r) }
	var rounds paging.Pace
	for {
		if err := rounds.Wait(ctx); err != nil {
			return &Error{Op: string(wire.QueuePurge), Queue: q.name, repeatable: true, Err: err}
		}
		rounds.Page(false)
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

// deleteListed deletes every message that is listed and returns their number.
func (q *Queue) deleteListed(ctx context.Context) (int, error) {
	var ids []string
	for m, err := range q.Messages(ctx, IncludeClaimed(true), IncludeDelayed(true)) {
		switch {
		case m != nil:
			ids = append(ids, m.ID())
		case errors.Is(err, ErrUnsupported) && len(ids) > 0:
			// What follows is listed once these are gone (quirk 48).
		default:
			return 0, err
		}
	}
	if len(ids) == 0 {
		return 0, nil
	}
	return len(ids), q.DeleteMessages(ctx, ids)
}

// hasSubscriptions reports whether a subscription is left.
func (q *Queue) hasSubscriptions(ctx context.Context) (bool, error) {
	_, ok, err := First(q.Subscriptions(ctx, Limit(1)))
	if errors.Is(err, ErrNotFound) { // the server has no subscriptions
		return false, nil
	}
	return ok, err
}
