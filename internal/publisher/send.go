package publisher

import (
	"time"

	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
)

// sendBatches is a sender: it sends one batch after another until none is ready.
func (p *Publisher) sendBatches() {
	for {
		batch, askLimit := p.buffer.next()
		switch {
		case askLimit:
			p.buffer.setLimit(p.queue.SizeLimit(p.ctx))
		case len(batch) == 0:
			return
		default:
			p.deliver(p.dropIgnoredDelays(batch), false)
		}
	}
}

// dropIgnoredDelays fails those messages of a batch whose delay the queue would ignore,
// and returns the others.
func (p *Publisher) dropIgnoredDelays(batch []*Item) []*Item {
	var plain, delayed []*Item
	for _, m := range batch {
		if m.Message.Delay == nil {
			plain = append(plain, m)
		} else {
			delayed = append(delayed, m)
		}
	}
	if len(delayed) == 0 {
		return batch
	}
	_, err := p.retry(func(int) error { return p.queue.CheckDelays(p.ctx) })
	if err == nil {
		return batch
	}
	p.buffer.resolve(delayed, nil, p.errors.Final(err, false))
	return plain
}

// deliver sends a batch until the outcome of each message is known. maybeStored is
// whether an attempt with a larger batch may have stored these messages.
func (p *Publisher) deliver(batch []*Item, maybeStored bool) {
	if len(batch) == 0 {
		return
	}
	var ids []string
	unknown, err := p.retry(func(attempt int) error {
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
		p.deliver(batch[:half], maybeStored)
		p.deliver(batch[half:], maybeStored)
	default:
		p.buffer.resolve(batch, nil, p.errors.Final(err, maybeStored))
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
	if err != nil {
		sent.Outcome = observe.BatchRefused
		if p.errors.Classify(err).MayBeStored {
			sent.Outcome = observe.BatchUnknown
		}
	}
	p.queue.Observe(p.ctx, sent)
	return ids, err
}

// retry makes attempts until one succeeds, another one cannot help, or the limit is
// reached. unknown is whether an attempt that failed may have stored its messages.
func (p *Publisher) retry(try func(attempt int) error) (unknown bool, err error) {
	for attempt := 1; ; attempt++ {
		err := try(attempt)
		if err == nil {
			return unknown, nil
		}
		failure := p.errors.Classify(err)
		unknown = unknown || failure.MayBeStored
		if attempt >= p.config.Attempts || !p.mayRetry(failure) || !p.backOff(attempt, failure, err) {
			return unknown, err
		}
	}
}

// mayRetry reports whether another attempt may succeed, and whether it is safe: it stores
// nothing twice, or the user allowed duplicates.
func (p *Publisher) mayRetry(failure Failure) bool {
	return failure.Transient && (!failure.MayBeStored || p.config.AllowDuplicates)
}

// backOff waits before the next attempt. It returns false when the publisher was
// stopped.
func (p *Publisher) backOff(attempt int, failure Failure, err error) bool {
	if p.ctx.Err() != nil {
		return false
	}
	wait := max(p.config.Backoff.Delay(attempt), failure.RetryAfter)
	p.queue.Observe(p.ctx, observe.Retry{
		Op: failure.Op, Queue: p.queue.Name(), Attempt: attempt + 1, Wait: wait, Status: failure.Status, Err: err,
	})
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.ctx.Done():
		return false
	}
}
