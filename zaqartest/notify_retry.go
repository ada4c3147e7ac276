package zaqartest

import (
	"encoding/json"
	"math"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// retryPolicy says when a notice is sent again to a subscriber who could not be
// reached: some times at once, some times after the least delay, then after
// delays that grow, and some times after the longest.
type retryPolicy struct {
	immediate, atMinDelay, atMaxDelay int64
	minDelay, maxDelay                int64 // seconds
	growth                            string
}

// growthStep is how much each delay exceeds the one before in linear growth, and
// what the number of growing delays depends on in any.
const growthStep = 5

// maxAttempts ends what a policy with absurd numbers would never end.
const maxAttempts = 1000

// newRetryPolicy takes the policy of a subscription or, where that has none or
// must not override it, that of its queue. Both may be anything.
func newRetryPolicy(ofSubscription, ofQueue json.RawMessage) retryPolicy {
	mine, _ := rawjson.Object(ofSubscription)
	queues, _ := rawjson.Object(ofQueue)
	chosen := mine
	if len(mine) == 0 || rawjson.IsTrue(mine["ignore_subscription_override"]) || rawjson.IsTrue(queues["ignore_subscription_override"]) {
		chosen = queues
	}
	p := retryPolicy{immediate: 3, atMinDelay: 3, atMaxDelay: 3, minDelay: 5, maxDelay: 30, growth: "linear"}
	for _, field := range []struct {
		name  string
		value *int64
	}{
		{"retries_with_no_delay", &p.immediate},
		{"minimum_delay_retries", &p.atMinDelay},
		{"minimum_delay", &p.minDelay},
		{"maximum_delay", &p.maxDelay},
		{"maximum_delay_retries", &p.atMaxDelay},
	} {
		if n, ok := rawjson.Integer(chosen[field.name]); ok {
			*field.value = max(0, n)
		}
	}
	if name, ok := rawjson.Text(chosen["retry_backoff_function"]); ok && name != "" {
		p.growth = name
	}
	return p
}

// delay is the time between the failure of attempt n, the first of which is 0,
// and the next one. ok is false where there is no next one.
func (p retryPolicy) delay(n int64) (delay time.Duration, ok bool) {
	if n >= maxAttempts-1 {
		return 0, false
	}
	for _, phase := range []struct {
		length int64
		delay  func(int64) float64
	}{
		{p.immediate, func(int64) float64 { return 0 }},
		{p.atMinDelay, func(int64) float64 { return float64(p.minDelay) }},
		{p.growingDelays(), p.growingDelay},
		{p.atMaxDelay, func(int64) float64 { return float64(p.maxDelay) }},
	} {
		if n < phase.length {
			return seconds(phase.delay(n)), true
		}
		n -= phase.length
	}
	return 0, false
}

// growing is the number of growing delays.
func (p retryPolicy) growingDelays() int64 {
	span := p.maxDelay - p.minDelay // neither is negative
	if p.growth == "linear" {
		return max(0, span/growthStep+min(1, max(0, span)%growthStep))
	}
	steps := span / growthStep
	if steps < 2 || p.minDelay == 0 && p.growth != "arithmetic" {
		return 0 // the formula has no result
	}
	return steps
}

// grown is the growing delay number n.
func (p retryPolicy) growingDelay(n int64) float64 {
	least, most, at, last := float64(p.minDelay), float64(p.maxDelay), float64(n), float64(p.growingDelays()-1)
	switch p.growth {
	case "linear":
		return least + growthStep*at
	case "arithmetic":
		return math.Floor(least + at*(at+1)*(most-least)/(last*(last+1)))
	}
	// Geometric and exponential are two names of one thing.
	return math.Floor(least * math.Pow(most/least, at/last))
}

// seconds bounds what may be absurd.
func seconds(n float64) time.Duration {
	const century = 100 * 365 * 24 * time.Hour
	return time.Duration(min(n, century.Seconds()) * float64(time.Second))
}
