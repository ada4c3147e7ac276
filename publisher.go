package zaqar

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/internal/publisher"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// The errors of a [Publisher]. The message was not sent.
var (
	// ErrOverflow: the publisher has no room for the message, and its configuration
	// says not to wait.
	ErrOverflow = fault.Overflow
	// ErrTooLarge: no request can hold the message, even alone. It comes in an
	// [*ArgumentError], so it matches [ErrInvalid] too.
	ErrTooLarge = fault.TooLarge
)

// Publisher posts many messages in few requests. It collects messages into batches and
// returns a [Future] for each message. [Queue.Publisher] makes one. It is safe for
// concurrent use.
//
// The future of a message has one of three outcomes:
//
//   - no error: the message is stored, and the value of the future is its id;
//   - an error for which [SafeToRetry] is true: the message is certainly not stored.
//     The server refused it, or it was never sent;
//   - any other error: the message may be stored. [Error.MayHaveActed] is true.
//
// The server stores or refuses a batch as a whole. Bad messages still fail alone: one
// that is too large for any request is not sent, and a batch that the server refuses for
// its content (400, 413) is split until the bad messages are found. Any other failure
// is the outcome of every message in the batch.
//
// A batch is sent again only if that cannot store a message twice, see
// [PublisherConfig]. With a Concurrency of 1 the ordering is FIFO: messages are stored
// in the order in which they were published. A message that fails leaves a gap. A
// message that may be stored can still arrive after later ones.
//
// A failure is never silent: [Publisher.Flush] and [Publisher.Close] report failed messages
// whose futures nobody read, and [PublisherConfig].OnFailure is called for each.
//
// A Publisher works with every API version and transport. [Client.Close] and
// [Client.Shutdown] close the publishers of the client, and send what is left.
type Publisher struct {
	queue  *Queue
	bad    error // why the configuration cannot be used
	engine *publisher.Publisher

	onFailure func(Outgoing, error) // or nil
	unread    unread
	used      sync.Once // the first Publish registers it for Client.Shutdown
}

// Publisher returns a publisher for the queue. It does no I/O and never fails: if the
// configuration is invalid, each Publish fails with an [*ArgumentError]. Each Publisher
// has its own batches, ordering and limits. It must be closed. It runs no goroutine
// while nothing is outstanding.
func (q *Queue) Publisher(config PublisherConfig) *Publisher {
	bad := config.check()
	config.fill(q.connection().onlySocket())
	queue := publisherQueue{q}
	return &Publisher{
		queue: q, bad: bad, onFailure: config.OnFailure,
		engine: publisher.New(queue, publisherErrors{q.name}, config.engine(queue.envelope())),
	}
}

// Publish adds a message to the next batch. The body is any value that JSON can encode,
// or an [Outgoing] to set a TTL and a delay too, as with [Queue.Post]. The value is
// encoded before Publish returns and may be changed afterwards.
//
// Publish does not wait for the server. It blocks only when too much is outstanding
// (backpressure), and only with [OverflowBlock]: until there is room or ctx ends. ctx has
// no other effect: an accepted message is sent even if ctx ends afterwards.
//
// [Future.Cancel] cancels a message that is not in a batch yet. Batches in flight are not
// affected.
//
// These are the errors of the future:
//
//   - an [*ArgumentError] if the message is invalid. This includes [ErrTooLarge], and two
//     things that make servers fail: half of a surrogate pair, and arrays and objects
//     nested more than 800 deep;
//   - an [*Error] if the message was not accepted. It matches [ErrOverflow], [ErrClosed]
//     or the error of ctx;
//   - an [*Error] that matches context.Canceled if the message was cancelled;
//   - the errors of [Queue.Post].
//
// A delay that the queue would ignore is an error. To find out, the publisher makes one
// more request for each batch with delays.
func (p *Publisher) Publish(ctx context.Context, body any) *Future[string] {
	if p.engine == nil {
		future := newFuture[string](func() {})
		future.resolve("", notMade(string(wire.MessagePost), "Publisher", "Queue.Publisher"))
		return future
	}
	p.used.Do(func() { p.queue.connection().register(p, sends) })
	m := &published{publisher: p}
	m.item.Outcome = m
	m.future = newFuture[string](m.cancel)
	if err := p.pack(&m.item, body); err != nil {
		m.unencoded = body
		m.Failing(err)
		m.Resolve("", err)
		return m.future
	}
	p.engine.Publish(ctx, &m.item)
	return m.future
}

// published is a message that was given to Publish.
type published struct {
	publisher *Publisher
	item      publisher.Item
	future    *Future[string]
	unencoded any // the body, if it could not be encoded
	failed    bool
}

func (m *published) cancel() { m.publisher.engine.Cancel(&m.item) }

// Failing implements [publisher.Outcome].
func (m *published) Failing(err error) {
	m.failed = true
	if m.publisher.onFailure != nil {
		m.publisher.onFailure(m.asGiven(), err)
	}
}

// Resolve implements [publisher.Outcome].
func (m *published) Resolve(id string, err error) {
	m.unencoded = nil // a future may be kept long
	m.future.resolve(id, err)
	if m.failed {
		m.publisher.unread.add(m.future, err)
	}
}

// asGiven returns the message as it was given to Publish, for OnFailure.
func (m *published) asGiven() Outgoing {
	switch v := m.unencoded.(type) {
	case Outgoing:
		return v
	case *Outgoing:
		if v != nil {
			return *v
		}
		return Outgoing{}
	case nil:
	default:
		return Outgoing{Body: v}
	}
	sent := m.item.Message
	o := Outgoing{Body: sent.Body}
	if sent.TTL != nil {
		o.TTL = time.Duration(*sent.TTL) * time.Second
	}
	if sent.Delay != nil {
		o.Delay = time.Duration(*sent.Delay) * time.Second
	}
	return o
}

// pack checks and encodes a message.
func (p *Publisher) pack(item *publisher.Item, body any) error {
	if p.bad != nil {
		return p.bad
	}
	if err := p.queue.check(wire.MessagePost); err != nil {
		return err
	}
	conn := p.queue.connection()
	route, err := wire.Lookup(wire.Version(conn.version), wire.MessagePost)
	if err != nil {
		return conn.unsupported(wire.MessagePost, "")
	}
	if item.Message, err = outgoing(body, "the message"); err != nil {
		return err
	}
	if sharesJSON(body) {
		item.Message.Body = bytes.Clone(item.Message.Body)
	}
	if item.Message.Delay != nil && !conn.takes(wire.MessagePost, "delay") {
		return conn.unsupported(wire.MessagePost, "delay")
	}
	if item.Message.TTL == nil && route.TTL > 0 {
		ttl := route.TTL // not all of the route
		item.Message.TTL = &ttl
	}
	if rule := wire.CheckBody(item.Message.Body); rule != "" {
		return &ArgumentError{Op: string(wire.MessagePost), Argument: "the message", Rule: rule}
	}
	item.Size = item.Message.Size()
	return nil
}

// sharesJSON reports whether an encoded message may share memory with the argument of
// Publish, which the caller may change as soon as Publish has returned.
func sharesJSON(body any) bool {
	switch v := body.(type) {
	case Outgoing:
		body = v.Body
	case *Outgoing:
		body = v.Body
	}
	_, shares := body.(json.RawMessage)
	return shares
}

// Outstanding returns how many messages are buffered or in flight, and their total size
// in bytes.
func (p *Publisher) Outstanding() (messages, bytes int) {
	if p.engine == nil {
		return 0, 0
	}
	return p.engine.Outstanding()
}

// Flush sends everything that was published before the call, without waiting for
// [PublisherConfig.BatchDelay]. It blocks until all of it has ended, successfully or not,
// or ctx ends. It returns the error of ctx, or a [*PublishError] if messages failed whose
// futures nobody has read.
func (p *Publisher) Flush(ctx context.Context) error {
	if p.engine == nil {
		return nil
	}
	return p.tell(p.engine.Flush(ctx))
}

// tell adds to an error the failures that nobody has read.
func (p *Publisher) tell(err error) error {
	failures := p.unread.take(p.queue.name)
	if err != nil && failures != nil {
		return fmt.Errorf("%w; %w", err, failures)
	}
	return cmp.Or(err, failures)
}

// Close refuses new messages, sends the others, and blocks until all have ended. The
// refused ones fail with [ErrClosed], also those whose Publish is blocked.
//
// If ctx ends first, Close returns its error. Messages that are not in a batch yet fail
// with ErrClosed. Batches in flight are cancelled: their messages fail with
// context.Canceled and may be stored. In both cases every future has ended when Close
// returns. Otherwise, and also then, Close returns a [*PublishError] if messages failed
// whose futures nobody has read. Closing twice is harmless.
func (p *Publisher) Close(ctx context.Context) error {
	if p.engine == nil {
		return nil
	}
	defer p.queue.connection().unregister(p)
	return p.tell(p.engine.Close(ctx))
}

// shutdown is Close, for Client.Shutdown.
func (p *Publisher) shutdown(ctx context.Context) error { return p.Close(ctx) }

// halt does nothing: what was published is still sent.
func (p *Publisher) halt() {}

// String returns "<Publisher wot>".
func (p *Publisher) String() string { return "<Publisher " + orNone(p.queue).name + ">" }

// Adaptive, as a size or a count, lets the library find the best value while it runs.
const Adaptive = -1
