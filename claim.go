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

// Claim is the right to work on some messages for a while, as [Queue.Claim] makes it.
// While it lasts, nobody else can claim them; so its TTL is what other queues call a
// visibility timeout. When it ends, by its TTL or by [Claim.Release], the messages
// that were not deleted are free again.
//
// To acknowledge a message, delete it with [Message.Delete] before the claim ends. To
// work longer, extend the claim with [Claim.Update]. Delivery is at least once: if
// the claim ends early, somebody else handles its messages again.
//
// Only a whole claim can be released, not a single message of it. A Claim is safe for
// concurrent use.
type Claim struct {
	queue *Queue
	id    string

	mu       sync.Mutex
	messages []*Message
	ttl      time.Duration
	grace    time.Duration
	age      time.Duration // as it was at the time since
	since    time.Time
}

// claimRequest collects the options of a claim.
type claimRequest struct {
	limit      *Limit
	ttl, grace time.Duration
}

// args checks the request and renders it. Both times are always sent: in an update
// the server would reset a missing one.
func (c claimRequest) args(op wire.Op, leastGrace time.Duration) (wire.Args, error) {
	ttl, err := seconds(op, "TTL", c.ttl, MinTTL)
	if err != nil {
		return wire.Args{}, err
	}
	grace, err := seconds(op, "Grace", c.grace, leastGrace)
	if err != nil {
		return wire.Args{}, err
	}
	args := wire.Args{Times: &wire.Times{TTL: ttl, Grace: grace}}
	if c.limit != nil {
		if *c.limit < 1 {
			return wire.Args{}, &ArgumentError{Op: string(op), Argument: "Limit", Rule: fmt.Sprintf("must be at least 1, not %d", *c.limit)}
		}
		args.Limit = int(*c.limit)
	}
	return args, nil
}

// Claim claims messages, oldest first. It claims up to [Limit] of them (the server's
// default is 10, its maximum 20 unless the operator changed it) for [TTL]
// ([DefaultClaimTTL]), and keeps them alive for at least [Grace]
// ([DefaultClaimGrace]) longer than that. It does not wait for messages to arrive; a
// [Consumer] does.
//
// If there is nothing to claim, the claim is empty and that is not an error; see
// [Claim.Empty]. Claiming is not idempotent and is never repeated when it may have
// been carried out, unless [Retry] allows duplicates. If the answer is lost, the claimed messages are free again after
// the TTL. With an error that matches [ErrMalformed] Claim returns a claim without
// messages, which you should release.
//
// On servers that store in Redis a claim can take messages that another claim holds,
// after an older message became free (quirk 5). Then only one of the two claims can
// delete the message; for the other the error matches [ErrClaimLost]. On servers that
// store in MongoDB claims steal nothing, but those that are made at the same time can be
// empty although there are free messages (quirk 55).
func (q *Queue) Claim(ctx context.Context, options ...ClaimOption) (*Claim, error) {
	request := claimRequest{ttl: DefaultClaimTTL, grace: DefaultClaimGrace}
	for _, option := range options {
		option.applyClaim(&request)
	}
	args, err := request.args(wire.ClaimCreate, MinTTL)
	if err != nil {
		return nil, err
	}
	r, err := q.request(ctx, wire.ClaimCreate, args)
	if errors.Is(err, ErrMalformed) && r.Status/100 == 2 {
		return &Claim{queue: q, id: wire.ClaimID(r.Header), ttl: request.ttl, grace: request.grace, since: time.Now()}, err
	}
	if err != nil {
		return nil, err
	}
	made, err := wire.DecodeNewClaim(r.Status, r.Header, r.Body)
	claim := &Claim{queue: q, id: made.ID, ttl: request.ttl, grace: request.grace, since: time.Now()}
	if err != nil {
		return claim, r.malformed(err)
	}
	claim.messages = claim.newMessages(made.Messages)
	return claim, q.connection().verify(claim.messages...)
}

// ClaimByID reads a claim that was made elsewhere; its id is enough to use it. The
// server does not report its grace, which is 0 until [Claim.Update] sets it. If there
// is no such claim, the error matches [ErrClaimLost].
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

func (c *Claim) newMessages(messages []wire.Message) []*Message {
	held := make([]*Message, len(messages))
	for i, m := range messages {
		held[i] = newMessage(orNone(c.queue), m, Claimed, c.id)
	}
	return held
}

// holds reports whether a message was in the claim when it was last read.
func (c *Claim) holds(id string) bool {
	return slices.ContainsFunc(c.Messages(), func(m *Message) bool { return m.ID() == id })
}

// Empty reports whether there was nothing to claim. The server has no record of an
// empty claim: Update and Reload return an error that matches [ErrClaimEmpty], and
// Release does nothing.
func (c *Claim) Empty() bool { return c.id == "" }

// ID returns the claim's id, or "" if the claim is empty.
func (c *Claim) ID() string { return c.id }

// Href returns the claim's path from the service's root, or "" if the claim is empty.
func (c *Claim) Href() string {
	if c.Empty() {
		return ""
	}
	return orNone(c.queue).Href() + "/claims/" + c.id
}

// Messages returns the messages of the claim as last read, oldest first.
func (c *Claim) Messages() []*Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.messages)
}

// Size returns the number of messages of the claim as last read.
func (c *Claim) Size() int { return len(c.Messages()) }

// TTL returns how long the claim lasts, counted from its creation or its last
// extension.
func (c *Claim) TTL() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ttl
}

// Grace returns how much longer than the claim its messages live, at least.
func (c *Claim) Grace() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.grace
}

// Age returns the time since the claim was made or last extended. It starts from what
// the server reported and grows by the local clock. [Claim.Reload] asks the server
// again.
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

// Update extends the claim: its age starts again at zero. [TTL] and [Grace] set new
// values; otherwise they stay as they were. Call it before the claim ends; afterwards
// the error matches [ErrClaimLost].
func (c *Claim) Update(ctx context.Context, options ...UpdateOption) error {
	if c.Empty() {
		return fmt.Errorf("zaqar: %s %s: %w", wire.ClaimUpdate, orNone(c.queue).name, ErrClaimEmpty)
	}
	request := claimRequest{ttl: c.TTL(), grace: c.Grace()}
	if request.grace == 0 {
		request.grace = DefaultClaimGrace
	}
	for _, option := range options {
		option.applyUpdate(&request)
	}
	args, err := request.args(wire.ClaimUpdate, 0)
	if err != nil {
		return err
	}
	start := time.Now()
	if _, err := c.call(ctx, wire.ClaimUpdate, args); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ttl, c.grace = request.ttl, request.grace
	c.age, c.since = 0, start
	return nil
}

// Reload reads the claim's age, TTL and messages again. Messages that were deleted or
// have expired are no longer included. If the claim has ended, the error matches
// [ErrClaimLost].
func (c *Claim) Reload(ctx context.Context) error {
	if c.Empty() {
		return fmt.Errorf("zaqar: %s %s: %w", wire.ClaimGet, orNone(c.queue).name, ErrClaimEmpty)
	}
	start := time.Now()
	r, err := c.call(ctx, wire.ClaimGet, wire.Args{})
	if err != nil {
		return err
	}
	read, err := decode(r, wire.DecodeClaim)
	if err != nil {
		return err
	}
	held := c.newMessages(read.Messages)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages, c.ttl = held, time.Duration(read.TTL)
	c.age, c.since = time.Duration(read.Age), start
	return orNone(c.queue).connection().verify(held...)
}

// Release ends the claim, so its messages that were not deleted are free at once. It
// deletes no message. It is idempotent: it succeeds if the claim has ended already.
func (c *Claim) Release(ctx context.Context) error {
	if c.Empty() {
		return nil
	}
	_, err := c.call(ctx, wire.ClaimDelete, wire.Args{})
	return err
}

func (c *Claim) call(ctx context.Context, op wire.Op, args wire.Args) (reply, error) {
	args.Claim = c.id
	ends := c.ends()
	r, err := orNone(c.queue).request(context.WithValue(ctx, claimEnds{}, ends), op, args)
	if e, ok := errors.AsType[*Error](err); ok {
		e.expired = !time.Now().Before(ends)
	}
	return r, err
}

// claimEnds is the key of a context with the time at which the claim ends that a call is
// about.
type claimEnds struct{}

// ends returns when the claim ends by the local clock, the zero time if that is unknown.
func (c *Claim) ends() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		return time.Time{}
	}
	return c.since.Add(c.ttl - c.age)
}
