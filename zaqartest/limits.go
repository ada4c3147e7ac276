package zaqartest

import "github.com/zaqar-go/zaqar/zaqartest/internal/broker"

// Limits are the bounds and defaults that Zaqar's configuration sets; each
// field is named after its option. Times are in seconds, sizes in bytes. A
// field that is zero or less stands for its default.
type Limits struct {
	// MaxQueuesPerPage bounds the limit of a listing of queues. Default 20.
	MaxQueuesPerPage int
	// MaxSubscriptionsPerPage bounds the limit of a listing of subscriptions.
	// Default 20.
	MaxSubscriptionsPerPage int
	// MaxPoolsPerPage bounds the limit of a listing of pools in v2. Default 20.
	MaxPoolsPerPage int
	// MaxFlavorsPerPage bounds the limit of a listing of flavors in v2. Default
	// 20.
	MaxFlavorsPerPage int
	// MaxMessagesPerPage bounds the limit of a listing of messages, and the
	// number of ids in one request. Default 20.
	MaxMessagesPerPage int
	// MaxMessagesPerClaimOrPop bounds the messages of one claim and of one pop.
	// Default 20.
	MaxMessagesPerClaimOrPop int
	// MaxQueueMetadata bounds the body of a request that creates or changes a
	// queue. Default 65536.
	MaxQueueMetadata int
	// MaxMessagesPostSize bounds the body of a request that posts messages. A
	// queue can have a lower bound. Default 262144.
	MaxMessagesPostSize int
	// MaxMessageTTL bounds the life of a message. Default 1209600, two weeks.
	MaxMessageTTL int
	// MaxMessageDelay bounds the time for which a message stays hidden. Default
	// 900.
	MaxMessageDelay int
	// MaxClaimTTL bounds the life of a claim. Default 43200, half a day.
	MaxClaimTTL int
	// MaxClaimGrace bounds the grace of a claim. Default 43200.
	MaxClaimGrace int
	// DefaultMessageTTL is the life of a message that was posted without one to
	// a queue that names none. Default 3600.
	DefaultMessageTTL int
	// DefaultClaimTTL is the life of a claim that asks for none. Default 300.
	DefaultClaimTTL int
	// DefaultClaimGrace is the grace of a claim that asks for none. Default 60.
	DefaultClaimGrace int
	// DefaultSubscriptionTTL is the life of a subscription that asks for none.
	// Default 3600.
	DefaultSubscriptionTTL int
}

// DefaultLimits returns the limits of a Zaqar that nobody configured.
func DefaultLimits() Limits { return Limits(broker.DefaultLimits()) }
