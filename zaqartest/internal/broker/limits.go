package broker

import "errors"

// Limits has the fields of zaqartest.Limits, which explains them. Each type converts
// to the other, so the compiler keeps them the same.
type Limits struct {
	MaxQueuesPerPage         int
	MaxSubscriptionsPerPage  int
	MaxPoolsPerPage          int
	MaxFlavorsPerPage        int
	MaxMessagesPerPage       int
	MaxMessagesPerClaimOrPop int
	MaxQueueMetadata         int
	MaxMessagesPostSize      int
	MaxMessageTTL            int
	MaxMessageDelay          int
	MaxClaimTTL              int
	MaxClaimGrace            int
	DefaultMessageTTL        int
	DefaultClaimTTL          int
	DefaultClaimGrace        int
	DefaultSubscriptionTTL   int
}

// DefaultLimits returns the limits of a Zaqar with the default configuration.
func DefaultLimits() Limits {
	return Limits{
		MaxQueuesPerPage:         20,
		MaxSubscriptionsPerPage:  20,
		MaxPoolsPerPage:          20,
		MaxFlavorsPerPage:        20,
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
		DefaultSubscriptionTTL:   3600,
	}
}

// The bounds that no option of Zaqar changes.
const (
	MinMessageTTL      = 60  // seconds
	MinClaimTTL        = 60  // seconds
	MinClaimGrace      = 60  // seconds
	minSubscriptionTTL = 60  // seconds
	maxQueueName       = 64  // characters
	maxProjectName     = 256 // characters
)

// Filled replaces every field that is not set with its default.
func (l Limits) Filled() Limits {
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

// Check refuses limits that contradict each other or the API.
func (l Limits) Check() error {
	switch {
	case l.MaxMessageTTL < MinMessageTTL, l.MaxClaimTTL < MinClaimTTL, l.MaxClaimGrace < MinClaimGrace:
		return errors.New("zaqartest: the largest TTL or grace is below the smallest one that the API allows")
	case l.DefaultMessageTTL < MinMessageTTL || l.DefaultMessageTTL > l.MaxMessageTTL:
		return errors.New("zaqartest: DefaultMessageTTL is out of range")
	case l.DefaultClaimTTL < MinClaimTTL || l.DefaultClaimTTL > l.MaxClaimTTL:
		return errors.New("zaqartest: DefaultClaimTTL is out of range")
	case l.DefaultClaimGrace < MinClaimGrace || l.DefaultClaimGrace > l.MaxClaimGrace:
		return errors.New("zaqartest: DefaultClaimGrace is out of range")
	case l.DefaultSubscriptionTTL < minSubscriptionTTL:
		return errors.New("zaqartest: DefaultSubscriptionTTL is out of range")
	}
	return nil
}

// LargestBody returns the size of the largest request body that any operation reads.
func (l Limits) LargestBody() int64 {
	return int64(max(l.MaxMessagesPostSize, l.MaxQueueMetadata, 64<<10))
}

// PageSize returns how many items a page or a claim holds if the caller does not
// say: ten, or fewer if the server allows fewer.
func PageSize(maximum int) int { return min(10, maximum) }
