package zaqar

import (
	"context"
	"fmt"

	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/internal/plainjson"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
)

// The errors of a [Publisher]. Nothing was sent.
var (
	// ErrOverflow: more is outstanding than the publisher may hold, and it was told
	// not to wait.
	ErrOverflow = fault.Overflow
	// ErrTooLarge: the message alone is larger than a request may be. It comes in
	// an [*ArgumentError], so it matches [ErrInvalid] too.
	ErrTooLarge = fault.TooLarge
)

// Publisher posts many messages at the price of few requests: it gathers what is
// published into batches, and gives each message a [Future] of its id.
// [Queue.Publisher] makes it. It is safe for concurrent use.
//
// What a future says:
//
//   - no error: the message is stored, under the id that is the future's value;
//   - an error of which [SafeToRetry] is true: it is certainly not stored. The server
//     refused it, or it never got there;
//   - any other error: it may be stored. [Error.MayHaveActed] is true.
//
// A batch is stored or refused as a whole, but a message that is bad by itself fails
// alone: one that is too large for a request is not sent, and a batch that is
// refused for what it holds (400, 413) is split until the bad ones are found.
// Otherwise all messages of a batch share its fate.
//
// Batches are sent again only when that cannot store anything twice, see
// [PublisherConfig]. With a Concurrency of 1 messages are stored in the order in
// which they were published; those that fail leave a gap, and one whose fate is not
// known may still arrive behind later ones.
//
// A Publisher works with every API version and transport. Close it before its client:
// what it publishes after that may fail, but each future ends.
type Publisher struct {
	queue  *Queue
	config PublisherConfig
	bad    error // why the configuration cannot be used
	outbox outbox

	ctx  context.Context //nolint:containedctx // batches belong to no call; Close ends it
	stop context.CancelFunc
}

// Publisher starts a publisher of the queue. It does no I/O and never fails: a
// configuration that cannot be right is an [*ArgumentError] of each Publish.
// Each Publisher has its own batches, order and limits. It must be closed, and uses
// nothing while nothing is published.
func (q *Queue) Publisher(config PublisherConfig) *Publisher {
	p := &Publisher{queue: q, bad: config.check()}
	config.fill()
	p.config = config
	p.outbox.open(p)
	p.ctx, p.stop = context.WithCancel(context.Background())
	return p
}

// Publish gives one message to the publisher: any value that JSON can encode is its
// body, and an [Outgoing] has a TTL and a delay too, as with [Queue.Post]. It is
// encoded at once; the value may be changed afterwards.
//
// Publish sends nothing itself. It blocks only when too much is outstanding, and
// only with [OverflowBlock]: until there is room, or ctx ends. ctx has no other
// effect: a message that was accepted is sent even when ctx ends afterwards.
//
// [Future.Cancel] takes a message back that waits for its batch; one in a batch
// under way cannot be recalled.
//
// The future fails with an [*ArgumentError] when the message cannot be right, among
// them [ErrTooLarge], and what makes servers fail: half a surrogate pair, more than 800
// arrays and objects within each other; with an [*Error] that matches [ErrOverflow], [ErrClosed] or the
// context's error when it was not accepted, and context.Canceled when it was taken
// back; and with the errors of Queue.Post. A delay that the queue would ignore is
// refused, which takes one more request for each batch with delays.
func (p *Publisher) Publish(ctx context.Context, body any) *Future[string] {
	m := &parcel{}
	m.future = newFuture[string](func() { p.outbox.recall(m) })
	if err := p.pack(m, body); err != nil {
		m.future.resolve("", err)
		return m.future
	}
	if err := ctx.Err(); err != nil {
		m.future.resolve("", p.unsent(context.Cause(ctx)))
		return m.future
	}
	switch p.outbox.offer(m, p.config.Overflow) {
	case waits:
		p.outbox.await(ctx, m)
	case dropped:
		p.queue.conn.watch.tell(ctx, observe.MessageDropped{Queue: p.queue.name, Size: m.size})
	case settled:
	}
	return m.future
}

// pack brings a message to the wire's form.
func (p *Publisher) pack(m *parcel, body any) error {
	if p.bad != nil {
		return p.bad
	}
	if err := p.queue.check(wire.MessagePost); err != nil {
		return err
	}
	conn := p.queue.conn
	route, err := wire.Lookup(wire.Version(conn.version), wire.MessagePost)
	if err != nil {
		return conn.unsupported(wire.MessagePost, "")
	}
	if m.message, err = outgoing(body, "the message"); err != nil {
		return err
	}
	if m.message.Delay != nil && !conn.takes(wire.MessagePost, "delay") {
		return conn.unsupported(wire.MessagePost, "delay")
	}
	if m.message.TTL == nil && route.TTL > 0 {
		m.message.TTL = &route.TTL
	}
	if rule := wire.CheckBody(m.message.Body); rule != "" {
		return &ArgumentError{Op: string(wire.MessagePost), Argument: "the message", Rule: rule}
	}
	encoded, err := plainjson.Marshal(m.message)
	if err != nil {
		return &ArgumentError{Op: string(wire.MessagePost), Argument: "the message", Rule: "cannot be encoded as JSON", Err: err}
	}
	m.size = len(encoded)
	return nil
}

// Outstanding returns how many messages wait or are under way, and how large they are
// together.
func (p *Publisher) Outstanding() (messages, bytes int) { return p.outbox.outstanding() }

// Flush sends what was published before the call without waiting for more to join it,
// and blocks until all of it has ended, well or not, or ctx ends. Its error is about
// ctx only: the futures tell what became of the messages.
func (p *Publisher) Flush(ctx context.Context) error {
	for _, f := range p.outbox.hurry() {
		select {
		case <-f.Done():
		case <-ctx.Done():
			return fmt.Errorf("zaqar: flushing %s: %w", p.queue.name, context.Cause(ctx))
		}
	}
	return nil
}

// Close refuses new messages, by [ErrClosed], those too whose Publish blocks; sends
// the others, and blocks until all have ended.
//
// When ctx ends before that it cuts short: messages that wait fail by ErrClosed,
// batches under way by context.Canceled, so that their messages may be stored or not,
// and the error is that of ctx. In both cases every future has ended when Close returns.
// Closing twice is harmless.
func (p *Publisher) Close(ctx context.Context) error {
	p.outbox.shut()
	err := p.Flush(ctx)
	if err != nil {
		p.outbox.abandon()
		p.stop()
		_ = p.Flush(context.WithoutCancel(ctx))
	}
	p.stop()
	return err
}

// String returns "<Publisher wot>".
func (p *Publisher) String() string { return "<Publisher " + p.queue.name + ">" }

// unsent is the error of a message of which nothing was sent.
func (p *Publisher) unsent(err error) *Error {
	return &Error{Op: string(wire.MessagePost), Queue: p.queue.name, Err: err}
}

// tooLarge is the error of a message that no request can hold.
func (p *Publisher) tooLarge(size, limit int) error {
	return &ArgumentError{
		Op: string(wire.MessagePost), Argument: "the message", Err: ErrTooLarge,
		Rule: fmt.Sprintf("makes a request of %d bytes, and %s takes %d", size, p.queue.name, limit),
	}
}
