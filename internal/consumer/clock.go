package consumer

import "time"

// While a machine is suspended its monotonic clock stands still, and so does every
// deadline of ours; claims end on the server all the same. The wall clock keeps going.
// So where it ran ahead of the monotonic clock, a claim is extended before a message of
// it is handed out: the server's answer decides. The wall clock alone decides nothing,
// since somebody may have set it.

// instant is a moment by both clocks.
type instant struct{ monotonic, wall time.Time }

// clockTolerance is how far the wall clock may run ahead before that is noticed. It is the
// error of a claim's deadline.
const clockTolerance = truncation

// nowLocked returns the present moment, and notes when one clock has moved against the other.
func (c *Consumer) nowLocked() instant {
	now := instant{monotonic: time.Now()}
	now.wall = now.monotonic.Round(0)
	if c.config.WallClock != nil {
		now.wall = c.config.WallClock().Round(0)
	}
	if last := c.lastSeen; !last.monotonic.IsZero() && now.drift(last).Abs() > clockTolerance {
		c.clockSet = now.monotonic
	}
	c.lastSeen = now
	return now
}

// drift is how far the wall clock has run ahead of the monotonic clock since then.
func (i instant) drift(then instant) time.Duration {
	return i.wall.Sub(then.wall) - i.monotonic.Sub(then.monotonic)
}

// sleptSince reports whether the machine seems to have been suspended since then.
func (i instant) sleptSince(then instant) bool { return i.drift(then) > clockTolerance }

// usableLocked reports whether a message of the lease may be handed out. If not, the claim
// is extended first.
func (l *lease) usableLocked(now instant) bool {
	if !l.unconfirmed && now.sleptSince(l.start) {
		l.consumer.confirmAllLocked(now)
	}
	return !l.unconfirmed
}

// confirmAllLocked extends all claims that were made or extended before the machine was
// suspended.
func (c *Consumer) confirmAllLocked(now instant) {
	for _, d := range c.held {
		if l := d.lease; !l.unconfirmed && now.sleptSince(l.start) && !closed(l.closed) {
			l.unconfirmed = true
			l.extendAt = now.monotonic
			l.wake()
		}
	}
}

// confirmedLocked offers the messages that waited for an extension.
func (l *lease) confirmedLocked() {
	c := l.consumer
	l.unconfirmed = false
	for _, d := range l.withheld {
		if d.stage == ready && d.lease == l {
			c.ready = append(c.ready, d)
		}
	}
	l.withheld = nil
	c.dispatchLocked()
}
