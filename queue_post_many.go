package zaqar

import (
	"context"
	"errors"
	"net/http"
	"reflect"

	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/transport"
)

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
func (q *Queue) explainPost(err error, messages int) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Op != string(wire.MessagePost) || e.Code != http.StatusBadGateway || messages <= DefaultBatchMessages || q.conn.onlySocket() {
		return err
	}
	explained := *e
	explained.Err = errAnswerTooLong
	return &explained
}
