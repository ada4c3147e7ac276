package zaqartest

import (
	"math"
	"sync/atomic"
	"time"
)

// clock is the machine's clock, moved forward by as much as the test asked for.
// Every time that the server stores, compares or tells comes from it.
type clock struct{ offset atomic.Int64 }

// now is the server's time.
func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// advance moves the clock forward.
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

// instant is a moment in nanoseconds since 1970: what records hold, since it
// sorts as bytes.
type instant int64

const (
	never instant = 0
	// endOfTime is what sums that run over come to.
	endOfTime instant = math.MaxInt64
)

func instantOf(t time.Time) instant { return instant(t.UnixNano()) }

func (i instant) time() time.Time {
	if i == never {
		return time.Time{}
	}
	return time.Unix(0, int64(i)).UTC()
}

// plus adds seconds, which come from requests and may be absurd.
func (i instant) plus(seconds int64) instant {
	if seconds > int64(endOfTime-i)/int64(time.Second) {
		return endOfTime
	}
	if seconds < 0 {
		return i
	}
	return i + instant(seconds)*instant(time.Second)
}

// seconds is the moment in whole seconds since 1970.
func (i instant) seconds() int64 { return int64(i) / int64(time.Second) }

// secondsSince is how ages are told: whole seconds, and never a negative number.
func (i instant) secondsSince(earlier instant) int64 {
	return max(0, int64(i-earlier)/int64(time.Second))
}
