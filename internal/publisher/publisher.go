// Package publisher is the engine behind the root package's Publisher. It collects
// messages in a buffer, cuts batches from it, and sends these until the outcome of each
// message is known.
//
// One lock guards everything that changes: see [buffer]. A publisher has no goroutine of
// its own: a sender is started when a batch is ready, and ends when none is.
package publisher

import (
	"context"
	"fmt"

	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/observe"
)

// Publisher posts messages in batches. It is safe for concurrent use.
type Publisher struct {
	queue  Queue
	errors Errors
	config Config
	buffer *buffer

	ctx  context.Context //nolint:containedctx // batches belong to no call; Close ends it
	stop context.CancelFunc
}

// New returns a publisher. It does no I/O.
func New(queue Queue, errors Errors, config Config) *Publisher {
	p := &Publisher{queue: queue, errors: errors, config: config}
	p.ctx, p.stop = context.WithCancel(context.Background())
	p.buffer = newBuffer(config, errors, func() { go p.sendBatches() })
	return p
}

// Publish accepts a message, or resolves it with an error. With [Block] it waits for room
// until ctx ends.
func (p *Publisher) Publish(ctx context.Context, m *Item) {
	if ctx.Err() != nil {
		m.refuse(p.errors.Unsent(context.Cause(ctx)))
		return
	}
	done, err := p.buffer.enqueue(m)
	switch done {
	case mustWait:
		err = p.buffer.waitForRoom(ctx, m)
	case dropped:
		p.queue.Observe(ctx, observe.MessageDropped{Queue: p.queue.Name(), Size: m.Size})
	case decided:
	}
	if err != nil {
		m.refuse(err)
	}
}

// fail ends messages that were accepted, all with one error.
func (p *Publisher) fail(messages []*Item, err error) {
	for _, m := range messages {
		m.Outcome.Failing(err)
	}
	p.buffer.resolve(messages, nil, err)
}

// Cancel cancels a message that is not in a batch yet.
func (p *Publisher) Cancel(m *Item) { p.buffer.cancel(m) }

// Outstanding returns how many messages have no outcome yet, and their size in bytes.
func (p *Publisher) Outstanding() (messages, bytes int) { return p.buffer.outstanding() }

// Flush sends what was accepted before the call, and blocks until all of it has an
// outcome or ctx ends. Its error is only about ctx.
func (p *Publisher) Flush(ctx context.Context) error {
	f := p.buffer.flush()
	defer p.buffer.forget(f)
	select {
	case <-f.done: // even if ctx has ended
		return nil
	default:
	}
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("zaqar: flushing %s: %w", p.queue.Name(), context.Cause(ctx))
	}
}

// Close refuses new messages, sends the others, and blocks until all have an outcome.
// When ctx ends first, it fails the buffered messages and cancels the batches in flight.
func (p *Publisher) Close(ctx context.Context) error {
	for _, m := range p.buffer.close() {
		m.refuse(p.errors.Unsent(fault.Closed))
		close(m.admitted) // last: now Publish returns its future
	}
	err := p.Flush(ctx)
	if err != nil {
		p.fail(p.buffer.takeBuffered(), p.errors.Unsent(fault.Closed))
		p.stop()
		_ = p.Flush(context.WithoutCancel(ctx))
	}
	p.stop()
	return err
}
