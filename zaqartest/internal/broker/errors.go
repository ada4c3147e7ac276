package broker

import (
	"errors"
	"fmt"
)

// What the broker returns if it cannot do what was asked.
var (
	// ErrNoQueue, like the other four, means that there is no such thing.
	ErrNoQueue        = errors.New("the queue does not exist")
	ErrNoMessage      = errors.New("the message does not exist")
	ErrNoClaim        = errors.New("the claim does not exist or has expired")
	ErrNoSubscription = errors.New("the subscription does not exist")
	ErrNoFlavor       = errors.New("the flavor does not exist")

	// ErrClaimed means that a claim holds the message, and the caller named none.
	ErrClaimed = errors.New("the message is claimed")
	// ErrNotClaimed means that the caller named a claim, but no claim holds the
	// message.
	ErrNotClaimed = errors.New("the message is not claimed")
	// ErrOtherClaim means that the claim is live, but another one holds the message.
	ErrOtherClaim = errors.New("the message is held by another claim")
	// ErrSubscribed means that the queue has another subscription with the same
	// subscriber.
	ErrSubscribed = errors.New("the subscriber already has a subscription")
	// ErrNoPool means that no pool accepts the queue to be created.
	ErrNoPool = errors.New("there is no pool for the queue")
	// ErrSameURI means that another pool has the same URI.
	ErrSameURI = errors.New("another pool has that uri")
	// ErrLastPool means that a flavor would be left without a pool.
	ErrLastPool = errors.New("the pool is the only one of its flavor")
)

// Invalid is the error for a request that breaks a rule of Zaqar. The caller is told
// the title and the text.
type Invalid struct{ Title, Text string }

// Error implements error.
func (i *Invalid) Error() string { return i.Title + ": " + i.Text }

// invalid is the error for a request that breaks a rule of the API.
func invalid(format string, args ...any) error {
	return &Invalid{"Invalid API request", fmt.Sprintf(format, args...)}
}

// invalidBody is the error for a body that is not of the expected form.
func invalidBody(format string, args ...any) error {
	return &Invalid{"Invalid request body", fmt.Sprintf(format, args...)}
}
