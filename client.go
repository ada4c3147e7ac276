package zaqar

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"sync"

	"github.com/zaqar-go/zaqar/internal/plainjson"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// Client works on the whole account: it creates, lists and returns queues. [Connect]
// makes it. It is safe for concurrent use.
type Client struct {
	conn *Conn
}

// String returns "<Client https://cloud.example.com:8888 v2>".
func (c *Client) String() string {
	return fmt.Sprintf("<Client %s %s>", c.connection().endpoint, c.connection().version)
}

// Conn returns the connection underneath, for requests that the library has no method
// for.
func (c *Client) Conn() *Conn { return c.connection() }

// Async returns the number of [Async] calls that the client runs at once, as set by
// [WithAsync].
func (c *Client) Async() int { return c.connection().async.limit }

// Queue returns a handle to a queue. It sends nothing and never fails: an illegal
// name or a missing queue shows when the handle is used.
func (c *Client) Queue(name string) *Queue { return &Queue{conn: c.connection(), name: name} }

// CreateQueue creates a queue and returns its handle. [Content] and [Reserved] set
// its metadata.
//
// A queue that exists already is not an error; [Queue.Created] reports which case it
// was. Servers ignore the metadata given for an existing queue (quirk 20), so
// CreateQueue compares it. If the queue has other values under these keys, it returns
// the handle with an error that matches [ErrExists].
//
// In V1_1 and V2 creating a queue is optional: posting creates it. CreateQueue is
// idempotent. It blocks for one or two requests. V1 has no [Reserved] metadata: the
// error matches [ErrUnsupported].
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
	p := wire.Params{}
	with := c.connection().takes(wire.QueueCreate, "metadata")
	switch {
	case len(content) == 0:
	case with:
		p["metadata"] = json.RawMessage(metadata)
	default:
		if err := q.refuseOwnKeys(content); err != nil {
			return nil, err
		}
	}
	r, err := c.connection().request(ctx, wire.QueueCreate, &wire.Args{Queue: name, More: p})
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

// compare returns an error that names the keys under which an existing queue differs
// from what is wanted.
func (q *Queue) compare(ctx context.Context, wanted Content) error {
	metadata, err := q.Metadata(ctx)
	if err != nil {
		return err
	}
	different, err := metadata.differingKeys(wanted)
	if err != nil || len(different) == 0 {
		return err
	}
	return &Error{
		Op: string(wire.QueueCreate), Queue: q.name, repeatable: true,
		Err: fmt.Errorf("%w under %q: change it with Metadata.Set or Metadata.Update", ErrExists, different),
	}
}

// Queues lists the project's queues, sorted by name. It is lazy: the loop fetches one
// page at a time and blocks while it does. Leave the loop when you have enough. An
// error is yielded once, as the last item.
//
// Without options it lists all queues. [Limit] is the total number of queues,
// [PageSize] the number in one request. [Marker] starts after a name. [Detailed]
// fetches the metadata too ([Queue.Listed]). [NameLike] and [Having] filter, on
// servers that can.
//
// Servers that store in Redis cut a name at its first dot in listings (quirk 15).
func (c *Client) Queues(ctx context.Context, options ...QueuesOption) iter.Seq2[*Queue, error] {
	list := listing{op: wire.QueueList, observer: c.connection().observer}
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
				q.listed, _ = decodeContent(entry.Metadata) // one odd queue must not hide the others
			}
			result.add(entry.Name, q)
		}
		return result, nil
	})
}

func (c *Client) queuesPage(ctx context.Context, p wire.Params) (wire.Queues, error) {
	r, err := c.connection().call(ctx, wire.QueueList, p)
	if err != nil {
		return wire.Queues{}, err
	}
	return decode(r, wire.DecodeQueues)
}

// CountQueues returns the number of queues in the project. ok is false when the
// server does not report it: servers with pooling do not (quirk 21), nor do API
// versions before V2, for which nothing is sent.
func (c *Client) CountQueues(ctx context.Context) (n int, ok bool, err error) {
	if !c.connection().takes(wire.QueueList, "with_count") {
		return 0, false, nil
	}
	// A page size of 1 never works (quirk 1).
	found, err := c.queuesPage(ctx, wire.Params{"with_count": true, "limit": 2})
	switch {
	case err != nil:
		return 0, false, err
	case found.Count < 0 && len(found.Queues) == 0:
		return 0, true, nil // servers leave out a count of zero
	}
	return max(found.Count, 0), found.Count >= 0, nil
}

// Home returns the home document: the resources that the server says it offers in the
// API version in use.
func (c *Client) Home(ctx context.Context) (*HomeDoc, error) {
	r, err := c.connection().call(ctx, wire.Home, nil)
	if err != nil {
		return nil, err
	}
	resources, err := decode(r, wire.DecodeHome)
	if err != nil {
		return nil, err
	}
	return newHomeDoc(c.connection().version, resources, r.Body), nil
}

// Ping checks that the service answers and accepts the credentials. The WebSocket has
// no action for that, so there Ping lists one queue.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.connection().call(ctx, wire.Ping, nil)
	return err
}

// unmade is the connection of what this package did not make: of a zero Client or Queue.
// All of its calls fail, so that these do not panic.
var unmade = sync.OnceValue(func() *Conn {
	client, err := Connect(context.Background(), "", WithTransport(noServer{}), WithVersion(V2), WithProject("none"))
	if err != nil {
		return &Conn{version: V2} // never: its arguments are right
	}
	client.conn.unmade = true
	return client.conn
})

// connection returns the client's connection, or unmade.
func (c *Client) connection() *Conn {
	if c == nil || c.conn == nil {
		return unmade()
	}
	return c.conn
}

// connection returns the queue's connection, or unmade.
func (q *Queue) connection() *Conn {
	if q == nil || q.conn == nil {
		return unmade()
	}
	return q.conn
}

// orNone returns q, or a Queue that can do nothing if there is none.
func orNone(q *Queue) *Queue {
	if q == nil {
		return &Queue{}
	}
	return q
}

// notMade is the error of a value that this package did not make.
func notMade(op, what, maker string) error {
	return &ArgumentError{Op: op, Argument: "the " + what, Rule: "is the zero value: make it with " + maker}
}
