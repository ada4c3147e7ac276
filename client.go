package zaqar

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"

	"github.com/zaqar-go/zaqar/internal/plainjson"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// Client does what concerns the whole account: it makes, lists and hands out
// queues. [Connect] makes it. It is safe for concurrent use.
type Client struct {
	conn *Conn
}

// String returns "<Client https://cloud.example.com:8888 v2>".
func (c *Client) String() string {
	return fmt.Sprintf("<Client %s %s>", c.conn.endpoint, c.conn.version)
}

// Conn returns the connection beneath, for what the library does not model.
func (c *Client) Conn() *Conn { return c.conn }

// Async returns how many calls of [Async] the client has in flight at once: what
// [WithAsync] set. It is the seed's client.async.
func (c *Client) Async() int { return c.conn.async.limit }

// Close ends the loops over [Subscriber.Listen], waits for the calls of [Async],
// those that wait for their turn too, and releases the client's connections. Other
// calls in flight may fail; close a [Publisher] before its client. Credentials and an
// HTTP client that were given to [Connect] belong to the caller and live on. Closing
// twice is harmless. A call of Async must not close its own client.
func (c *Client) Close() error {
	c.conn.end()
	c.conn.async.close()
	c.conn.observer.close()
	return c.conn.transport.Close()
}

// Queue returns a handle to a queue. It does no I/O and never fails: whether the
// name is legal and the queue exists shows when it is used.
func (c *Client) Queue(name string) *Queue { return &Queue{conn: c.conn, name: name} }

// CreateQueue makes a queue, with metadata if [Content] or [Reserved] are given,
// and returns its handle. A queue that exists already is no error. But the
// server ignores metadata given for a queue that exists (quirk 20), so it is
// compared: where the queue has other values under the keys asked for, the
// handle is returned with an error that matches [ErrExists]. [Queue.Created] tells
// whether the queue was made or found.
//
// It may be repeated safely. Creating a queue is optional in v1.1 and v2: posting
// creates it too.
func (c *Client) CreateQueue(ctx context.Context, name string, options ...CreateOption) (*Queue, error) {
	q := c.Queue(name)
	if err := q.check(wire.QueueCreate); err != nil {
		return nil, err
	}
	content := Content{}
	for _, option := range options {
		if err := option.applyCreate(content); err != nil {
			return nil, err
		}
	}
	metadata, err := plainjson.Marshal(content)
	if err != nil {
		return nil, &ArgumentError{Op: string(wire.QueueCreate), Argument: "metadata", Rule: "cannot be encoded as JSON", Err: err}
	}
	p := wire.Params{"queue_name": name}
	with := c.conn.takes(wire.QueueCreate, "metadata")
	switch {
	case len(content) == 0:
	case with:
		p["metadata"] = json.RawMessage(metadata)
	default:
		if err := q.ownKeys(content); err != nil {
			return nil, err
		}
	}
	r, err := c.conn.call(ctx, wire.QueueCreate, p)
	if err != nil {
		return nil, err
	}
	q.created = r.Status == http.StatusCreated
	switch {
	case len(content) == 0:
		return q, nil
	case !q.created:
		return q, q.compare(ctx, content)
	case !with:
		_, err := q.call(ctx, wire.QueueReplace, wire.Params{"metadata": json.RawMessage(metadata)})
		return q, err
	}
	return q, nil
}

// compare tells which of the wanted metadata an existing queue lacks.
func (q *Queue) compare(ctx context.Context, wanted Content) error {
	metadata, err := q.Metadata(ctx)
	if err != nil {
		return err
	}
	different, err := metadata.differing(wanted)
	if err != nil || len(different) == 0 {
		return err
	}
	return &Error{
		Op: string(wire.QueueCreate), Queue: q.name, repeatable: true,
		Err: fmt.Errorf("%w under %q: change it with Metadata.Update or Metadata.Set", ErrExists, different),
	}
}

// Queues lists the project's queues by name. It is lazy: pages are fetched as the
// loop goes on, and leaving the loop ends it. An error is yielded once, last.
//
// Without options all queues are listed. [Limit] is the number of queues in all,
// [PageSize] that of one request. [Marker] starts behind a name, [Detailed]
// fetches the metadata along ([Queue.Listed]), [NameLike] and [Having] filter on
// servers that can.
//
// Names with a dot are listed cut at the dot by servers that store in Redis
// (quirk 15).
func (c *Client) Queues(ctx context.Context, options ...QueuesOption) iter.Seq2[*Queue, error] {
	list := listing{op: wire.QueueList}
	for _, option := range options {
		option.applyQueues(&list)
	}
	return paginate(ctx, list, func(ctx context.Context, p wire.Params) (page[*Queue], error) {
		found, err := c.queuesPage(ctx, p)
		if err != nil {
			return page[*Queue]{}, err
		}
		result := page[*Queue]{next: found.Next}
		for _, entry := range found.Queues {
			q := c.Queue(entry.Name)
			q.href = entry.Href
			if entry.Metadata != nil {
				if q.listed, err = decodeContent(entry.Metadata); err != nil {
					return page[*Queue]{}, fmt.Errorf("metadata of %s: %w", entry.Name, err)
				}
			}
			result.add(entry.Name, q)
		}
		return result, nil
	})
}

func (c *Client) queuesPage(ctx context.Context, p wire.Params) (wire.Queues, error) {
	r, err := c.conn.call(ctx, wire.QueueList, p)
	if err != nil {
		return wire.Queues{}, err
	}
	return decode(r, wire.DecodeQueues)
}

// CountQueues returns the number of queues in the project. ok is false when the
// server does not tell it, as servers with pooling (quirk 21) and the versions
// before V2 do not.
func (c *Client) CountQueues(ctx context.Context) (n int, ok bool, err error) {
	if !c.conn.takes(wire.QueueList, "with_count") {
		return 0, false, nil
	}
	// Not 1: see quirk 1.
	found, err := c.queuesPage(ctx, wire.Params{"with_count": true, "limit": 2})
	switch {
	case err != nil:
		return 0, false, err
	case found.Count < 0 && len(found.Queues) == 0:
		return 0, true, nil // a count of zero is left out
	}
	return max(found.Count, 0), found.Count >= 0, nil
}

// Home returns the home document: what the server says it offers under the API
// version in use.
func (c *Client) Home(ctx context.Context) (*HomeDoc, error) {
	r, err := c.conn.call(ctx, wire.Home, nil)
	if err != nil {
		return nil, err
	}
	resources, err := decode(r, wire.DecodeHome)
	if err != nil {
		return nil, err
	}
	return newHomeDoc(c.conn.version, resources, r.Body), nil
}

// Ping asks whether the service is alive and accepts the credentials. Its error
// tells what is wrong. Over the WebSocket, which has no action for it, a listing of
// one queue is asked for.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.conn.call(ctx, wire.Ping, nil)
	return err
}
