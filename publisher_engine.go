package zaqar

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

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
	return q.queue.send(sentOnce(ctx), batch)
}

func (q publisherQueue) CheckDelays(ctx context.Context) error {
	return q.queue.heedsDelays(sentOnce(ctx), "the message")
}

// SizeLimit reads the queue's metadata, which has a limit only in V2.
func (q publisherQueue) SizeLimit(ctx context.Context) publisher.SizeLimit {
	unknown := publisher.SizeLimit{Bytes: publisher.DefaultSizeLimit}
	if q.queue.connection().version != V2 {
		return unknown
	}
	metadata, err := q.queue.Metadata(sentOnce(ctx))
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
	q.queue.connection().observer.report(ctx, e)
}

// envelope measures a post's request without messages. Its form depends on the API
// version.
func (q publisherQueue) envelope() int {
	empty, err := wire.Encode(wire.Version(q.queue.connection().version), wire.MessagePost,
		&wire.Args{Queue: "q", Messages: []wire.Outgoing{}})
	if err != nil {
		return 0
	}
	return len(empty.Body)
}

// engine translates a configuration that is filled in.
func (c *PublisherConfig) engine(envelope int) publisher.Config {
	delay, concurrency := c.BatchDelay, c.Concurrency
	if delay == 0 {
		delay = DefaultBatchDelay
	}
	if concurrency == Adaptive {
		concurrency = mostInFlight
	}
	return publisher.Config{
		BatchMessages: c.BatchMessages, BatchBytes: c.BatchBytes,
		BatchDelay: delay, AdaptDelay: c.BatchDelay == 0,
		Concurrency: concurrency, AdaptConcurrency: c.Concurrency == Adaptive,
		OutstandingMessages: c.OutstandingMessages, OutstandingBytes: c.OutstandingBytes,
		Overflow: publisher.Overflow(c.Overflow), // both have the same values
		Patience: c.Patience, Attempts: c.Attempts, Backoff: backoff.Backoff{First: c.RetryDelay, Most: c.MaxRetryDelay},
		AllowDuplicates: c.AllowDuplicates,
		Envelope:        envelope,
	}
}

// publisherErrors reads the errors of posts to a queue, and makes those of the futures.
type publisherErrors struct{ queue string }

func (p publisherErrors) Classify(err error) publisher.Failure {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return publisher.Failure{BlamesContent: errors.Is(err, ErrUnsupported)} // the transport cannot carry it
	}
	return publisher.Failure{
		Op: e.Op, Status: e.Code,
		MayBeStored: !e.SafeToRetry(),
		RetryAfter:  askedToWait(err),
		Transient: e.foreign && e.Code != http.StatusBadRequest || transient(e.Code) &&
			!errors.Is(err, ErrMalformed) && !errors.Is(err, errAnswerTooLong) && !errors.Is(err, ErrUnauthorized) && !errors.Is(err, transport.ErrClosed),
		BlamesContent: errors.Is(err, ErrUnsupported) || e.Op == string(wire.MessagePost) &&
			(e.Code == http.StatusBadRequest || e.Code == http.StatusRequestEntityTooLarge),
	}
}

// transient reports whether a later attempt may get another status. 0 is no reply.
func transient(status int) bool {
	return status == 0 || status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooEarly || status == http.StatusTooManyRequests
}

func (p publisherErrors) Unsent(cause error) error { return p.unsent(cause) }

func (p publisherErrors) unsent(cause error) *Error {
	return &Error{Op: string(wire.MessagePost), Queue: p.queue, Err: cause}
}

func (p publisherErrors) TooLarge(size, limit int) error {
	return &ArgumentError{
		Op: string(wire.MessagePost), Argument: "the message", Err: ErrTooLarge,
		Rule: fmt.Sprintf("needs a request of %d bytes, and %s allows %d", size, p.queue, limit),
	}
}

// Final returns an error of the post. If a step before the post failed, that is its
// cause. If an earlier attempt may have stored the message, it says so.
func (p publisherErrors) Final(err error, maybeStored bool) error {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok && SafeToRetry(err):
		return err
	case !ok:
		return p.Unsent(err)
	case e.Op != string(wire.MessagePost):
		e = p.unsent(err)
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

// PublishError tells that messages failed whose futures nobody read. [Publisher.Flush]
// and [Publisher.Close] return it, so that a program that ignores its futures learns of
// failures all the same. Each failure is told once.
type PublishError struct {
	// Queue is the queue's name.
	Queue string
	// Failed is how many messages failed. Those are not counted whose futures were read
	// with [Future.Wait] or [Future.Err], or selected on with [Future.Done], nor those
	// that [Future.Cancel] cancelled.
	Failed int
	// First is the error of the first of them.
	First error
}

// Error returns the queue, the number and the first error, in one line.
func (e *PublishError) Error() string {
	if e.Failed == 1 {
		return fmt.Sprintf("zaqar: publish %s: a message failed, and nobody read its future: %v", e.Queue, e.First)
	}
	return fmt.Sprintf("zaqar: publish %s: %d messages failed, and nobody read their futures; the first error: %v", e.Queue, e.Failed, e.First)
}

// Unwrap returns First.
func (e *PublishError) Unwrap() error { return e.First }

// mostUnread is how many errors are kept. A publisher whose futures nobody reads may run
// for months.
const mostUnread = 16

// unread counts failed messages whose futures nobody has read.
type unread struct {
	mu    sync.Mutex
	count int
	first []*failedMessage // some of them, oldest first
	last  error
	told  int // how often take was called
}

type failedMessage struct {
	err  error
	told int // unread.told when it failed
}

// add counts a message that has failed, until its future is read.
func (u *unread) add(f *Future[string], err error) {
	m := &failedMessage{err: err}
	f.ifUnread(func() { u.put(m) }, func() { u.remove(m) })
}

func (u *unread) put(m *failedMessage) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.count++
	m.told, u.last = u.told, m.err
	if len(u.first) < mostUnread {
		u.first = append(u.first, m)
	}
}

func (u *unread) remove(m *failedMessage) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if m.told != u.told {
		return
	}
	u.count--
	for i, kept := range u.first {
		if kept == m {
			u.first = append(u.first[:i], u.first[i+1:]...)
			return
		}
	}
}

// take returns an error if there are such messages, and starts to count anew.
func (u *unread) take(queue string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.count == 0 {
		return nil
	}
	err := &PublishError{Queue: queue, Failed: u.count, First: u.last}
	if len(u.first) > 0 {
		err.First = u.first[0].err
	}
	u.count, u.first, u.last = 0, nil, nil
	u.told++
	return err
}
