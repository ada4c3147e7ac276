package zaqar

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/publisher"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
)

// publisherQueue is a queue as the engine of a [Publisher] sees it.
type publisherQueue struct{ queue *Queue }

func (q publisherQueue) Name() string { return q.queue.name }

func (q publisherQueue) Post(ctx context.Context, batch []wire.Outgoing) ([]string, error) {
	return q.queue.send(ctx, batch)
}

func (q publisherQueue) CheckDelays(ctx context.Context) error {
	return q.queue.heedsDelays(ctx, "the message")
}

// SizeLimit reads the queue's metadata. API versions before V2 have no limits there.
func (q publisherQueue) SizeLimit(ctx context.Context) publisher.SizeLimit {
	unknown := publisher.SizeLimit{Bytes: publisher.DefaultSizeLimit}
	if q.queue.conn.version != V2 {
		return unknown
	}
	metadata, err := q.queue.Metadata(ctx)
	if err != nil {
		return unknown
	}
	reserved, err := metadata.Reserved()
	if err != nil || reserved.MaxMessagesPostSize <= 0 {
		return unknown
	}
	return publisher.SizeLimit{Bytes: reserved.MaxMessagesPostSize, Known: true}
}

func (q publisherQueue) Observe(ctx context.Context, e observe.Event) {
	q.queue.conn.watch.tell(ctx, e)
}

// envelope is the size of a post's request without messages, which depends on the API
// version.
func (q publisherQueue) envelope() int {
	empty, err := wire.Encode(wire.Version(q.queue.conn.version), wire.MessagePost,
		wire.Params{"queue_name": "q", "messages": []wire.Outgoing{}})
	if err != nil {
		return 0
	}
	return len(empty.Body)
}

// engine translates a configuration that is filled in.
func (c *PublisherConfig) engine(envelope int) publisher.Config {
	return publisher.Config{
		BatchMessages: c.BatchMessages, BatchBytes: c.BatchBytes, BatchDelay: c.BatchDelay,
		Concurrency:         c.Concurrency,
		OutstandingMessages: c.OutstandingMessages, OutstandingBytes: c.OutstandingBytes,
		Overflow: publisher.Overflow(c.Overflow), // the same values in the same order
		Attempts: c.Attempts, Backoff: backoff.Backoff{First: c.RetryDelay, Most: c.MaxRetryDelay},
		AllowDuplicates: c.AllowDuplicates,
		Envelope:        envelope,
	}
}

// publisherErrors makes the errors of a publisher's futures. It is the queue's name.
type publisherErrors string

func (q publisherErrors) Classify(err error) publisher.Failure {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return publisher.Failure{BlamesContent: errors.Is(err, ErrUnsupported)} // by the transport
	}
	return publisher.Failure{
		Op: e.Op, Status: e.Code,
		MayBeStored: !e.SafeToRetry(),
		Transient: (e.Code == 0 || e.Code >= 500 || e.Code == http.StatusRequestTimeout || e.Code == http.StatusTooManyRequests) &&
			!errors.Is(err, ErrMalformed) && !errors.Is(err, ErrUnauthorized) && !errors.Is(err, transport.ErrClosed),
		BlamesContent: errors.Is(err, ErrUnsupported) || e.Op == string(wire.MessagePost) &&
			(e.Code == http.StatusBadRequest || e.Code == http.StatusRequestEntityTooLarge),
	}
}

func (q publisherErrors) Unsent(cause error) error { return q.unsent(cause) }

func (q publisherErrors) unsent(cause error) *Error {
	return &Error{Op: string(wire.MessagePost), Queue: string(q), Err: cause}
}

func (q publisherErrors) TooLarge(size, limit int) error {
	return &ArgumentError{
		Op: string(wire.MessagePost), Argument: "the message", Err: ErrTooLarge,
		Rule: fmt.Sprintf("makes a request of %d bytes, and %s takes %d", size, string(q), limit),
	}
}

// Final is about the post: when what comes before it failed, that is the cause. When an
// earlier attempt may have stored the message, the error says so.
func (q publisherErrors) Final(err error, maybeStored bool) error {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok && SafeToRetry(err):
		return err
	case !ok:
		return q.Unsent(err)
	case e.Op != string(wire.MessagePost):
		e = q.unsent(err)
	}
	if !maybeStored || e.maybeActed {
		return e
	}
	final := *e
	final.maybeActed = true
	final.Err = errEarlier
	if e.Err != nil {
		final.Err = fmt.Errorf("%w (%w)", e.Err, errEarlier)
	}
	return &final
}

var errEarlier = errors.New("an earlier attempt may have stored it")
