package zaqartest

import "github.com/zaqar-go/zaqar/zaqartest/internal/broker"

// Limits are the bounds and defaults that Zaqar's configuration sets. Each field is
// named after its option. Times are in seconds, sizes in bytes. A field that is not
// positive stands for its default.
type Limits struct {
	// MaxQueuesPerPage bounds the page size when queues are listed. Defaults to 20.
	MaxQueuesPerPage int
	// MaxSubscriptionsPerPage bounds the page size when subscriptions are listed.
	// Defaults to 20.
	MaxSubscriptionsPerPage int
	// MaxPoolsPerPage bounds the page size when pools are listed in v2. Defaults to
	// 20.
	MaxPoolsPerPage int
	// MaxFlavorsPerPage bounds the page size when flavors are listed in v2. Defaults
	// to 20.
	MaxFlavorsPerPage int
	// MaxMessagesPerPage bounds the page size when messages are listed, and the
	// number of ids in one request. Defaults to 20.
	MaxMessagesPerPage int
	// MaxMessagesPerClaimOrPop bounds the messages of one claim or pop. Defaults to
	// 20.
	MaxMessagesPerClaimOrPop int
	// MaxQueueMetadata bounds the body of a request that creates or changes a queue.
	// Defaults to 65536.
	MaxQueueMetadata int
	// MaxMessagesPostSize bounds the body of a request that posts messages. A queue
	// can have a lower bound. Defaults to 262144.
	MaxMessagesPostSize int
	// MaxMessageTTL bounds the TTL of a message. Defaults to 1209600, two weeks.
	MaxMessageTTL int
	// MaxMessageDelay bounds the delay of a message. Defaults to 900.
	MaxMessageDelay int
	// MaxClaimTTL bounds the TTL of a claim. Defaults to 43200, twelve hours.
	MaxClaimTTL int
	// MaxClaimGrace bounds the grace period of a claim. Defaults to 43200.
	MaxClaimGrace int
	// DefaultMessageTTL is the TTL of a message posted without one, unless its queue
	// has a default of its own. Defaults to 3600.
	DefaultMessageTTL int
	// DefaultClaimTTL is the TTL of a claim made without one. Defaults to 300.
	DefaultClaimTTL int
	// DefaultClaimGrace is the grace period of a claim made without one. Defaults to
	// 60.
	DefaultClaimGrace int
	// DefaultSubscriptionTTL is the TTL of a subscription made without one. Defaults
	// to 3600.
	DefaultSubscriptionTTL int
}

// DefaultLimits returns the limits of a Zaqar with the default configuration.
func DefaultLimits() Limits { return Limits(broker.DefaultLimits()) }
