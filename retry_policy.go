package zaqar

import (
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// RetryPolicy says how a server retries a notification to a subscriber that it could
// not reach. It is part of a queue's metadata ([Reserved]) or an option of a
// subscription ([SubscriptionOptions]). A zero field is the server's default. Delays
// are whole seconds. A server retries only if no answer came: a 4xx or 5xx answer
// ends it.
type RetryPolicy struct {
	// Retries come in this order; the server's defaults are in parentheses. First come
	// RetriesWithNoDelay (3). Then MinimumDelayRetries (3), each after MinimumDelay
	// (5 s). Then retries whose delay grows by Backoff from MinimumDelay to
	// MaximumDelay (30 s). Then MaximumDelayRetries (3), each after MaximumDelay.
	// MaximumDelay must be at least 10 s longer than MinimumDelay.
	RetriesWithNoDelay, MinimumDelayRetries, MaximumDelayRetries int
	MinimumDelay, MaximumDelay                                   time.Duration
	// Backoff is "linear" (the default), "arithmetic", "exponential" or
	// "geometric".
	Backoff string
	// IgnoreSubscriptionOverride makes the queue's policy win over those of its
	// subscriptions.
	IgnoreSubscriptionOverride bool
}

// The server's defaults for a retry policy.
const (
	defaultMinimumDelay = 5 * time.Second
	defaultMaximumDelay = 30 * time.Second
	leastDelayRange     = 10 * time.Second
)

// retryPolicy is RetryPolicy on the wire.
type retryPolicy struct {
	RetriesWithNoDelay         int          `json:"retries_with_no_delay,omitzero"`
	MinimumDelayRetries        int          `json:"minimum_delay_retries,omitzero"`
	MaximumDelayRetries        int          `json:"maximum_delay_retries,omitzero"`
	MinimumDelay               wire.Seconds `json:"minimum_delay,omitzero"`
	MaximumDelay               wire.Seconds `json:"maximum_delay,omitzero"`
	Backoff                    string       `json:"retry_backoff_function,omitzero"`
	IgnoreSubscriptionOverride bool         `json:"ignore_subscription_override,omitzero"`
}

func (p RetryPolicy) wire() retryPolicy {
	return retryPolicy{
		p.RetriesWithNoDelay, p.MinimumDelayRetries, p.MaximumDelayRetries,
		wire.Seconds(p.MinimumDelay), wire.Seconds(p.MaximumDelay), p.Backoff, p.IgnoreSubscriptionOverride,
	}
}

func (p retryPolicy) typed() RetryPolicy {
	return RetryPolicy{
		p.RetriesWithNoDelay, p.MinimumDelayRetries, p.MaximumDelayRetries,
		time.Duration(p.MinimumDelay), time.Duration(p.MaximumDelay), p.Backoff, p.IgnoreSubscriptionOverride,
	}
}

// check finds what the server would refuse.
func (p RetryPolicy) check(op wire.Op) error {
	bad := func(rule string) error {
		return &ArgumentError{Op: string(op), Argument: KeyRetryPolicy, Rule: rule}
	}
	shortest, longest := p.MinimumDelay, p.MaximumDelay
	if shortest == 0 {
		shortest = defaultMinimumDelay
	}
	if longest == 0 {
		longest = defaultMaximumDelay
	}
	switch {
	case p.RetriesWithNoDelay < 0 || p.MinimumDelayRetries < 0 || p.MaximumDelayRetries < 0:
		return bad("must not have negative numbers of retries")
	case shortest%time.Second != 0 || longest%time.Second != 0 || shortest < 0:
		return bad("must have delays of whole seconds")
	case longest-shortest < leastDelayRange:
		return bad(fmt.Sprintf("must have a MaximumDelay at least %v longer than its MinimumDelay", leastDelayRange))
	}
	return nil
}
