package zaqar

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/zaqar-go/zaqar/internal/plainjson"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/transport"
)

// Message is a message as it was read by [Queue.Messages], [Queue.Message],
// [Queue.Pop] or [Queue.Claim]. It is safe for concurrent use.
type Message struct {
	queue *Queue
	state atomic.Pointer[messageState]
	first messageState // what state points to until the message is read again
}

// messageState is the result of one read. It never changes.
type messageState struct {
	wire.Message
	status Status
	// claim is the claim that brought the message, and so the right to delete it. The
	// claim id in an href is no such right: it can be old, or somebody else's.
	claim string
}

// read returns the result of the last read.
func (m *Message) read() *messageState {
	if s := m.state.Load(); s != nil {
		return s
	}
	return &messageState{} // of the zero Message
}

func newMessage(q *Queue, m wire.Message, status Status, claim string) *Message {
	msg := &Message{queue: q, first: messageState{Message: m, status: status, claim: claim}}
	msg.state.Store(&msg.first)
	return msg
}

// Status says whether a message is free, claimed or gone.
type Status int

// The values of Status.
const (
	// Free: no claim holds the message.
	Free Status = 1
	// Claimed: a claim holds the message.
	Claimed Status = 2
	// Gone: the message is no longer in the queue. It was popped, or deleted through
	// this Message.
	Gone Status = 3
)

// String returns "Free", "Claimed" or "Gone".
func (s Status) String() string {
	switch s {
	case Free:
		return "Free"
	case Claimed:
		return "Claimed"
	case Gone:
		return "Gone"
	}
	return fmt.Sprintf("Status(%d)", int(s))
}

// ID returns the message's id.
func (m *Message) ID() string { return m.read().ID }

// Href returns the message's path from the service's root:
// "/v2/queues/wot/messages/50b68a50d6f5b8c8a7c62b01". It leaves out the claim that
// servers add.
func (m *Message) Href() string { return orNone(m.queue).Href() + "/messages/" + m.ID() }

// Queue returns the queue that the message is in.
func (m *Message) Queue() *Queue { return orNone(m.queue) }

// TTL returns how long the server keeps the message, counted from when it was posted.
// A claim can prolong it.
func (m *Message) TTL() time.Duration { return time.Duration(m.read().TTL) }

// Age returns how long before the read the message was posted, in whole seconds by
// the server's clock. It does not grow; see [Message.Reload].
func (m *Message) Age() time.Duration { return time.Duration(m.read().Age) }

// Body returns the body as the server sent it: any JSON value.
func (m *Message) Body() json.RawMessage { return slices.Clone(m.read().Body) }

// Decode decodes the body into v like json.Unmarshal, with one difference: a number
// decoded into an any is a json.Number, which keeps all its digits.
func (m *Message) Decode(v any) error {
	s := m.read()
	if err := wire.Unmarshal(s.Body, v); err != nil {
		return fmt.Errorf("zaqar: decode message %s of %s: %w", s.ID, orNone(m.queue).name, err)
	}
	return nil
}

// ClaimID returns the claim that brought the message, or the one named in its href,
// which may be over. It is "" if there is none.
func (m *Message) ClaimID() string {
	s := m.read()
	if s.claim != "" {
		return s.claim
	}
	return s.ClaimID
}

// ClaimCount returns how often the message was claimed. Servers report it only for
// popped messages, on queues that count claims; otherwise it is 0.
func (m *Message) ClaimCount() int { return int(m.read().ClaimCount) }

// Checksum returns the server's checksum of the body ("MD5:…"), or "" if the server
// sent none. See [WithChecksums].
func (m *Message) Checksum() string { return m.read().Checksum }

// String returns "<Message ttl:120>".
func (m *Message) String() string {
	return fmt.Sprintf("<Message ttl:%d>", wire.ToSeconds(m.TTL()))
}

// Status reports whether the message was free or claimed when it was read. Call
// [Message.Reload] first for its current status.
//
// A message of a claim is Claimed and one of a listing without [IncludeClaimed] is
// Free; then nothing is sent. Otherwise Status looks at the message's href. If it
// names a claim, which may be over, it asks the server whether that claim still holds
// the message. The WebSocket sends no hrefs, so there Status first reads the message
// again over HTTP. On V1, where hrefs name no claims, and on a client without HTTP
// the error matches [ErrUnsupported].
func (m *Message) Status(ctx context.Context) (Status, error) {
	s := m.read()
	if s.status != 0 {
		return s.status, nil
	}
	status, err := orNone(m.queue).statusOf(ctx, s.Message)
	if err == nil {
		known := *s
		known.status = status
		m.state.CompareAndSwap(s, &known)
	}
	return status, err
}

// statusOf asks the claim that the message's href names.
func (q *Queue) statusOf(ctx context.Context, m wire.Message) (Status, error) {
	route, err := wire.Lookup(wire.Version(q.connection().version), wire.MessageGet)
	if err == nil && m.HidesClaim() {
		if m, err = q.get(ctx, m.ID); err != nil {
			return 0, err
		}
	}
	if err != nil || m.HidesClaim() || route.HidesClaims && m.ClaimID == "" {
		return 0, q.connection().unsupported(wire.MessageGet, "status")
	}
	if m.ClaimID == "" {
		return Free, nil
	}
	claim, err := q.ClaimByID(ctx, m.ClaimID)
	switch {
	case errors.Is(err, ErrChecksum): // does not matter here, and may be another message's
	case errors.Is(err, ErrClaimLost):
		// A 503 can also mean an outage (quirk 7).
		if e, ok := errors.AsType[*Error](err); ok && e.Code == http.StatusServiceUnavailable {
			if _, down := q.connection().call(ctx, wire.Ping, nil); down != nil {
				return 0, down
			}
		}
		return Free, nil
	case err != nil:
		return 0, err
	}
	if claim.holds(m.ID) {
		return Claimed, nil
	}
	return Free, nil
}

// Reload reads the message again. If it is gone, the error matches [ErrNotFound].
func (m *Message) Reload(ctx context.Context) error {
	old := m.read()
	fresh, err := orNone(m.queue).get(ctx, old.ID)
	if err != nil {
		return err
	}
	// The right to delete it remains while the message names the same claim.
	state := &messageState{Message: fresh}
	if fresh.ClaimID == old.claim {
		state.claim = old.claim
	}
	m.state.Store(state)
	return orNone(m.queue).connection().verify(m)
}

// Delete deletes the message, with its claim if it came from one. That acknowledges
// the message: it is handled and not delivered again. Delete is idempotent: it
// succeeds if the message is gone already.
//
// If the error matches [ErrClaimLost], the claim no longer holds the message, and
// somebody else may be handling it. If it matches [ErrForbidden], the message was
// free when it was read and has been claimed since.
func (m *Message) Delete(ctx context.Context) error {
	s := m.read()
	if s.status == Gone {
		return nil
	}
	var options []DeleteOption
	if s.claim != "" {
		options = append(options, ClaimID(s.claim))
	}
	if err := orNone(m.queue).DeleteMessage(ctx, s.ID, options...); err != nil {
		return err
	}
	gone := *s
	gone.status = Gone
	m.state.Store(&gone)
	return nil
}

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
