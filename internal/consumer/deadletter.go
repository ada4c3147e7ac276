package consumer

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

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
	err := d.retryUntilSettled(ctx, func(ctx context.Context) (bool, error) { return c.queue.PostDeadLetter(ctx, letter) })
	if err != nil {
		err = errors.Join(failure, err)
		d.deadLetterFailed(ctx, err)
		return err
	}
	d.deadLettered(letter)
	return d.deleteAndFinish(ctx, func() {})
}

// deadLettered counts and reports a dead letter that was posted.
func (d *Delivery) deadLettered(letter DeadLetter) {
	c := d.consumer
	c.mu.Lock()
	defer c.unlock()
	c.stats.DeadLettered++
	c.history.markFinished(letter.ID) // no second letter if the message comes again
	c.reportLocked(observe.DeadLettered{
		Queue: c.queue.Name(), Message: letter.ID, To: c.config.DeadLetter, Attempts: letter.Attempts, Reason: letter.Reason,
	})
}

// deadLetterFailed keeps a message that could not become a dead letter, and tries again
// later.
func (d *Delivery) deadLetterFailed(ctx context.Context, err error) {
	c := d.consumer
	c.mu.Lock()
	defer c.unlock()
	if d.callerMayRetryLocked(ctx) {
		d.stage = running
		return
	}
	d.scheduleRetryLocked(c.config.longestWait(), err)
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
