package zaqar

import (
	"fmt"
	"maps"
	"net/url"
	"time"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// The options of the verbs are values of small types; a verb takes those that
// make sense for it, and the compiler refuses the rest.
type (
	// QueuesOption is an option of [Client.Queues].
	QueuesOption interface{ applyQueues(*listing) }
	// MessagesOption is an option of [Queue.Messages].
	MessagesOption interface{ applyMessages(*listing) }
	// ClaimOption is an option of [Queue.Claim].
	ClaimOption interface{ applyClaim(*claimRequest) }
	// UpdateOption is an option of [Claim.Update].
	UpdateOption interface{ applyUpdate(*claimRequest) }
	// DeleteOption is an option of [Queue.DeleteMessage] and
	// [Queue.DeleteMessages].
	DeleteOption interface{ applyDelete(*deletion) }
	// SubscriptionsOption is an option of [Queue.Subscriptions].
	SubscriptionsOption interface{ applySubscriptions(*listing) }
	// SubscriptionChange is an option of [Subscription.Update].
	SubscriptionChange interface {
		applySubscription(*subscriptionChange) error
	}
	// CreateOption is an option of [Client.CreateQueue].
	CreateOption interface{ applyCreate(Content) error }
)

// Limit is a number of items in all. For listings the default is no limit; for
// [Queue.Claim] it is the server's (10), and the server's largest (20, unless
// the operator changed it) is checked by the server.
type Limit int

// PageSize is the number of items that a listing asks for at a time. The default
// is 20, the largest that servers allow unless the operator changed it; where a
// server refuses that, its own default is used. It must be at least 2: pages of
// one never advance on servers that store in Redis (quirk 1).
type PageSize int

// Marker starts a listing behind a place: for queues the name of a queue, for
// messages what the server uses (on Redis a message's id, on MongoDB a number), for
// subscriptions an id.
type Marker string

// Detailed fetches the metadata of the queues along with a listing.
type Detailed bool

// NameLike lists the queues whose names match a regular expression. Servers that
// store in Redis ignore it and list all; MongoDB applies it.
type NameLike string

// Having lists the queues that have these values in their metadata. Servers that
// store in Redis ignore it and list all; MongoDB applies it.
type Having map[string]string

// Echo is whether a listing has the messages that this client posted itself, told
// by its Client-ID. The default is true, unlike the server's, so that who posts
// can read.
type Echo bool

// IncludeClaimed is whether a listing has messages that are claimed. The default
// is false.
type IncludeClaimed bool

// IncludeDelayed is whether a listing has messages whose delay is not over. The
// default is false. V2 only.
type IncludeDelayed bool

// IDs lists only the messages with these ids, claimed or not, own or not; those
// that do not exist are left out.
type IDs []string

// ClaimID names a claim: in a listing it selects the messages which that claim
// holds, in a deletion it proves the right to delete them.
type ClaimID string

// TTL is how long a claim or a subscription lasts: whole seconds, at least [MinTTL].
// For claims servers allow 12 hours unless the operator changed it.
type TTL time.Duration

// Grace is how much longer than the claim its messages live at least: whole
// seconds, at least [MinTTL] when claiming.
type Grace time.Duration

// The constants of the API that operators cannot change.
const (
	// MinTTL is the shortest life of a message or a claim, and the shortest grace.
	MinTTL = 60 * time.Second
	// DefaultClaimTTL and DefaultClaimGrace are what Claim asks for when it is not
	// told: the same as the server's own defaults.
	DefaultClaimTTL   = 300 * time.Second
	DefaultClaimGrace = 60 * time.Second

	defaultPageSize = 20
)

// listing is what the options of a listing add up to.
type listing struct {
	op       wire.Op
	queue    string
	limit    *Limit
	pageSize *PageSize
	marker   Marker
	params   wire.Params
	ids      *IDs
	claim    *ClaimID
	// filters are the parameters that, set to true, show what the server leaves
	// out after it has cut the page; none when it leaves nothing out.
	filters []string
}

func (l *listing) set(name string, value any) {
	if l.params == nil {
		l.params = wire.Params{}
	}
	l.params[name] = value
}

func (l *listing) check() error {
	bad := func(argument, rule string) error {
		return &ArgumentError{Op: string(l.op), Argument: argument, Rule: rule}
	}
	switch {
	case l.limit != nil && *l.limit < 1:
		return bad("Limit", fmt.Sprintf("must be at least 1, not %d; leave it out for no limit", *l.limit))
	case l.pageSize != nil && *l.pageSize < 2:
		return bad("PageSize", fmt.Sprintf("must be at least 2, not %d: pages of one never advance on some servers", *l.pageSize))
	case l.claim != nil && *l.claim == "":
		return bad("ClaimID", "is empty")
	}
	if l.ids != nil {
		return checkIDs(l.op, *l.ids)
	}
	return nil
}

func checkIDs(op wire.Op, ids []string) error {
	for i, id := range ids {
		if id == "" {
			return &ArgumentError{Op: string(op), Argument: fmt.Sprintf("message id %d", i), Rule: "is empty"}
		}
	}
	return nil
}

// seconds renders a duration option, which must be whole seconds and not less
// than least.
func seconds(op wire.Op, argument string, d, least time.Duration) (int64, error) {
	if d < least || d%time.Second != 0 {
		return 0, &ArgumentError{
			Op: string(op), Argument: argument,
			Rule: fmt.Sprintf("must be whole seconds and at least %v, not %v", least, d),
		}
	}
	return wire.ToSeconds(d), nil
}

func (o Limit) applyQueues(l *listing)            { l.limit = &o }
func (o Limit) applyMessages(l *listing)          { l.limit = &o }
func (o Limit) applyClaim(c *claimRequest)        { c.limit = &o }
func (o PageSize) applyQueues(l *listing)         { l.pageSize = &o }
func (o PageSize) applyMessages(l *listing)       { l.pageSize = &o }
func (o Limit) applySubscriptions(l *listing)     { l.limit = &o }
func (o PageSize) applySubscriptions(l *listing)  { l.pageSize = &o }
func (o Marker) applySubscriptions(l *listing)    { l.marker = o }
func (o Marker) applyQueues(l *listing)           { l.marker = o }
func (o Marker) applyMessages(l *listing)         { l.marker = o }
func (o Detailed) applyQueues(l *listing)         { l.set("detailed", bool(o)) }
func (o NameLike) applyQueues(l *listing)         { l.set("name", string(o)) }
func (o Echo) applyMessages(l *listing)           { l.set("echo", bool(o)) }
func (o IncludeClaimed) applyMessages(l *listing) { l.set("include_claimed", bool(o)) }
func (o IncludeDelayed) applyMessages(l *listing) { l.set("include_delayed", bool(o)) }
func (o IDs) applyMessages(l *listing)            { l.ids = &o }
func (o ClaimID) applyMessages(l *listing)        { l.claim = &o }
func (o ClaimID) applyDelete(d *deletion)         { d.claims = append(d.claims, string(o)) }
func (o TTL) applyClaim(c *claimRequest)          { c.ttl = time.Duration(o) }
func (o TTL) applyUpdate(c *claimRequest)         { c.ttl = time.Duration(o) }
func (o Grace) applyClaim(c *claimRequest)        { c.grace = time.Duration(o) }
func (o Grace) applyUpdate(c *claimRequest)       { c.grace = time.Duration(o) }

func (o Having) applyQueues(l *listing) {
	values := url.Values{}
	for key, value := range o {
		values.Set(key, value)
	}
	l.set("metadata_filter", values)
}

func (o Content) applyCreate(content Content) error {
	if _, ok := o[""]; ok {
		return &ArgumentError{Op: string(wire.QueueCreate), Argument: "metadata", Rule: "has an empty key, which could never be changed"}
	}
	maps.Copy(content, o)
	return nil
}
