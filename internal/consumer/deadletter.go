package consumer

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/observe"
)

// DeadLetter is a message that the consumer gave up.
type DeadLetter struct {
	ID          string
	Reason      string // the text of the last failure, at most maxReason bytes of valid UTF-8
	Permanent   bool
	Attempts    int       // that failed
	First, Last time.Time // of these failures, in UTC
	Body        []byte
}

// maxReason limits the text of a reason, in bytes.
const maxReason = 1024

// deadLetter posts a message to the dead-letter queue, and then deletes it.
func (d *Delivery) deadLetter(ctx context.Context, e entry, failure error, permanent bool) error {
	c := d.consumer
	letter := DeadLetter{
		ID: d.message.ID(), Reason: reason(failure), Permanent: permanent,
		Attempts: e.failures, First: e.first.UTC(), Last: e.last.UTC(), Body: d.message.Body(),
	}
	bare := false
	err := d.try(ctx, settlement{
		wait: func(int) time.Duration { return d.letterWait() },
		send: func(ctx context.Context) (_ bool, err error) {
			bare, err = c.queue.PostDeadLetter(ctx, letter)
			return false, err
		},
	})
	if err != nil {
		err = errors.Join(failure, err)
		d.deadLetterFailed(ctx, err)
		return err
	}
	d.deadLettered(letter, bare)
	return d.deleteAndFinish(ctx, func() {})
}

// deadLettered counts and reports a dead letter that was posted.
func (d *Delivery) deadLettered(letter DeadLetter, bare bool) {
	c := d.consumer
	c.mu.Lock()
	defer c.unlock()
	c.stats.DeadLettered++
	c.history.markFinished(letter.ID) // no second letter if the message comes again
	c.reportLocked(observe.DeadLettered{
		Queue: c.queue.Name(), Message: letter.ID, To: c.config.DeadLetter, Attempts: letter.Attempts, Reason: letter.Reason,
		Bare: bare,
	})
}

// deadLetterFailed keeps a message that could not become a dead letter, and tries again
// later.
func (d *Delivery) deadLetterFailed(ctx context.Context, err error) {
	c := d.consumer
	c.mu.Lock()
	defer c.unlock()
	if d.callerMayRetryLocked(ctx) {
		d.setStageLocked(running)
		return
	}
	wait := letterBackoff.Longest(max(c.history.of(d.message.ID()).letters, 1))
	d.scheduleRetryLocked(max(c.config.longestWait(), wait), err)
}

// letterWait counts one more dead letter of the message whose outcome is unknown, and
// returns the wait before the next one.
func (d *Delivery) letterWait() time.Duration {
	c := d.consumer
	c.mu.Lock()
	defer c.unlock()
	return backoff.Jittered(letterBackoff.Longest(c.history.posted(d.message.ID())))
}

// reason returns the text of a failure for a dead letter.
func reason(err error) string {
	text := strings.ToValidUTF8(err.Error(), "\uFFFD")
	if len(text) <= maxReason {
		return text
	}
	end := maxReason - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
