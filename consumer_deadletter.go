package zaqar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
)

// DeadLetter is a message that a [Consumer] gave up: the envelope in which it lies in
// the dead-letter queue, and why. [ReadDeadLetter] opens it. To try once more, post
// its Body to its Queue and delete the dead letter.
//
// On the wire it is an object; version is 1, times are RFC 3339:
//
//	{"zaqar_dead_letter": 1, "queue": "wot", "id": "…", "reason": "…",
//	 "permanent": false, "attempts": 5, "first": "…", "last": "…", "body": …}
//
// It is posted before the message is deleted. A crash in between, or an answer that
// got lost, leaves two dead letters with one id, or one beside the message; none is
// lost.
type DeadLetter struct {
	// Queue is where the message was, ID what its id was there.
	Queue, ID string
	// Reason is the text of the last failure, at most 1 KiB of it.
	Reason string
	// Permanent is whether the handler called the failure [Permanent].
	Permanent bool
	// Attempts is how many attempts of one consumer failed, First when the first of
	// them did and Last when the last, by that consumer's clock.
	Attempts    int
	First, Last time.Time
	// Body is the message's body as it was.
	Body json.RawMessage
}

// mostReason bounds the text of a reason, in bytes.
const mostReason = 1024

// deadLetterVersion is the version of the envelope that this package writes.
const deadLetterVersion = 1

// deadLetter is DeadLetter on the wire.
type deadLetter struct {
	Version   int             `json:"zaqar_dead_letter"`
	Queue     string          `json:"queue"`
	ID        string          `json:"id"`
	Reason    string          `json:"reason"`
	Permanent bool            `json:"permanent"`
	Attempts  int             `json:"attempts"`
	First     time.Time       `json:"first"`
	Last      time.Time       `json:"last"`
	Body      json.RawMessage `json:"body"`
}

// ReadDeadLetter opens a message of a dead-letter queue. One that no [Consumer] put
// there, such as those that Zaqar moves itself, is an error that matches
// [ErrMalformed].
func ReadDeadLetter(m *Message) (*DeadLetter, error) {
	letter, err := decodeDeadLetter(m.state.Load().Body)
	if err != nil {
		return nil, fmt.Errorf("zaqar: message %s of %s: %w", m.ID(), m.queue.name, err)
	}
	return letter, nil
}

func decodeDeadLetter(body []byte) (*DeadLetter, error) {
	var read deadLetter
	if err := wire.Unmarshal(body, &read); err != nil {
		return nil, fmt.Errorf("%w: it is no dead letter: %w", ErrMalformed, err)
	}
	if read.Version != deadLetterVersion {
		return nil, fmt.Errorf("%w: it is no dead letter of version %d", ErrMalformed, deadLetterVersion)
	}
	if read.Body == nil {
		read.Body = json.RawMessage("null")
	}
	return &DeadLetter{
		read.Queue, read.ID, read.Reason, read.Permanent, read.Attempts, read.First, read.Last, read.Body,
	}, nil
}

// Decode decodes the body into v, as [Message.Decode] does.
func (d *DeadLetter) Decode(v any) error {
	if err := wire.Unmarshal(d.Body, v); err != nil {
		return fmt.Errorf("zaqar: decode dead letter %s of %s: %w", d.ID, d.Queue, err)
	}
	return nil
}

// String returns "<DeadLetter [wot] attempts:5>".
func (d *DeadLetter) String() string {
	return fmt.Sprintf("<DeadLetter [%s] attempts:%d>", d.Queue, d.Attempts)
}

// reason is the text of a failure as it goes into an envelope.
func reason(err error) string {
	text := strings.ToValidUTF8(err.Error(), "\uFFFD")
	if len(text) <= mostReason {
		return text
	}
	end := mostReason - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// bury posts a message to the dead-letter queue and then deletes it.
func (d *Delivery) bury(ctx context.Context, r record, failed error, permanent bool) error {
	c := d.consumer
	letter := deadLetter{
		Version: deadLetterVersion, Queue: c.queue.name, ID: d.message.ID(), Reason: reason(failed),
		Permanent: permanent, Attempts: r.failures, First: r.first.UTC(), Last: r.last.UTC(), Body: d.message.Body(),
	}
	if err := d.insist(ctx, func(ctx context.Context) (bool, error) { return c.postLetter(ctx, letter) }); err != nil {
		return d.notBuried(ctx, errors.Join(failed, err))
	}
	c.mu.Lock()
	c.stats.DeadLettered++
	c.past.finish(d.message.ID()) // no second letter, should it come again
	c.news = append(c.news, observe.DeadLettered{
		Queue: c.queue.name, Message: d.message.ID(), To: c.config.DeadLetter, Attempts: r.failures, Reason: letter.Reason,
	})
	c.unlock()
	return d.conclude(ctx, func() {})
}

// postLetter posts an envelope. A refusal is final.
func (c *Consumer) postLetter(ctx context.Context, letter deadLetter) (final bool, err error) {
	to := Queue{conn: c.queue.conn, name: c.config.DeadLetter}
	message := Outgoing{Body: letter, TTL: c.config.DeadLetterTTL}
	if message.TTL == 0 {
		message.TTL = defaultDeadLetterTTL
	}
	_, err = to.Post(ctx, message)
	if c.config.DeadLetterTTL == 0 && errors.Is(err, ErrInvalid) {
		message.TTL = 0 // longer than this server allows, perhaps
		_, err = to.Post(ctx, message)
	}
	refused := errors.Is(err, ErrInvalid) || errors.Is(err, ErrForbidden) || errors.Is(err, ErrNotFound)
	return refused, err
}

// notBuried keeps a message that could not become a dead letter: nothing is dropped.
func (d *Delivery) notBuried(ctx context.Context, err error) error {
	c := d.consumer
	c.mu.Lock()
	defer c.unlock()
	if ctx.Err() != nil && !d.served && !d.lease.over() && c.work.Err() == nil {
		d.stage = atWork // its taker may try again
		return err
	}
	d.putOff(c.config.backoff().Longest(longRow), err)
	return err
}
