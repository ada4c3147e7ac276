package zaqar

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar/internal/plainjson"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/transport"
)

// MessageFields are the properties of a message that [NewMessage] makes. All may be zero.
type MessageFields struct {
	// ID is the message's id, and Queue the name of its queue. They default to "message"
	// and "queue".
	ID, Queue string
	// Body is any value that JSON can encode; a json.RawMessage is taken as it is. nil is
	// JSON's null.
	Body any
	// TTL defaults to an hour. TTL and Age are in whole seconds.
	TTL, Age time.Duration
	// ClaimID is the claim that brought the message, and ClaimCount how often it was
	// claimed.
	ClaimID    string
	ClaimCount int
}

// NewMessage makes a message without a server, so that a [Handler], or any function that
// takes a Message, can be tested without one. It does no I/O. If the body cannot be
// encoded, the error is an [*ArgumentError].
//
// Methods that only read work as usual. The message is [Claimed] if there is a ClaimID,
// else [Free]. Methods that need the server (Delete, Reload, and those of Queue) return an
// error that matches [ErrUnsupported]. To test code that calls them, post the message to
// the embedded server of package zaqartest.
func NewMessage(fields MessageFields) (*Message, error) {
	body, err := plainjson.Marshal(fields.Body)
	if err != nil {
		return nil, &ArgumentError{Op: "new_message", Argument: "Body", Rule: "cannot be encoded as JSON", Err: err}
	}
	client, err := Connect(context.Background(), "", WithTransport(noServer{}), WithVersion(V2), WithProject("none"))
	if err != nil {
		return nil, err
	}
	status := Free
	if fields.ClaimID != "" {
		status = Claimed
	}
	return newMessage(client.Queue(cmp.Or(fields.Queue, "queue")), wire.Message{
		ID: cmp.Or(fields.ID, "message"), Body: body,
		TTL:     wire.Seconds(cmp.Or(fields.TTL, time.Hour).Truncate(time.Second)),
		Age:     wire.Seconds(fields.Age.Truncate(time.Second)),
		ClaimID: fields.ClaimID, ClaimCount: wire.Count(fields.ClaimCount),
	}, status, fields.ClaimID), nil
}

// noServer is the transport of messages that were made without a server.
type noServer struct{}

func (noServer) Do(context.Context, *transport.Request) (*transport.Response, error) {
	return nil, fmt.Errorf("%w: the message was made by NewMessage and has no server", transport.ErrNoAction)
}

func (noServer) Close() error { return nil }
