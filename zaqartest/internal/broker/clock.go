package broker

import (
	"math"
	"sync/atomic"
	"time"
)

// clock is the machine's clock, moved forward by as much as the test asked for.
// Every time that the server stores, compares or tells comes from it.
type Clock struct{ offset atomic.Int64 }

// now is the server's time.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }

// instant is a moment in nanoseconds since 1970: what records hold, since it
// sorts as bytes.
type Instant int64

const (
	never Instant = 0
	// endOfTime is what sums that run over come to.
	endOfTime Instant = math.MaxInt64
)

func InstantOf(t time.Time) Instant { return Instant(t.UnixNano()) }

func (i Instant) Time() time.Time {
	if i == never {
		return time.Time{}
	}
	return time.Unix(0, int64(i)).UTC()
}

// plus adds seconds, which come from requests and may be absurd.
func (i Instant) Plus(seconds int64) Instant {
	if seconds > int64(endOfTime-i)/int64(time.Second) {
		return endOfTime
	}
	if seconds < 0 {
		return i
	}
	return i + Instant(seconds)*Instant(time.Second)
}

// seconds is the moment in whole seconds since 1970.
func (i Instant) Seconds() int64 { return int64(i) / int64(time.Second) }

// secondsSince is how ages are told: whole seconds, and never a negative number.
func (i Instant) SecondsSince(earlier Instant) int64 {
	return max(0, int64(i-earlier)/int64(time.Second))
}
