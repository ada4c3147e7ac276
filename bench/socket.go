package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/zaqar-go/zaqar"
)

// inFlight is how many calls a busy program makes at the same time. Over HTTP each has a
// connection, over the WebSocket they share one.
const inFlight = 16

// socketTasks compare HTTP with the WebSocket.
var socketTasks = []task{
	{name: "connect", unit: "connections", n: 100, canned: true, sides: []side{
		{"bare loop", bareConnect},
		{"this library", libraryConnect(overHTTP)},
		{"gophercloud", cloudConnect},
		{"this library, WebSocket", libraryConnect(overSocket)},
	}},
	{name: "socket-post", unit: "messages", n: 2000, sides: bothWays(pipelinedPost)},
	{name: "socket-claim", unit: "messages", n: 10000, filled: true, sides: bothWays(pipelinedClaim)},
	{name: "socket-delete", unit: "messages", n: 2000, filled: true, sides: bothWays(pipelinedDelete)},
	{name: "socket-list", unit: "pages", n: 2000, filled: true, sides: bothWays(pipelinedList)},
}

// bothWays returns the sides of a task that measures calls one after another, and many at
// the same time, over HTTP and over the WebSocket.
func bothWays(do func(ctx context.Context, q *zaqar.Queue, n, width int) (int, error)) []side {
	over := func(dial dialer, width int) work {
		return func(ctx context.Context, w where) (int, error) {
			client, err := dial(ctx, w)
			if err != nil {
				return 0, err
			}
			q := client.Queue(w.queue)
			// Connecting is measured elsewhere.
			if _, _, err := zaqar.First(q.Messages(ctx)); err != nil {
				return 0, errors.Join(err, client.Close())
			}
			startClock()
			n, err := do(ctx, q, w.n, width)
			return n, errors.Join(err, client.Close())
		}
	}
	many := fmt.Sprintf(", %d at once", inFlight)
	return []side{
		{"HTTP", over(overHTTP, 1)},
		{"WebSocket", over(overSocket, 1)},
		{"HTTP" + many, over(overHTTP, inFlight)},
		{"WebSocket" + many, over(overSocket, inFlight)},
	}
}

// dialer connects in one way.
type dialer func(context.Context, where, ...zaqar.ConnectOption) (*zaqar.Client, error)

// overHTTP connects as a user would.
func overHTTP(ctx context.Context, w where, options ...zaqar.ConnectOption) (*zaqar.Client, error) {
	return zaqar.Connect(ctx, w.url, append(options, zaqar.WithProject(project), zaqar.WithVersion(zaqar.V2))...)
}

// overSocket has no HTTP beside the WebSocket, so that all calls use the WebSocket or fail.
func overSocket(ctx context.Context, w where, options ...zaqar.ConnectOption) (*zaqar.Client, error) {
	return zaqar.Connect(ctx, w.socket, append(options, zaqar.WithProject(project))...)
}

// overBoth has the WebSocket beside HTTP.
func overBoth(ctx context.Context, w where, options ...zaqar.ConnectOption) (*zaqar.Client, error) {
	return overHTTP(ctx, w, append(options, zaqar.WithWebSocket(w.socket))...)
}

// libraryConnect measures how long it takes until the first call is answered.
func libraryConnect(dial dialer) work {
	return func(ctx context.Context, w where) (int, error) {
		return atOnce(w.n, 1, func(int) error {
			client, err := dial(ctx, w)
			if err != nil {
				return err
			}
			_, _, err = zaqar.First(client.Queues(ctx))
			return errors.Join(err, client.Close())
		})
	}
}

func pipelinedPost(ctx context.Context, q *zaqar.Queue, n, width int) (int, error) {
	return atOnce(n, width, func(i int) error {
		_, err := q.Post(ctx, zaqar.Outgoing{Body: newJob(i), TTL: time.Hour})
		return err
	})
}

// pipelinedClaim claims 20 messages with each call until it has had all.
func pipelinedClaim(ctx context.Context, q *zaqar.Queue, n, width int) (int, error) {
	var had atomic.Int64
	err := whileMore(width, func() (int, bool) { return 0, had.Load() < int64(n) }, func(int) error {
		claim, err := q.Claim(ctx, zaqar.Limit(20), zaqar.TTL(5*time.Minute), zaqar.Grace(time.Minute))
		if err != nil {
			return err
		}
		had.Add(int64(len(claim.Messages())))
		return decodeAll(claim.Messages())
	})
	return int(min(had.Load(), int64(n))), err
}

// pipelinedDelete deletes messages that are not claimed, one with each call.
func pipelinedDelete(ctx context.Context, q *zaqar.Queue, n, width int) (int, error) {
	var ids []string
	for m, err := range q.Messages(ctx) {
		if err != nil {
			return 0, err
		}
		ids = append(ids, m.ID())
	}
	if len(ids) != n {
		return 0, fmt.Errorf("%d messages are listed", len(ids))
	}
	startClock()
	return atOnce(n, width, func(i int) error { return q.DeleteMessage(ctx, ids[i]) })
}

// pipelinedList reads the first page of the queue.
func pipelinedList(ctx context.Context, q *zaqar.Queue, n, width int) (int, error) {
	return atOnce(n, width, func(int) error {
		messages, err := zaqar.Collect(q.Messages(ctx, zaqar.Limit(20)))
		if err != nil {
			return err
		}
		return decodeAll(messages)
	})
}
