package publisher

import (
	"slices"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
)

// sendBatches is a sender: it sends one batch after another until none is ready.
func (p *Publisher) sendBatches() {
	for w, ok := p.buffer.next(work{}); ok; w, ok = p.buffer.next(w) {
		if w.askLimit {
			p.buffer.setLimit(p.queue.SizeLimit(p.ctx))
		}
		for _, m := range w.tooLarge {
			p.fail([]*Item{m}, p.errors.TooLarge(p.config.requestSize(1, m.Size), w.limit))
		}
		until := time.Now().Add(p.config.Patience)
		p.deliver(p.dropIgnoredDelays(w.batch, until), until, false)
	}
}

// dropIgnoredDelays fails those messages of a batch whose delay the queue would ignore,
// and returns the others.
func (p *Publisher) dropIgnoredDelays(batch []*Item, until time.Time) []*Item {
	if !slices.ContainsFunc(batch, func(m *Item) bool { return m.Message.Delay != nil }) {
		return batch
	}
	var plain, delayed []*Item
	for _, m := range batch {
		if m.Message.Delay == nil {
			plain = append(plain, m)
		} else {
			delayed = append(delayed, m)
		}
	}
	_, err := p.retry(until, func(int) error { return p.queue.CheckDelays(p.ctx) })
	if err == nil {
		return batch
	}
	p.fail(delayed, p.errors.Final(err, false))
	return plain
}

// deliver sends a batch until the outcome of each message is known. No attempt is repeated
// after until. maybeStored is whether an attempt with a larger batch may have stored these
// messages.
func (p *Publisher) deliver(batch []*Item, until time.Time, maybeStored bool) {
	if len(batch) == 0 {
		return
	}
	var ids []string
	unknown, err := p.retry(until, func(attempt int) error {
		var err error
		ids, err = p.post(batch, attempt)
		return err
	})
	maybeStored = maybeStored || unknown
	switch {
	case err == nil:
		p.buffer.resolve(batch, ids, nil)
	case len(batch) > 1 && p.errors.Classify(err).BlamesContent:
		p.buffer.relearnLimit()
		half := len(batch) / 2
		p.deliver(batch[:half], until, maybeStored)
		p.deliver(batch[half:], until, maybeStored)
	default:
		p.fail(batch, p.errors.Final(err, maybeStored))
	}
}

// post sends a batch once and tells the observer.
func (p *Publisher) post(batch []*Item, attempt int) ([]string, error) {
	messages := make([]wire.Outgoing, len(batch))
	bytes := 0
	for i, m := range batch {
		messages[i] = m.Message
		bytes += m.Size
	}
	started := time.Now()
	ids, err := p.queue.Post(p.ctx, messages)
	sent := observe.Batch{
		Queue: p.queue.Name(), Messages: len(batch), Bytes: p.config.requestSize(len(batch), bytes), Attempt: attempt,
		Outcome: observe.BatchStored, Took: time.Since(started), Err: err,
	}
	if err == nil {
		p.buffer.stored(len(batch))
	} else {
		failure := p.errors.Classify(err)
		sent.Outcome = observe.BatchRefused
		if failure.MayBeStored {
			sent.Outcome = observe.BatchUnknown
		}
		if failure.Transient || failure.MayBeStored {
			p.buffer.failed(started)
		}
	}
	p.queue.Observe(p.ctx, sent)
	return ids, err
}

// retry makes attempts until one succeeds, another one cannot help, or their time or
// their number is used up. unknown is whether an attempt that failed may have stored its
// messages.
func (p *Publisher) retry(until time.Time, try func(attempt int) error) (unknown bool, err error) {
	for attempt := 1; ; attempt++ {
		err := try(attempt)
		if err == nil {
			return unknown, nil
		}
		failure := p.errors.Classify(err)
		unknown = unknown || failure.MayBeStored
		last := attempt == p.config.Attempts || !p.mayRetry(failure)
		if last || !p.backOff(attempt, until, failure, err) {
			return unknown, err
		}
	}
}

// mayRetry reports whether another attempt may succeed, and whether it is safe: it stores
// nothing twice, or the user allowed duplicates.
func (p *Publisher) mayRetry(failure Failure) bool {
	return failure.Transient && (!failure.MayBeStored || p.config.AllowDuplicates)
}

// backOff waits before the next attempt. It returns false when the time for attempts is
// over or the publisher was stopped. The last wait is as long as that time lasts.
func (p *Publisher) backOff(attempt int, until time.Time, failure Failure, err error) bool {
	left := time.Until(until)
	if p.ctx.Err() != nil || left <= 0 {
		return false
	}
	if failure.RetryAfter > left {
		return false // the server asked for a longer wait than is left
	}
	wait := max(min(p.config.Backoff.Delay(attempt), left), failure.RetryAfter)
	p.queue.Observe(p.ctx, observe.Retry{
		Op: failure.Op, Queue: p.queue.Name(), Attempt: attempt + 1, Wait: wait, Status: failure.Status, Err: err,
	})
	return backoff.Wait(p.ctx, wait)
}
