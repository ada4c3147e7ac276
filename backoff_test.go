package zaqar

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestTheLongestWaitDoublesUpToABound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		backoff
		want []time.Duration
	}{
		"doubling":           {backoff{time.Second, 10 * time.Second}, []time.Duration{1e9, 2e9, 4e9, 8e9, 10e9, 10e9}},
		"a bound below":      {backoff{time.Minute, time.Second}, []time.Duration{1e9, 1e9}},
		"no wait":            {backoff{}, []time.Duration{0, 0, 0}},
		"no wait at first":   {backoff{0, time.Second}, []time.Duration{0, 0}},
		"the longest of all": {backoff{math.MaxInt64 - 1, math.MaxInt64}, []time.Duration{math.MaxInt64 - 1, math.MaxInt64}},
	} {
		var got []time.Duration
		for attempt := range len(c.want) {
			got = append(got, c.longest(attempt+1))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for first, want := range map[time.Duration]time.Duration{time.Second: time.Hour, 0: 0} {
		if d := (backoff{first, time.Hour}).longest(math.MaxInt); d != want {
			t.Errorf("after very many attempts it is %v, want %v", d, want)
		}
	}
}

func TestTheWaitIsAnythingUpToTheLongest(t *testing.T) {
	t.Parallel()
	b := backoff{time.Second, time.Minute}
	var low, high bool
	for range 1000 {
		d := b.delay(3)
		if d < 0 || d > 4*time.Second {
			t.Fatalf("it is %v", d)
		}
		low, high = low || d < time.Second, high || d > 3*time.Second
	}
	if !low || !high {
		t.Error("in a thousand times it was never near both ends")
	}
	if d := (backoff{}).delay(5); d != 0 {
		t.Errorf("the zero value waits %v", d)
	}
}
