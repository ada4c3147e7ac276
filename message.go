package zaqar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// Message is a message as it was read: by [Queue.Messages], [Queue.Message],
// [Queue.Pop] or in a [Claim]. It is safe for concurrent use.
type Message struct {
	queue *Queue
	state atomic.Pointer[messageState]
}

// messageState is what one reading told; it is never changed.
type messageState struct {
	wire.Message
	status Status
	// claim is the claim under which the message was read, and so the right to
	// delete it. The claim id in an href is no such right: it can be old, or
	// somebody else's.
	claim string
}

func newMessage(q *Queue, m wire.Message, status Status, claim string) *Message {
	msg := &Message{queue: q}
	msg.state.Store(&messageState{Message: m, status: status, claim: claim})
	return msg
}

// Status is whether a message is free or claimed.
type Status int

// The values of Status.
const (
	// Free: nobody has claimed the message.
	Free Status = 1
	// Claimed: a claim holds the message.
	Claimed Status = 2
	// Gone: the message is not in the queue any more: it was popped, or deleted
	// through this very value.
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
func (m *Message) ID() string { return m.state.Load().ID }

// Href returns the message's path from the service's root, without the claim
// that servers hang on it: "/v2/queues/wot/messages/50b68a50d6f5b8c8a7c62b01".
func (m *Message) Href() string { return m.queue.Href() + "/messages/" + m.ID() }

// Queue returns the queue that the message is in.
func (m *Message) Queue() *Queue { return m.queue }

// TTL returns how long the message is kept, counted from when it was posted. A
// claim can prolong it.
func (m *Message) TTL() time.Duration { return time.Duration(m.state.Load().TTL) }

// Age returns how long ago the message was posted, in whole seconds by the
// server's clock, at the moment it was read.
func (m *Message) Age() time.Duration { return time.Duration(m.state.Load().Age) }

// Body returns the body as the server sent it: any JSON value.
func (m *Message) Body() json.RawMessage { return slices.Clone(m.state.Load().Body) }

// Decode decodes the body into v, as json.Unmarshal does, but for numbers: into
// an any they come as json.Number, with all their digits.
func (m *Message) Decode(v any) error {
	s := m.state.Load()
	if err := wire.Unmarshal(s.Body, v); err != nil {
		return fmt.Errorf("zaqar: decode message %s of %s: %w", s.ID, m.queue.name, err)
	}
	return nil
}

// ClaimID returns the claim under which the message was read, or the one that its
// href named, which may be over; "" when there was none.
func (m *Message) ClaimID() string {
	s := m.state.Load()
	if s.claim != "" {
		return s.claim
	}
	return s.ClaimID
}

// ClaimCount returns how often the message was claimed, as far as the server
// tells: only of popped messages, on queues that count.
func (m *Message) ClaimCount() int { return m.state.Load().ClaimCount }

// Checksum returns the checksum that the server made of the body ("MD5:…"), ""
// when it makes none.
func (m *Message) Checksum() string { return m.state.Load().Checksum }

// String returns "<Message ttl:120>".
func (m *Message) String() string {
	return fmt.Sprintf("<Message ttl:%d>", wire.ToSeconds(m.TTL()))
}

// Status tells whether the message was free or claimed when it was read; call
// [Message.Reload] first for the present. A message of a claim is Claimed, one
// of a listing without [IncludeClaimed] is Free, and no I/O is done. Otherwise
// the message's href names a claim or none; a named one may be over, so the
// server is asked whether it still holds the message. On V1 hrefs name no claims,
// and the WebSocket tells no hrefs: the message is then read again over HTTP if the
// client has it, and otherwise the error matches [ErrUnsupported].
func (m *Message) Status(ctx context.Context) (Status, error) {
	s := m.state.Load()
	if s.status != 0 {
		return s.status, nil
	}
	status, err := m.queue.statusOf(ctx, s.Message)
	if err == nil {
		known := *s
		known.status = status
		m.state.CompareAndSwap(s, &known)
	}
	return status, err
}

// statusOf asks the claim that a message's href names.
func (q *Queue) statusOf(ctx context.Context, m wire.Message) (Status, error) {
	route, err := wire.Lookup(wire.Version(q.conn.version), wire.MessageGet)
	if err == nil && m.HidesClaim() {
		if m, err = q.get(ctx, m.ID); err != nil {
			return 0, err
		}
	}
	if err != nil || m.HidesClaim() || route.HidesClaims && m.ClaimID == "" {
		return 0, q.conn.unsupported(wire.MessageGet, "status")
	}
	if m.ClaimID == "" {
		return Free, nil
	}
	claim, err := q.ClaimByID(ctx, m.ClaimID)
	switch {
	case errors.Is(err, ErrChecksum): // of another message, maybe; not the question
	case errors.Is(err, ErrClaimLost):
		// A 503 can also be an outage (quirk 7); then nobody knows.
		if e, ok := errors.AsType[*Error](err); ok && e.Code == http.StatusServiceUnavailable {
			if _, down := q.conn.call(ctx, wire.Ping, nil); down != nil {
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

// Reload reads the message again. It is an error that matches [ErrNotFound] when
// the message is not there any more.
func (m *Message) Reload(ctx context.Context) error {
	old := m.state.Load()
	fresh, err := m.queue.get(ctx, old.ID)
	if err != nil {
		return err
	}
	// The right to delete stays as long as the message names the same claim.
	state := &messageState{Message: fresh}
	if fresh.ClaimID == old.claim {
		state.claim = old.claim
	}
	m.state.Store(state)
	return m.queue.conn.verify(m)
}

// Delete deletes the message, with its claim when it was read from one. It
// succeeds too when the message is gone already. An error that matches
// [ErrClaimLost] means that the claim does not hold the message any more, and
// somebody else may be at work on it; one that matches [ErrForbidden], that the
// message was read free and has been claimed since.
func (m *Message) Delete(ctx context.Context) error {
	s := m.state.Load()
	if s.status == Gone {
		return nil
	}
	var options []DeleteOption
	if s.claim != "" {
		options = append(options, ClaimID(s.claim))
	}
	if err := m.queue.DeleteMessage(ctx, s.ID, options...); err != nil {
		return err
	}
	gone := *s
	gone.status = Gone
	m.state.Store(&gone)
	return nil
}
