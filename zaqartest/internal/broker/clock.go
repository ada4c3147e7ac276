package broker

import (
	"math"
	"sync/atomic"
	"time"
)

// Clock is the machine's clock, moved forward as far as the test asked. Every time
// that the server stores, compares or returns comes from it.
type Clock struct{ offset atomic.Int64 }

// Now returns the server's time.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }

// Instant is a time in nanoseconds since 1970. In the store, instants sort by their
// bytes.
type Instant int64

const (
	never Instant = 0
	// endOfTime is the result of a sum that overflows.
	endOfTime Instant = math.MaxInt64
)

// InstantOf returns the instant of a time.
func InstantOf(t time.Time) Instant { return Instant(t.UnixNano()) }

// Time returns the instant as a time in UTC.
func (i Instant) Time() time.Time {
	if i == never {
		return time.Time{}
	}
	return time.Unix(0, int64(i)).UTC()
}

// Plus adds seconds, which come from requests and may be absurd.
func (i Instant) Plus(seconds int64) Instant {
	if seconds > int64(endOfTime-i)/int64(time.Second) {
		return endOfTime
	}
	if seconds < 0 {
		return i
	}
	return i + Instant(seconds)*Instant(time.Second)
}

// Seconds returns the time in whole seconds since 1970.
func (i Instant) Seconds() int64 { return int64(i) / int64(time.Second) }

// SecondsSince returns an age in whole seconds. It is never negative.
func (i Instant) SecondsSince(earlier Instant) int64 {
	return max(0, int64(i-earlier)/int64(time.Second))
}
