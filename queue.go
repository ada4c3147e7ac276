package zaqar

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// Queue is a handle to a queue. Having one does not mean that the queue exists:
// in v1.1 and v2 posting creates it, and reading from a queue that does not exist
// finds nothing instead of failing: [Queue.Messages] and [Queue.Claim] are empty,
// [Queue.Stats] are zero, [Queue.Metadata] has the defaults, and deleting
// succeeds. [Queue.Exists] tells.
//
// A name has 1 to 64 characters of A-Z a-z 0-9 _ - and the dot; an illegal one is
// an [*ArgumentError] of each operation. A Queue is safe for concurrent use.
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
	return fmt.Sprintf("/%s/queues/%s", q.conn.version, q.name)
}

// Created reports whether the [Client.CreateQueue] that returned this handle made
// the queue, rather than found it.
func (q *Queue) Created() bool { return q.created }

// Listed returns the metadata that a listing with [Detailed] brought along, and
// nil without. [Queue.Metadata] asks the server.
func (q *Queue) Listed() Content { return maps.Clone(q.listed) }

// String returns "<Queue [wot]>".
func (q *Queue) String() string { return "<Queue [" + q.name + "]>" }

var legalName = regexp.MustCompile(`^[a-zA-Z0-9_\-.]{1,64}$`)

// check refuses a name that the server would refuse.
func (q *Queue) check(op wire.Op) error {
	if legalName.MatchString(q.name) {
		return nil
	}
	return &ArgumentError{
		Op: string(op), Argument: "queue name",
		Rule: fmt.Sprintf("must have 1 to 64 characters of A-Z a-z 0-9 _ - and the dot; it is %.80q", q.name),
	}
}

// call checks the queue's name and sends an operation on it.
func (q *Queue) call(ctx context.Context, op wire.Op, p wire.Params) (reply, error) {
	if err := q.check(op); err != nil {
		return reply{}, err
	}
	if p == nil {
		p = wire.Params{}
	}
	p["queue_name"] = q.name
	return q.conn.call(ctx, op, p)
}

// Exists asks whether the queue exists. On v2 that takes the right to change the
// queue: its GET answers 200 for a queue that does not exist, so a change of
// nothing is asked for.
//
// V1_1 has no way to ask: there the queues are listed up to this one.
func (q *Queue) Exists(ctx context.Context) (bool, error) {
	if !q.conn.has(wire.QueueExists) {
		return q.isListed(ctx)
	}
	p := wire.Params{}
	if q.conn.takes(wire.QueueExists, "changes") {
		p["changes"] = []wire.Change{}
	}
	_, err := q.call(ctx, wire.QueueExists, p)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == http.StatusNotFound {
		return false, nil
	}
	return err == nil, err
}

// isListed looks for the queue in the listing, which is sorted by name.
func (q *Queue) isListed(ctx context.Context) (bool, error) {
	if err := q.check(wire.QueueExists); err != nil {
		return false, err
	}
	client := &Client{conn: q.conn}
	for other, err := range client.Queues(ctx) {
		if err != nil || other.name >= q.name {
			return err == nil && other.name == q.name, err
		}
	}
	return false, nil
}

// Delete deletes the queue with its messages. It succeeds too when there is no
// such queue. Servers that store in Redis keep the queue's subscriptions.
func (q *Queue) Delete(ctx context.Context) error {
	q.conn.ensured.Delete(q.name)
	_, err := q.call(ctx, wire.QueueDelete, nil)
	return err
}
