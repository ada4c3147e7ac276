package zaqar

import (
	"fmt"
	"maps"
	"net/url"
	"time"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// Options of methods are values of small types, such as Limit(10). Each method takes
// an interface that only its own options implement, so a wrong one does not compile.
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
	DeleteOption interface{ applyDelete(deletion) deletion }
	// SubscriptionsOption is an option of [Queue.Subscriptions].
	SubscriptionsOption interface{ applySubscriptions(*listing) }
	// SubscriptionChange is an option of [Subscription.Update].
	SubscriptionChange interface {
		applySubscription(*subscriptionChange) error
	}
	// CreateOption is an option of [Client.CreateQueue].
	CreateOption interface{ applyCreate(Content) error }
)

// Limit is the total number of items. For listings the default is no limit. For
// [Queue.Claim] the default is the server's (10); the server's maximum is 20 unless
// the operator changed it, and more is an error that matches [ErrInvalid].
type Limit int

// PageSize is the number of items that a listing asks for in one request. The default
// is 20, the maximum of servers unless the operator changed it. If the server refuses
// 20, the listing uses the server's own default. It must be at least 2: pages of 1
// never advance on servers that store in Redis (quirk 1).
type PageSize int

// Marker starts a listing after an item. For queues it is a name, for subscriptions
// an id. For messages it is what the server uses, so the id of a message works only on
// servers that store in Redis. On MongoDB markers are numbers, which no method returns;
// behind the id of a message such a server lists nothing, and that is no error (quirk 48).
// To continue later on either store, use a [Subscriber] and its [Position].
type Marker string

// Detailed makes a listing of queues include their metadata. The default is false.
type Detailed bool

// NameLike lists only the queues whose names match a regular expression. Servers that
// store in MongoDB apply it. Those that store in Redis ignore it and list all queues.
// V2 only.
type NameLike string

// Having lists only the queues with these values in their metadata. Servers that
// store in MongoDB apply it. Those that store in Redis ignore it and list all queues.
// V2 only.
type Having map[string]string

// Echo sets whether a listing includes messages that this client posted itself;
// servers compare the Client-ID. The default is true, unlike the server's, so that a
// client can read what it posted.
type Echo bool

// IncludeClaimed sets whether a listing includes claimed messages. The default is
// false.
type IncludeClaimed bool

// IncludeDelayed sets whether a listing includes messages whose delay is not over.
// The default is false. V2 only.
type IncludeDelayed bool

// IDs lists only the messages with these ids, whether they are claimed or not and
// whoever posted them. Ids that do not exist are left out.
type IDs []string

// ClaimID names a claim. In a listing it selects the messages that the claim holds.
// In a deletion it proves the right to delete them.
type ClaimID string

// TTL is how long a claim or a subscription lasts: whole seconds, at least [MinTTL].
// The maximum for claims is 12 hours unless the operator changed it.
type TTL time.Duration

// Grace is how much longer than their claim the claimed messages live, at least:
// whole seconds, at least [MinTTL] when claiming.
type Grace time.Duration

// Durations of the API that operators cannot change.
const (
	// MinTTL is the minimum for the TTL of a message, a claim or a subscription, and
	// for the grace.
	MinTTL = 60 * time.Second
	// DefaultClaimTTL and DefaultClaimGrace are the defaults of [Queue.Claim], equal to
	// the server's.
	DefaultClaimTTL   = 300 * time.Second
	DefaultClaimGrace = 60 * time.Second

	defaultPageSize = 20
	serverPageSize  = 10 // if no limit is sent
)

// listing collects the options of a listing.
type listing struct {
	op       wire.Op
	queue    string
	observer *observer
	limit    *Limit
	pageSize *PageSize
	marker   Marker
	params   wire.Params
	ids      *IDs
	claim    *ClaimID
	// filters are the parameters that must be true to see everything: the server
	// filters by them after it has cut the page. It is empty when nothing is filtered.
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
		return bad("Limit", fmt.Sprintf("must be at least 1, not %d; omit it for no limit", *l.limit))
	case l.pageSize != nil && *l.pageSize < 2:
		return bad("PageSize", fmt.Sprintf("must be at least 2, not %d: on some servers pages of 1 never advance", *l.pageSize))
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

// seconds converts a duration, which must be whole seconds and at least the given
// least.
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
func (o TTL) applyClaim(c *claimRequest)          { c.ttl = time.Duration(o) }
func (o TTL) applyUpdate(c *claimRequest)         { c.ttl = time.Duration(o) }
func (o Grace) applyClaim(c *claimRequest)        { c.grace = time.Duration(o) }
func (o Grace) applyUpdate(c *claimRequest)       { c.grace = time.Duration(o) }

func (o ClaimID) applyDelete(d deletion) deletion {
	d.claims = append(d.claims, string(o))
	return d
}

func (o Having) applyQueues(l *listing) {
	values := url.Values{}
	for key, value := range o {
		values.Set(key, value)
	}
	l.set("metadata_filter", values)
}

func (o Content) applyCreate(content Content) error {
	if _, ok := o[""]; ok {
		return &ArgumentError{Op: string(wire.QueueCreate), Argument: "metadata", Rule: "has an empty key, which nobody could change later"}
	}
	maps.Copy(content, o)
	return nil
}

// Adaptive lets the library find the best size or count while it runs. It is for
// [ConsumerConfig].ClaimSize and [PublisherConfig].Concurrency.
const Adaptive = -1
