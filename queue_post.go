package zaqar

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar/internal/plainjson"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// Outgoing is a message to be posted, for those who want more than a body.
type Outgoing struct {
	// Body is any value that JSON can encode; nil is JSON's null.
	Body any
	// TTL is how long the message is kept: whole seconds, at least [MinTTL];
	// servers allow 14 days unless the operator changed it. Zero means the queue's
	// default (an hour unless its metadata says otherwise).
	TTL time.Duration
	// Delay hides the message for that long: whole seconds; servers allow 15
	// minutes. Zero means the queue's default. V2 only, and only on queues whose
	// DefaultMessageDelay is set: elsewhere servers ignore it without a word (quirk
	// 11), so Post looks there first, by one more request, and refuses.
	Delay time.Duration
}

// Post posts messages and returns their ids in the same order. Each argument is
// one message: any value that JSON can encode is its body (a slice is one body,
// not many; a []byte is encoded in base64; for JSON that is encoded already use
// json.RawMessage), and an [Outgoing] has a TTL and a delay too. All are stored or
// none. The queue is created when it does not exist.
//
// Servers limit the whole request to 256 KiB, unless the operator or the queue's
// metadata changed that; there is no limit on the number of messages.
//
// Post is never repeated when the messages may have been stored: posting twice
// stores twice. An error tells by [Error.MayHaveActed]; a 503 says that they may.
// So does a context that ended: the request may still arrive, and even create
// again a queue that was deleted in between.
func (q *Queue) Post(ctx context.Context, bodies ...any) ([]string, error) {
	if len(bodies) == 0 {
		return nil, &ArgumentError{Op: string(wire.MessagePost), Argument: "bodies", Rule: "must be one message at least"}
	}
	messages := make([]wire.Outgoing, len(bodies))
	for i, body := range bodies {
		m, err := outgoing(body, fmt.Sprintf("message %d", i))
		if err != nil {
			return nil, err
		}
		if m.Delay != nil && !q.conn.takes(wire.MessagePost, "delay") {
			return nil, q.conn.unsupported(wire.MessagePost, "delay")
		}
		messages[i] = m
	}
	if err := q.prepare(ctx, messages); err != nil {
		return nil, err
	}
	return q.send(ctx, messages)
}

// send posts messages that are ready, and creates the queue where the API version
// wants that, once for each client.
func (q *Queue) send(ctx context.Context, messages []wire.Outgoing) ([]string, error) {
	if err := q.ensure(ctx); err != nil {
		return nil, err
	}
	r, err := q.call(ctx, wire.MessagePost, wire.Params{"messages": messages})
	if err != nil {
		return nil, err
	}
	return decode(r, func(data []byte) ([]string, error) { return wire.DecodePosted(data, len(messages)) })
}

// ensure creates the queue where posting does not.
func (q *Queue) ensure(ctx context.Context) error {
	route, err := wire.Lookup(wire.Version(q.conn.version), wire.MessagePost)
	if err != nil {
		return q.conn.unsupported(wire.MessagePost, "")
	}
	if _, made := q.conn.made.Load(q.name); made || !route.NeedsQueue {
		return nil
	}
	if _, err := q.call(ctx, wire.QueueCreate, nil); err != nil {
		return err
	}
	q.conn.made.Store(q.name, true)
	return nil
}

// prepare does what the API version wants of messages: it gives them a TTL, and
// refuses delays that the queue would ignore.
func (q *Queue) prepare(ctx context.Context, messages []wire.Outgoing) error {
	route, err := wire.Lookup(wire.Version(q.conn.version), wire.MessagePost)
	if err != nil {
		return q.conn.unsupported(wire.MessagePost, "")
	}
	for i := range messages {
		if messages[i].TTL == nil && route.TTL > 0 {
			messages[i].TTL = &route.TTL
		}
	}
	for i := range messages {
		if messages[i].Delay != nil {
			return q.heedsDelays(ctx, fmt.Sprintf("message %d", i))
		}
	}
	return nil
}

// heedsDelays refuses the delay of a message on a queue where it would be ignored.
func (q *Queue) heedsDelays(ctx context.Context, which string) error {
	metadata, err := q.Metadata(ctx)
	if err != nil {
		return err
	}
	reserved, err := metadata.Reserved()
	if err != nil || reserved.DefaultMessageDelay != 0 {
		return err
	}
	return &ArgumentError{
		Op: string(wire.MessagePost), Argument: which + "'s Delay",
		Rule: "would be ignored: the queue has no default delay; set " + KeyDefaultMessageDelay + " in its metadata first",
	}
}

// outgoing brings one argument of Post to the wire's form.
func outgoing(value any, which string) (wire.Outgoing, error) {
	bad := func(rule string, err error) (wire.Outgoing, error) {
		return wire.Outgoing{}, &ArgumentError{Op: string(wire.MessagePost), Argument: which, Rule: rule, Err: err}
	}
	var o Outgoing
	switch v := value.(type) {
	case nil:
		return bad("is nil; for JSON's null post Outgoing{}", nil)
	case *Outgoing:
		if v == nil {
			return bad("is a nil *Outgoing", nil)
		}
		o = *v
	case Outgoing:
		o = v
	case *Message, *Claim, *Queue:
		return bad(fmt.Sprintf("is a %T, not a body; to post a message again, post its Body()", v), nil)
	default:
		o.Body = v
	}
	encoded, err := plainjson.Marshal(o.Body)
	switch {
	case errors.Is(err, plainjson.ErrText):
		return bad("holds text that is not valid UTF-8, which JSON cannot carry; encode it, in base64 for instance", nil)
	case err != nil:
		return bad("cannot be encoded as JSON", err)
	}
	message := wire.Outgoing{Body: encoded}
	if o.TTL != 0 {
		ttl, err := seconds(wire.MessagePost, which+"'s TTL", o.TTL, MinTTL)
		if err != nil {
			return wire.Outgoing{}, err
		}
		message.TTL = &ttl
	}
	if o.Delay != 0 {
		delay, err := seconds(wire.MessagePost, which+"'s Delay", o.Delay, time.Second)
		if err != nil {
			return wire.Outgoing{}, err
		}
		message.Delay = &delay
	}
	return message, nil
}
