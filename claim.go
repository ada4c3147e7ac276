package zaqar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// Claim is the right to work on some messages for a while. Until it ends nobody
// else can claim them; when it ends, by time or by [Claim.Release], those that
// were not deleted are free again. A message is done when it is deleted, with
// [Message.Delete], before the claim ends. Delivery is at least once: a claim
// that ends early makes somebody else do the work again.
//
// Single messages cannot be given back, only the whole claim. A Claim is safe
// for concurrent use. [Queue.Claim] makes it.
type Claim struct {
	queue *Queue
	id    string

	mu       sync.Mutex
	messages []*Message
	ttl      time.Duration
	grace    time.Duration
	age      time.Duration // at the moment since
	since    time.Time
}

// claimRequest is what the options of a claim add up to.
type claimRequest struct {
	limit      *Limit
	ttl, grace time.Duration
}

// params checks the request and renders it. Both times are always sent: in an
// update a missing one would be reset by the server.
func (c claimRequest) params(op wire.Op, leastGrace time.Duration) (wire.Params, error) {
	ttl, err := seconds(op, "TTL", c.ttl, MinTTL)
	if err != nil {
		return nil, err
	}
	grace, err := seconds(op, "Grace", c.grace, leastGrace)
	if err != nil {
		return nil, err
	}
	p := wire.Params{"ttl": ttl, "grace": grace}
	if c.limit != nil {
		if *c.limit < 1 {
			return nil, &ArgumentError{Op: string(op), Argument: "Limit", Rule: fmt.Sprintf("must be at least 1, not %d", *c.limit)}
		}
		p["limit"] = int(*c.limit)
	}
	return p, nil
}

// Claim claims messages, oldest first: up to [Limit] of them (the server's default
// is 10, its largest 20 unless the operator changed it), for [TTL]
// ([DefaultClaimTTL]), and makes them live at least [Grace] ([DefaultClaimGrace])
// longer than that. It does not wait for messages to arrive.
//
// Nothing to claim is no error: the claim is empty then, which [Claim.Empty]
// tells. It is never repeated when it may have been carried out; messages that
// were claimed by a call whose answer got lost are free again after its TTL. With
// an error that matches [ErrMalformed] a claim without messages is returned, to be
// released.
//
// Servers that store in Redis can hand out messages that another claim holds when
// an older message has become free before them (quirk 5). Whoever deletes then
// sees which of the two claims holds the message.
func (q *Queue) Claim(ctx context.Context, options ...ClaimOption) (*Claim, error) {
	request := claimRequest{ttl: DefaultClaimTTL, grace: DefaultClaimGrace}
	for _, option := range options {
		option.applyClaim(&request)
	}
	p, err := request.params(wire.ClaimCreate, MinTTL)
	if err != nil {
		return nil, err
	}
	r, err := q.call(ctx, wire.ClaimCreate, p)
	if err != nil {
		return nil, err
	}
	made, err := wire.DecodeNewClaim(r.Status, r.Header, r.Body)
	claim := &Claim{queue: q, id: made.ID, ttl: request.ttl, grace: request.grace, since: time.Now()}
	if err != nil {
		return claim, r.malformed(err)
	}
	claim.messages = claim.hold(made.Messages)
	return claim, q.conn.verify(claim.messages...)
}

// ClaimByID reads a claim that was made elsewhere: its id is all it takes to use
// it. The server does not tell its grace, which is 0 here until [Claim.Update].
// It is an error that matches [ErrClaimLost] when there is no such claim.
func (q *Queue) ClaimByID(ctx context.Context, id string) (*Claim, error) {
	if id == "" {
		return nil, &ArgumentError{Op: string(wire.ClaimGet), Argument: "claim id", Rule: "is empty"}
	}
	claim := &Claim{queue: q, id: id}
	err := claim.Reload(ctx)
	if err != nil && !errors.Is(err, ErrChecksum) {
		return nil, err
	}
	return claim, err
}

func (c *Claim) hold(messages []wire.Message) []*Message {
	held := make([]*Message, len(messages))
	for i, m := range messages {
		held[i] = newMessage(c.queue, m, Claimed, c.id)
	}
	return held
}

// holds reports whether a message is in the claim, as last read.
func (c *Claim) holds(id string) bool {
	return slices.ContainsFunc(c.Messages(), func(m *Message) bool { return m.ID() == id })
}

// Empty reports whether there was nothing to claim. An empty claim does not exist
// on the server: Update and Reload are errors that match [ErrClaimEmpty], and
// Release does nothing.
func (c *Claim) Empty() bool { return c.id == "" }

// ID returns the claim's id, "" for an empty claim.
func (c *Claim) ID() string { return c.id }

// Href returns the claim's path from the service's root, "" for an empty claim.
func (c *Claim) Href() string {
	if c.Empty() {
		return ""
	}
	return c.queue.Href() + "/claims/" + c.id
}

// Messages returns the messages that were received, oldest first.
func (c *Claim) Messages() []*Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.messages)
}

// Size returns the number of messages received.
func (c *Claim) Size() int { return len(c.Messages()) }

// TTL returns how long the claim lasts, counted from its creation or last update.
func (c *Claim) TTL() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ttl
}

// Grace returns how much longer than the claim its messages live at least.
func (c *Claim) Grace() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.grace
}

// Age returns the time since the claim's creation or last update. It goes on by
// the local clock from what the server told last; [Claim.Reload] asks again.
func (c *Claim) Age() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Empty() {
		return 0
	}
	return c.age + time.Since(c.since)
}

// String returns "<Claim size:1>".
func (c *Claim) String() string { return fmt.Sprintf("<Claim size:%d>", c.Size()) }

// Update renews the claim: its age starts again at zero, with [TTL] and [Grace]
// as given, or as they were. It must come before the claim has ended; an error
// that matches [ErrClaimLost] says it came too late.
func (c *Claim) Update(ctx context.Context, options ...UpdateOption) error {
	if c.Empty() {
		return fmt.Errorf("zaqar: %s %s: %w", wire.ClaimUpdate, c.queue.name, ErrClaimEmpty)
	}
	request := claimRequest{ttl: c.TTL(), grace: c.Grace()}
	if request.grace == 0 {
		request.grace = DefaultClaimGrace
	}
	for _, option := range options {
		option.applyUpdate(&request)
	}
	p, err := request.params(wire.ClaimUpdate, 0)
	if err != nil {
		return err
	}
	start := time.Now()
	if _, err := c.call(ctx, wire.ClaimUpdate, p); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ttl, c.grace = request.ttl, request.grace
	c.age, c.since = 0, start
	return nil
}

// Reload reads the claim's age, TTL and messages again: those that were deleted or
// have expired drop out.
func (c *Claim) Reload(ctx context.Context) error {
	if c.Empty() {
		return fmt.Errorf("zaqar: %s %s: %w", wire.ClaimGet, c.queue.name, ErrClaimEmpty)
	}
	start := time.Now()
	r, err := c.call(ctx, wire.ClaimGet, wire.Params{})
	if err != nil {
		return err
	}
	read, err := decode(r, wire.DecodeClaim)
	if err != nil {
		return err
	}
	held := c.hold(read.Messages)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages, c.ttl = held, time.Duration(read.TTL)
	c.age, c.since = time.Duration(read.Age), start
	return c.queue.conn.verify(held...)
}

// Release gives up the claim: the messages that were not deleted are free at
// once. It succeeds too when the claim has ended already. It is the seed's
// delete and release both.
func (c *Claim) Release(ctx context.Context) error {
	if c.Empty() {
		return nil
	}
	_, err := c.call(ctx, wire.ClaimDelete, wire.Params{})
	return err
}

func (c *Claim) call(ctx context.Context, op wire.Op, p wire.Params) (reply, error) {
	p["claim_id"] = c.id
	c.mu.Lock()
	over := c.since.IsZero() || c.age+time.Since(c.since) >= c.ttl
	c.mu.Unlock()
	r, err := c.queue.call(ctx, op, p)
	if e, ok := errors.AsType[*Error](err); ok {
		e.expired = over
	}
	return r, err
}
