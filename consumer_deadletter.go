package zaqar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zaqar-go/zaqar/internal/consumer"
	"github.com/zaqar-go/zaqar/internal/plainjson"
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
// A body that is not JSON (servers pass on Infinity and NaN), or that would break servers
// inside of an envelope, is a text under "body_text" instead of "body". A body that is too
// large for the envelope is posted as it is, without an envelope; observe.DeadLettered then
// has Bare set, and says its id and the reason.
//
// A dead letter is posted before the message is deleted. After a crash in between, or a lost answer,
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
	// Body is the unchanged body of the message. It is not JSON if the message's was not,
	// such as Infinity.
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
	Body      json.RawMessage `json:"body,omitzero"`
	BodyText  string          `json:"body_text,omitzero"`
}

// ReadDeadLetter reads a dead letter from a message of a dead-letter queue. If no
// [Consumer] put the message there, but Zaqar itself for example, it returns an error that
// matches [ErrMalformed].
func ReadDeadLetter(m *Message) (*DeadLetter, error) {
	letter, err := decodeDeadLetter(m.read().Body)
	if err != nil {
		return nil, fmt.Errorf("zaqar: message %s of %s: %w", m.ID(), orNone(m.queue).name, err)
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
	switch {
	case read.BodyText != "":
		read.Body = json.RawMessage(read.BodyText)
	case read.Body == nil:
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

// PostDeadLetter posts a dead letter for the consumer's engine. What does not fit into an
// envelope is posted bare.
func (q consumerQueue) PostDeadLetter(ctx context.Context, l consumer.DeadLetter) (bare bool, err error) {
	letter := deadLetter{
		Version: deadLetterVersion, Queue: q.queue.name, ID: l.ID, Reason: l.Reason,
		Permanent: l.Permanent, Attempts: l.Attempts, First: l.First, Last: l.Last,
	}
	passes := json.Valid(l.Body) && utf8.Valid(l.Body) && wire.CheckBody(l.Body) == ""
	if passes {
		letter.Body = l.Body
	} else {
		letter.BodyText = strings.ToValidUTF8(string(l.Body), "\uFFFD")
	}
	envelope, err := plainjson.Marshal(letter)
	if err != nil {
		return false, err
	}
	err = q.postDeadLetter(ctx, envelope)
	if !tooLarge(err) {
		return false, err
	}
	alone := json.RawMessage(l.Body)
	if !passes {
		if alone, err = plainjson.Marshal(letter.BodyText); err != nil {
			return false, err
		}
	}
	return true, q.postDeadLetter(ctx, alone)
}

// postDeadLetter posts a body to the dead-letter queue.
func (q consumerQueue) postDeadLetter(ctx context.Context, body json.RawMessage) error {
	to := Queue{conn: q.queue.connection(), name: q.config.DeadLetter}
	message := Outgoing{TTL: q.config.DeadLetterTTL, Body: body}
	if message.TTL == 0 {
		message.TTL = defaultDeadLetterTTL
	}
	ctx = sentOnce(ctx)
	_, err := to.Post(ctx, message)
	if q.config.DeadLetterTTL == 0 && errors.Is(err, ErrInvalid) && !tooLarge(err) {
		message.TTL = 0 // the default may be longer than this server allows
		_, err = to.Post(ctx, message)
	}
	return err
}

// tooLarge reports whether a server has refused a message for its size.
func tooLarge(err error) bool {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		return false
	case e.Code == http.StatusRequestEntityTooLarge:
		return true
	}
	text := strings.ToLower(e.Title + " " + e.Description)
	return e.Code == http.StatusBadRequest && (strings.Contains(text, "too large") || strings.Contains(text, "size"))
}
