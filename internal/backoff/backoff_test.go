package backoff

import (
	"context"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheLongestWaitDoublesUpToABound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		Backoff
		want []time.Duration
	}{
		"doubling":           {Backoff{time.Second, 10 * time.Second}, []time.Duration{1e9, 2e9, 4e9, 8e9, 10e9, 10e9}},
		"a bound below":      {Backoff{time.Minute, time.Second}, []time.Duration{1e9, 1e9}},
		"no wait":            {Backoff{}, []time.Duration{0, 0, 0}},
		"no wait at first":   {Backoff{0, time.Second}, []time.Duration{0, 0}},
		"the longest of all": {Backoff{math.MaxInt64 - 1, math.MaxInt64}, []time.Duration{math.MaxInt64 - 1, math.MaxInt64}},
	} {
		var got []time.Duration
		for attempt := range len(c.want) {
			got = append(got, c.Longest(attempt+1))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for first, want := range map[time.Duration]time.Duration{time.Second: time.Hour, 0: 0} {
		if d := (Backoff{first, time.Hour}).Longest(math.MaxInt); d != want {
			t.Errorf("after very many attempts it is %v, want %v", d, want)
		}
	}
}

func TestTheWaitIsAnythingUpToTheLongest(t *testing.T) {
	t.Parallel()
	b := Backoff{time.Second, time.Minute}
	var low, high bool
	for range 1000 {
		d := b.Delay(3)
		if d < 0 || d > 4*time.Second {
			t.Fatalf("it is %v", d)
		}
		low, high = low || d < time.Second, high || d > 3*time.Second
	}
	if !low || !high {
		t.Error("in a thousand times it was never near both ends")
	}
	if d := (Backoff{}).Delay(5); d != 0 {
		t.Errorf("the zero value waits %v", d)
	}
}

func TestJitterShortensAnIntervalByAQuarterAtMost(t *testing.T) {
	t.Parallel()
	shortest, longest := time.Hour, time.Duration(0)
	for range 1000 {
		d := Jittered(time.Minute)
		shortest, longest = min(shortest, d), max(longest, d)
	}
	if shortest < 45*time.Second || longest > time.Minute {
		t.Errorf("a minute becomes %v to %v", shortest, longest)
	}
	if longest-shortest < 10*time.Second {
		t.Errorf("in a thousand times it varied by %v only", longest-shortest)
	}
}

func TestAWaitEndsWithItsTimeOrItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		for _, c := range []struct {
			d, took time.Duration
			whole   bool
		}{{0, 0, true}, {-time.Second, 0, true}, {20 * time.Second, 20 * time.Second, true}, {time.Hour, time.Minute, false}} {
			if whole := Wait(ctx, c.d); whole != c.whole || time.Since(start) != c.took {
				t.Errorf("Wait of %v returned %t after %v", c.d, whole, time.Since(start))
			}
		}
	})
}
