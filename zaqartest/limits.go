package zaqartest

import "errors"

// The bounds that no option of Zaqar changes.
const (
	minMessageTTL      = 60  // seconds
	minClaimTTL        = 60  // seconds
	minClaimGrace      = 60  // seconds
	minSubscriptionTTL = 60  // seconds
	maxQueueName       = 64  // characters
	maxProjectName     = 256 // characters
	maxNesting         = 900 // arrays and objects within each other
)

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
func DefaultLimits() Limits {
	return Limits{
		MaxQueuesPerPage:         20,
		MaxMessagesPerPage:       20,
		MaxMessagesPerClaimOrPop: 20,
		MaxQueueMetadata:         64 << 10,
		MaxMessagesPostSize:      256 << 10,
		MaxMessageTTL:            14 * 24 * 3600,
		MaxMessageDelay:          900,
		MaxClaimTTL:              12 * 3600,
		MaxClaimGrace:            12 * 3600,
		DefaultMessageTTL:        3600,
		DefaultClaimTTL:          300,
		DefaultClaimGrace:        60,
		MaxPoolsPerPage:          20,
		MaxFlavorsPerPage:        20,
		MaxSubscriptionsPerPage:  20,
		DefaultSubscriptionTTL:   3600,
	}
}

// pageSize is how many things a page or a claim holds when the caller does not
// say: ten, or fewer where the server allows fewer.
func pageSize(maximum int) int { return min(10, maximum) }

// filled replaces what is not set by its default.
func (l Limits) filled() Limits {
	defaults := DefaultLimits()
	for _, field := range []struct{ have, fallback *int }{
		{&l.MaxQueuesPerPage, &defaults.MaxQueuesPerPage},
		{&l.MaxMessagesPerPage, &defaults.MaxMessagesPerPage},
		{&l.MaxMessagesPerClaimOrPop, &defaults.MaxMessagesPerClaimOrPop},
		{&l.MaxQueueMetadata, &defaults.MaxQueueMetadata},
		{&l.MaxMessagesPostSize, &defaults.MaxMessagesPostSize},
		{&l.MaxMessageTTL, &defaults.MaxMessageTTL},
		{&l.MaxMessageDelay, &defaults.MaxMessageDelay},
		{&l.MaxClaimTTL, &defaults.MaxClaimTTL},
		{&l.MaxClaimGrace, &defaults.MaxClaimGrace},
		{&l.DefaultMessageTTL, &defaults.DefaultMessageTTL},
		{&l.DefaultClaimTTL, &defaults.DefaultClaimTTL},
		{&l.DefaultClaimGrace, &defaults.DefaultClaimGrace},
		{&l.MaxPoolsPerPage, &defaults.MaxPoolsPerPage},
		{&l.MaxFlavorsPerPage, &defaults.MaxFlavorsPerPage},
		{&l.MaxSubscriptionsPerPage, &defaults.MaxSubscriptionsPerPage},
		{&l.DefaultSubscriptionTTL, &defaults.DefaultSubscriptionTTL},
	} {
		if *field.have <= 0 {
			*field.have = *field.fallback
		}
	}
	return l
}

// largestBody is the largest request body that any operation reads.
func (l Limits) largestBody() int64 {
	return int64(max(l.MaxMessagesPostSize, l.MaxQueueMetadata, 64<<10))
}

// check refuses limits that contradict each other or the API.
func (l Limits) check() error {
	switch {
	case l.MaxMessageTTL < minMessageTTL, l.MaxClaimTTL < minClaimTTL, l.MaxClaimGrace < minClaimGrace:
		return errors.New("zaqartest: the largest TTL or grace is below the smallest one that the API allows")
	case l.DefaultMessageTTL < minMessageTTL || l.DefaultMessageTTL > l.MaxMessageTTL:
		return errors.New("zaqartest: DefaultMessageTTL is out of range")
	case l.DefaultClaimTTL < minClaimTTL || l.DefaultClaimTTL > l.MaxClaimTTL:
		return errors.New("zaqartest: DefaultClaimTTL is out of range")
	case l.DefaultClaimGrace < minClaimGrace || l.DefaultClaimGrace > l.MaxClaimGrace:
		return errors.New("zaqartest: DefaultClaimGrace is out of range")
	case l.DefaultSubscriptionTTL < minSubscriptionTTL:
		return errors.New("zaqartest: DefaultSubscriptionTTL is out of range")
	}
	return nil
}
