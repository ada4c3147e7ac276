package zaqar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar/internal/consumer"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// DeadLetter is a message that a [Consumer] gave up, with the reason. [ReadDeadLetter]
// reads it from a message of the dead-letter queue. To try again, post its Body to its
// Queue and delete the dead letter.
//
// On the wire it is a JSON object; its version is 1 and times are RFC 3339:
//
//	{"zaqar_dead_letter": 1, "queue": "wot", "id": "…", "reason": "…",
//	 "permanent": false, "attempts": 5, "first": "…", "last": "…", "body": …}
//
// It is posted before the message is deleted. After a crash in between, or a lost answer,
// there may be two dead letters with one id, or one in addition to the message. None is
// lost.
type DeadLetter struct {
	// Queue is the queue that the message was in, ID its id there.
	Queue, ID string
	// Reason is the text of the last failure, cut off after 1 KiB.
	Reason string
	// Permanent is set if the handler returned a [Permanent] error.
	Permanent bool
	// Attempts is how many attempts of one consumer failed. First and Last are the times
	// of the first and the last of these failures, by that consumer's clock.
	Attempts    int
	First, Last time.Time
	// Body is the unchanged body of the message.
	Body json.RawMessage
}

// deadLetterVersion is the version of the wire form that this package writes.
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

// ReadDeadLetter reads a dead letter from a message of a dead-letter queue. If no
// [Consumer] put the message there, but Zaqar itself for example, it returns an error that
// matches [ErrMalformed].
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
		return nil, fmt.Errorf("%w: not a dead letter: %w", ErrMalformed, err)
	}
	if read.Version != deadLetterVersion {
		return nil, fmt.Errorf("%w: not a dead letter of version %d", ErrMalformed, deadLetterVersion)
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

// PostDeadLetter posts a dead letter for the consumer's engine.
func (q consumerQueue) PostDeadLetter(ctx context.Context, l consumer.DeadLetter) (final bool, err error) {
	ctx = sentOnce(ctx)
	to := Queue{conn: q.queue.conn, name: q.config.DeadLetter}
	message := Outgoing{TTL: q.config.DeadLetterTTL, Body: deadLetter{
		Version: deadLetterVersion, Queue: q.queue.name, ID: l.ID, Reason: l.Reason,
		Permanent: l.Permanent, Attempts: l.Attempts, First: l.First, Last: l.Last, Body: l.Body,
	}}
	if message.TTL == 0 {
		message.TTL = defaultDeadLetterTTL
	}
	_, err = to.Post(ctx, message)
	if q.config.DeadLetterTTL == 0 && errors.Is(err, ErrInvalid) {
		message.TTL = 0 // the default may be longer than this server allows
		_, err = to.Post(ctx, message)
	}
	final = errors.Is(err, ErrInvalid) || errors.Is(err, ErrForbidden) || errors.Is(err, ErrNotFound)
	return final, err
}
