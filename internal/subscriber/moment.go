package subscriber

import "time"

// moment is a point in time by up to three clocks. None of them can be trusted alone: the
// monotonic clock stands still while the machine sleeps, the wall clock may be wrong or
// be set, and so may the server's. A clock that is not known has the zero time.
type moment struct {
	monotonic time.Time
	wall      time.Time // without a monotonic reading
	server    time.Time // as the answer dates itself, in whole seconds
}

// now returns the present moment by this program's clocks.
func (c *Config) now() moment {
	wall := time.Now
	if c.Wall != nil {
		wall = c.Wall
	}
	return moment{monotonic: time.Now(), wall: wall().Round(0)}
}

// add moves a moment by the clocks that are known.
func (m moment) add(d time.Duration) moment {
	for _, clock := range []*time.Time{&m.monotonic, &m.wall, &m.server} {
		if !clock.IsZero() {
			*clock = clock.Add(d)
		}
	}
	return m
}

// since returns the time that has passed since another moment, once for each clock that
// is known at both.
func (m moment) since(other moment) []time.Duration {
	var passed []time.Duration
	for _, clock := range [][2]time.Time{{m.monotonic, other.monotonic}, {m.wall, other.wall}, {m.server, other.server}} {
		if !clock[0].IsZero() && !clock[1].IsZero() {
			passed = append(passed, clock[0].Sub(clock[1]))
		}
	}
	return passed
}

// later returns the later moment by each clock.
func later(a, b moment) moment {
	latest := func(x, y time.Time) time.Time {
		if y.After(x) {
			return y
		}
		return x
	}
	return moment{
		monotonic: latest(a.monotonic, b.monotonic), wall: latest(a.wall, b.wall), server: latest(a.server, b.server),
	}
}
