package zaqar

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/zaqar-go/zaqar/internal/plainjson"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/transport"
)

// Outgoing is a message to post that needs more than a body.
type Outgoing struct {
	// Body is any value that JSON can encode. nil is JSON's null.
	Body any
	// TTL is how long the server keeps the message: whole seconds, at least [MinTTL],
	// and at most 14 days unless the operator changed it. Defaults to the queue's own
	// default, an hour unless its metadata sets another ([Reserved]).
	TTL time.Duration
	// Delay hides the message for this long: whole seconds, at most 15 minutes.
	// Defaults to the queue's own default. V2 only, and only on queues with a
	// DefaultMessageDelay ([Reserved]): on others servers silently ignore the delay
	// (quirk 11). Post checks that first, with one more request, and then returns an
	// [*ArgumentError].
	Delay time.Duration
}

// Post posts messages and returns their ids in the same order. Each argument is one
// message. It can be any value that JSON can encode, which is the body, or an
// [Outgoing] with a TTL and a delay. A slice is one body, a []byte is encoded as
// base64, and a json.RawMessage is sent as it is. Either all messages are stored or
// none. Post creates the queue if it does not exist; on V1 that is one more request for
// each post.
//
// The whole request may have 256 KiB, unless the operator or the queue's metadata
// ([Reserved]) changed that. Post blocks until the server has answered. To post many
// messages at high throughput use a [Publisher]; for a slice of messages use
// [Queue.PostMany].
//
// Servers do not limit the number of messages, but proxies do: over HTTP the answer names
// all ids in one Location header, and a proxy that finds it too long answers 502 although
// all messages are stored (quirk 46). With the usual settings nginx does so from 104
// messages on, Apache from about 220 and HAProxy from about 400, and earlier with long
// queue names. Up to [DefaultBatchMessages] messages are safe. After a 502 to more, look
// with [Queue.Stats] or [Queue.Messages] whether they are stored before you post them
// again; the error says so, too. Over the WebSocket there is no such limit.
//
// Posting is not idempotent: posting twice stores twice. Therefore Post never repeats
// a request that may have been carried out, unless [Retry] allows duplicates, and never
// after a 502 to more than [DefaultBatchMessages] messages: each attempt would be stored.
// [Error.MayHaveActed] tells whether the messages may be stored. They may be after a 503,
// and after the end of the context: the request can still arrive, and can even create a
// queue again that was deleted meanwhile.
func (q *Queue) Post(ctx context.Context, bodies ...any) ([]string, error) {
	if len(bodies) == 0 {
		return nil, &ArgumentError{Op: string(wire.MessagePost), Argument: "bodies", Rule: "must have at least one message"}
	}
	messages := make([]wire.Outgoing, len(bodies))
	for i, body := range bodies {
		m, err := outgoing(body, fmt.Sprintf("message %d", i))
		if err != nil {
			return nil, err
		}
		if m.Delay != nil && !q.connection().takes(wire.MessagePost, "delay") {
			return nil, q.connection().unsupported(wire.MessagePost, "delay")
		}
		messages[i] = m
	}
	if err := q.prepare(ctx, messages); err != nil {
		return nil, err
	}
	return q.send(ctx, messages)
}

// send posts messages that are ready, and first creates the queue where the API
// version needs that.
func (q *Queue) send(ctx context.Context, messages []wire.Outgoing) ([]string, error) {
	if err := q.ensure(ctx); err != nil {
		return nil, err
	}
	r, err := q.call(ctx, wire.MessagePost, wire.Params{"messages": messages})
	if err != nil {
		return nil, r.info.explainPost(err)
	}
	return decode(r, func(data []byte) ([]string, error) { return wire.DecodePosted(data, len(messages)) })
}

// ensure creates the queue where posting does not. It does so before each post: somebody
// else may have deleted the queue, and the server would take messages that nobody can
// list (quirk 13).
func (q *Queue) ensure(ctx context.Context) error {
	route, err := wire.Lookup(wire.Version(q.connection().version), wire.MessagePost)
	if err != nil {
		return q.connection().unsupported(wire.MessagePost, "")
	}
	if !route.NeedsQueue {
		return nil
	}
	_, err = q.call(ctx, wire.QueueCreate, nil)
	return err
}

// prepare gives messages a TTL where the API version needs one, and refuses delays
// that the queue would ignore.
func (q *Queue) prepare(ctx context.Context, messages []wire.Outgoing) error {
	route, err := wire.Lookup(wire.Version(q.connection().version), wire.MessagePost)
	if err != nil {
		return q.connection().unsupported(wire.MessagePost, "")
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

// heedsDelays returns an error if the queue would ignore the delay of a message.
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
		Rule: "would be ignored, because the queue has no default delay: set " + KeyDefaultMessageDelay + " in its metadata first",
	}
}

// outgoing converts one argument of Post to its wire form.
func outgoing(value any, which string) (wire.Outgoing, error) {
	bad := func(rule string, err error) (wire.Outgoing, error) {
		return wire.Outgoing{}, &ArgumentError{Op: string(wire.MessagePost), Argument: which, Rule: rule, Err: err}
	}
	var o Outgoing
	switch v := value.(type) {
	case nil:
		return bad("is nil: to post JSON's null, post Outgoing{}", nil)
	case *Outgoing:
		if v == nil {
			return bad("is a nil *Outgoing", nil)
		}
		o = *v
	case Outgoing:
		o = v
	default:
		o.Body = v
	}
	switch misplaced(o.Body) {
	case typeOfOutgoing:
		return bad(fmt.Sprintf("has a %T as its body, which would be one message that contains the others: "+
			"to post each of them, use PostMany, or Publish them one by one", o.Body), nil)
	case typeOfMessage, typeOfClaim, typeOfQueue:
		return bad(fmt.Sprintf("is a %T, not a body: to post a message again, post its Body()", o.Body), nil)
	}
	encoded, err := plainjson.Share(o.Body) // a request copies it before Post returns
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

// PostMany posts messages in one request and returns their ids in the same order. It is
// [Queue.Post] for messages that are in a slice already: everything that is said there
// holds here. Without messages it returns an [*ArgumentError].
func (q *Queue) PostMany(ctx context.Context, messages []Outgoing) ([]string, error) {
	bodies := make([]any, len(messages))
	for i, m := range messages {
		bodies[i] = m
	}
	return q.Post(ctx, bodies...)
}

// Types that are never meant as a body. Encoded, most of them are an empty object.
var (
	typeOfOutgoing = reflect.TypeFor[Outgoing]()
	typeOfMessage  = reflect.TypeFor[Message]()
	typeOfClaim    = reflect.TypeFor[Claim]()
	typeOfQueue    = reflect.TypeFor[Queue]()
)

// misplaced returns which of these types a body is, or has as the elements of a list, a
// map or a pointer; nil if it is an ordinary body.
func misplaced(body any) reflect.Type {
	switch v := body.(type) {
	case nil:
		return nil
	case []any:
		for _, element := range v {
			if found := misplaced(element); found != nil {
				return found
			}
		}
		return nil
	}
	t := reflect.TypeOf(body)
	for range deepestBody {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			t = t.Elem()
		default:
			switch t {
			case typeOfOutgoing, typeOfMessage, typeOfClaim, typeOfQueue:
				return t
			}
			return nil
		}
	}
	return nil
}

// deepestBody bounds the search, since a type may contain itself.
const deepestBody = 8

// onlySocket reports whether the client has nothing but the WebSocket.
func (c *Conn) onlySocket() bool {
	_, only := c.transport.(*transport.WebSocket)
	return only
}

// errAnswerTooLong explains a 502 that follows a large post.
var errAnswerTooLong = errors.New("most likely all messages are stored: the answer names all ids in one header, " +
	"which is too long for a proxy in front of the service (quirk 46); look into the queue with Stats or Messages before you post them again")

// explainPost adds to the error of a post what has most likely happened.
func (c callInfo) explainPost(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || !c.answerTooLong(e) {
		return err
	}
	explained := *e
	explained.Err = errAnswerTooLong
	return &explained
}
