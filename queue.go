package zaqar

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// Queue is a handle to a queue. The queue need not exist: in V1_1 and V2 posting
// creates it. Reading from a queue that does not exist finds nothing instead of
// failing: [Queue.Messages] and [Queue.Claim] are empty, [Queue.Stats] are zero,
// [Queue.Metadata] has the defaults, and deleting succeeds. [Queue.Exists] reports
// whether it exists.
//
// A name has 1 to 64 of the characters A-Z a-z 0-9 _ - and the dot. "." and ".." are
// illegal: a proxy in front of the service may take them for another path. With an
// illegal name every operation returns an [*ArgumentError]. A Queue is safe for concurrent
// use. [Client.Queue] makes it.
type Queue struct {
	conn    *Conn
	name    string
	href    string
	listed  Content
	created bool
}

// Name returns the queue's name.
func (q *Queue) Name() string { return q.name }

// Href returns the queue's path from the service's root: "/v2/queues/wot".
func (q *Queue) Href() string {
	if q.href != "" {
		return q.href
	}
	return fmt.Sprintf("/%s/queues/%s", q.connection().version, q.name)
}

// Created reports whether the [Client.CreateQueue] that returned this handle created
// the queue. It is false if the queue existed. If the request was repeated after a fault
// ([WithRetry]), it may be false although an earlier attempt of the same call created the
// queue: [Client.CreateQueue] then compares the metadata, as with any existing queue.
func (q *Queue) Created() bool { return q.created }

// Listed returns the metadata that came with a listing with [Detailed], else nil. It is
// nil, too, if it was not an object.
// [Queue.Metadata] asks the server.
func (q *Queue) Listed() Content { return maps.Clone(q.listed) }

// String returns "<Queue [wot]>".
func (q *Queue) String() string { return "<Queue [" + q.name + "]>" }

// legalName reports whether a queue can have this name.
func legalName(name string) bool { return legalCharacters(name) && !wire.Climbs(name) }

// legalCharacters reports whether a name has 1 to 64 characters, all of them allowed.
func legalCharacters(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '.':
		default:
			return false
		}
	}
	return 1 <= len(name) && len(name) <= 64
}

// check refuses a name that the server would refuse.
func (q *Queue) check(op wire.Op) error {
	if q == nil || q.conn == nil {
		return notMade(string(op), "Queue", "Client.Queue")
	}
	if legalName(q.name) {
		return nil
	}
	if legalCharacters(q.name) {
		return &ArgumentError{Op: string(op), Argument: "queue name", Rule: fmt.Sprintf("%q is not legal: it can lead to another path", q.name)}
	}
	return &ArgumentError{
		Op: string(op), Argument: "queue name",
		Rule: fmt.Sprintf("%.80q is not legal: use 1 to 64 of the characters A-Z a-z 0-9 _ - and the dot", q.name),
	}
}

// call checks the queue's name and sends an operation on it.
func (q *Queue) call(ctx context.Context, op wire.Op, p wire.Params) (reply, error) {
	return q.request(ctx, op, wire.Args{More: p})
}

// request is call without a map.
func (q *Queue) request(ctx context.Context, op wire.Op, args wire.Args) (reply, error) {
	if err := q.check(op); err != nil {
		return reply{}, err
	}
	args.Queue = q.name
	return q.connection().request(ctx, op, &args)
}

// Exists reports whether the queue exists. On V2 it needs the right to change the
// queue: since a GET answers 200 even for a queue that does not exist, Exists asks
// for an empty change. V1_1 has no way to ask, so Exists lists the queues up to this
// one.
func (q *Queue) Exists(ctx context.Context) (bool, error) {
	if !q.connection().has(wire.QueueExists) {
		return q.isListed(ctx)
	}
	p := wire.Params{}
	if q.connection().takes(wire.QueueExists, "changes") {
		p["changes"] = []wire.Change{}
	}
	_, err := q.call(ctx, wire.QueueExists, p)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == http.StatusNotFound && !e.foreign {
		return false, nil
	}
	return err == nil, err
}

// isListed looks for the queue in the listing, which is sorted by name.
func (q *Queue) isListed(ctx context.Context) (bool, error) {
	if err := q.check(wire.QueueExists); err != nil {
		return false, err
	}
	client := &Client{conn: q.connection()}
	for other, err := range client.Queues(ctx) {
		if err != nil || other.name >= q.name {
			return err == nil && other.name == q.name, err
		}
	}
	return false, nil
}

// Delete deletes the queue and its messages. It succeeds if there is no such queue.
// Servers that store in Redis keep the queue's subscriptions.
func (q *Queue) Delete(ctx context.Context) error {
	_, err := q.call(ctx, wire.QueueDelete, nil)
	return err
}
