package zaqartest

import (
	"encoding/json"
	"math"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// retryPolicy says when a notice is sent again to a subscriber that could not be
// reached: first at once, then after the minimum delay, then after growing delays,
// and finally after the maximum delay.
type retryPolicy struct {
	immediate, atMinDelay, atMaxDelay int64
	minDelay, maxDelay                int64 // seconds
	growth                            string
}

// growthStep is the difference between two delays in linear growth. It also
// determines the number of growing delays in any growth.
const growthStep = 5

// maxAttempts bounds the attempts of policies with absurd numbers.
const maxAttempts = 1000

// newRetryPolicy reads the policy of a subscription or, if that has none or must not
// override it, the policy of its queue. Both may be any JSON.
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

// delay returns the time between attempt n, counted from 0, and the next one. ok is
// false if there is no next one.
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

// growingDelays returns the number of growing delays.
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

// growingDelay returns growing delay n, in seconds.
func (p retryPolicy) growingDelay(n int64) float64 {
	least, most, at, last := float64(p.minDelay), float64(p.maxDelay), float64(n), float64(p.growingDelays()-1)
	switch p.growth {
	case "linear":
		return least + growthStep*at
	case "arithmetic":
		return math.Floor(least + at*(at+1)*(most-least)/(last*(last+1)))
	}
	// Geometric and exponential mean the same.
	return math.Floor(least * math.Pow(most/least, at/last))
}

// seconds bounds delays that may be absurd.
func seconds(n float64) time.Duration {
	const century = 100 * 365 * 24 * time.Hour
	return time.Duration(min(n, century.Seconds()) * float64(time.Second))
}
