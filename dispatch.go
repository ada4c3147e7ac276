package zaqar

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
)

// send sends batches as long as there are any.
func (p *Publisher) send() {
	for batch := p.outbox.next(p.learn); batch != nil; batch = p.outbox.next(p.learn) {
		p.deliver(p.heeded(batch), false)
	}
}

// learn asks how large a request to the queue may be. When it cannot be learned, a
// message that looks too large is sent all the same, alone, for the server to say.
func (p *Publisher) learn() sizeLimit {
	reserved, err := p.reserved()
	if err != nil || reserved.MaxMessagesPostSize <= 0 {
		return sizeLimit{bytes: postSize}
	}
	return sizeLimit{bytes: reserved.MaxMessagesPostSize, certain: true}
}

func (p *Publisher) reserved() (Reserved, error) {
	metadata, err := p.queue.Metadata(p.ctx)
	if err != nil {
		return Reserved{}, err
	}
	return metadata.Reserved()
}

// heeded ends the messages of a batch whose delay the queue would ignore, and
// returns the others.
func (p *Publisher) heeded(batch []*parcel) []*parcel {
	var plain, delayed []*parcel
	for _, m := range batch {
		if m.message.Delay == nil {
			plain = append(plain, m)
		} else {
			delayed = append(delayed, m)
		}
	}
	if len(delayed) == 0 {
		return batch
	}
	_, err := p.attempts(func(int) error { return p.queue.heedsDelays(p.ctx, "the message") })
	if err == nil {
		return batch
	}
	p.outbox.settle(delayed, nil, p.verdict(err, false))
	return plain
}

// deliver sends a batch until its fate is settled. doubtful is whether some of it may
// be stored already.
func (p *Publisher) deliver(batch []*parcel, doubtful bool) {
	if len(batch) == 0 {
		return
	}
	var ids []string
	unknown, err := p.attempts(func(attempt int) error {
		var err error
		ids, err = p.post(batch, attempt)
		return err
	})
	doubtful = doubtful || unknown
	if err != nil && len(batch) > 1 && blames(err) {
		p.outbox.doubt()
		half := len(batch) / 2
		p.deliver(batch[:half], doubtful)
		p.deliver(batch[half:], doubtful)
		return
	}
	p.outbox.settle(batch, ids, p.verdict(err, doubtful))
}

// post sends a batch once, and tells the observer.
func (p *Publisher) post(batch []*parcel, attempt int) ([]string, error) {
	messages := make([]wire.Outgoing, len(batch))
	held := 0
	for i, m := range batch {
		messages[i] = m.message
		held += m.size
	}
	started := time.Now()
	ids, err := p.queue.send(p.ctx, messages)
	seen := observe.Batch{
		Queue: p.queue.name, Messages: len(batch), Bytes: p.outbox.size(len(batch), held), Attempt: attempt,
		Outcome: observe.BatchStored, Took: time.Since(started), Err: err,
	}
	if err != nil {
		seen.Outcome = observe.BatchRefused
		if mayHavePosted(err) {
			seen.Outcome = observe.BatchUnknown
		}
	}
	p.queue.conn.observer.report(p.ctx, seen)
	return ids, err
}

// attempts calls until that succeeds, has failed for good, or was tried often
// enough. unknown is whether one of the attempts may have posted all the same.
func (p *Publisher) attempts(call func(attempt int) error) (unknown bool, err error) {
	for attempt := 1; ; attempt++ {
		err := call(attempt)
		unknown = unknown || mayHavePosted(err)
		if err == nil || attempt >= p.config.Attempts || !p.again(err) || !p.pause(attempt, err) {
			return unknown, err
		}
	}
}

// again reports whether another attempt may help, and can do no harm that the user
// did not allow.
func (p *Publisher) again(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok || errors.Is(err, ErrMalformed) || errors.Is(err, ErrUnauthorized) || errors.Is(err, transport.ErrClosed) {
		return false
	}
	if mayHavePosted(err) && !p.config.AllowDuplicates {
		return false
	}
	return e.Code == 0 || e.Code >= 500 || e.Code == http.StatusRequestTimeout || e.Code == http.StatusTooManyRequests
}

// pause waits before the next attempt. It returns false when the publisher has been
// stopped.
func (p *Publisher) pause(attempt int, err error) bool {
	if p.ctx.Err() != nil {
		return false
	}
	e, _ := errors.AsType[*Error](err)
	wait := backoff.Backoff{First: p.config.RetryDelay, Most: p.config.MaxRetryDelay}.Delay(attempt)
	p.queue.conn.observer.report(p.ctx, observe.Retry{
		Op: e.Op, Queue: p.queue.name, Attempt: attempt + 1, Wait: wait, Status: e.Code, Err: err,
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

// verdict is the error that the futures of a batch get.
func (p *Publisher) verdict(err error, doubtful bool) error {
	e, ok := errors.AsType[*Error](err)
	switch {
	case err == nil || !ok && SafeToRetry(err):
		return err
	case !ok:
		return p.unsent(err)
	case e.Op != string(wire.MessagePost): // what comes before a post failed
		e = p.unsent(err)
	}
	if doubtful && !e.maybeActed {
		told := *e
		told.maybeActed = true
		told.Err = errEarlier
		if e.Err != nil {
			told.Err = fmt.Errorf("%w (%w)", e.Err, errEarlier)
		}
		e = &told
	}
	return e
}

var errEarlier = errors.New("an earlier attempt may have stored it")

// mayHavePosted reports whether a failed attempt may have stored its messages.
func mayHavePosted(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && !e.SafeToRetry()
}

// blames reports whether a batch was refused for what it holds, so that parts of it
// may be accepted: by the server, or by a transport that has no words for it.
func blames(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return errors.Is(err, ErrUnsupported) || ok && e.Op == string(wire.MessagePost) &&
		(e.Code == http.StatusBadRequest || e.Code == http.StatusRequestEntityTooLarge)
}
