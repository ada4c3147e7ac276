package consumer

import (
	"context"
	"time"

	"github.com/zaqar-go/zaqar/observe"
)

// backlog is the state of the messages that are claimed and wait: for their back-off, or
// for the rest of their claim. They take no place of those that are worked on, so what
// waits does not stop what works.
type backlog struct {
	parked      int         // messages that wait long, which take no place at all
	full        bool        // the bound was reported
	refusesLong bool        // the server has refused to extend a claim by a long wait
	left        []leftClaim // claims that end by themselves when the wait is over
}

// leftClaim is a claim that was extended by the wait of its messages and is no longer
// held. It is remembered to be released at a stop.
type leftClaim struct {
	claim    Claim
	deadline time.Time
}

// maxLeft limits how many left claims are remembered. A claim beyond that is not
// released at a stop, and ends when the wait is over.
const maxLeft = 10_000

// longestClaim is the longest time that servers allow for a claim unless configured
// otherwise.
const longestClaim = 12 * time.Hour

// leftReleases is how many left claims are released at the same time.
const leftReleases = 8

// longWait is the shortest wait that is long: the claim is extended by the wait itself.
func (c *Config) longWait() time.Duration { return 2 * c.TTL }

// setStageLocked changes the stage of a delivery, and counts.
func (d *Delivery) setStageLocked(next stage) {
	c := d.consumer
	c.counts[d.stage]--
	c.counts[next]++
	d.stage = next
	if d.parked {
		d.parked = false
		c.backlog.parked--
	}
}

// parkLocked notes that a message waits long.
func (d *Delivery) parkLocked() {
	d.parked = true
	d.consumer.backlog.parked++
}

// activeLocked is how many messages are held and do not wait.
func (c *Consumer) activeLocked() int {
	return c.counts[ready] + c.counts[running] + c.counts[settling]
}

// waitingLocked is how many messages are held and wait.
func (c *Consumer) waitingLocked() int { return c.counts[backingOff] + c.counts[awaitingRelease] }

// backlogFullLocked reports whether too many messages wait for another claim to be made,
// and reports that to the observer when it begins.
func (c *Consumer) backlogFullLocked() bool {
	waiting := c.waitingLocked() - c.backlog.parked
	full := waiting >= c.config.MaxWaiting
	if full && !c.backlog.full {
		c.reportLocked(observe.BacklogFull{Queue: c.queue.Name(), Messages: waiting})
	}
	c.backlog.full = full
	return full
}

// waits returns after what time the first and the last message of the lease are due, or
// zero if one of them does not wait.
func (l *lease) waitsLocked(now time.Time) (first, last time.Duration) {
	for _, d := range l.unsettled {
		if d.stage != backingOff {
			return 0, 0
		}
		wait := d.due.Sub(now)
		if first == 0 || wait < first {
			first = wait
		}
		last = max(last, wait)
	}
	return first, last
}

// leaveLocked lets go of a claim whose messages wait long. It was extended by the wait,
// so they are free when that is over.
func (l *lease) leaveLocked() {
	c := l.consumer
	for id, d := range l.unsettled {
		d.timer.Stop()
		d.setStageLocked(done)
		delete(c.held, id)
		c.stats.GivenBack++
	}
	clear(l.unsettled)
	l.closeLocked()
	if len(c.backlog.left) >= maxLeft {
		c.backlog.left = c.backlog.left[1:]
	}
	c.backlog.left = append(c.backlog.left, leftClaim{l.claim, l.deadline})
	c.claimMoreLocked()
}

// releaseLeftLocked releases the claims that were let go, because the consumer stops.
func (c *Consumer) releaseLeftLocked() {
	left := c.backlog.left
	c.backlog.left = nil
	for first := range min(leftReleases, len(left)) {
		c.spawnLocked(func(ctx context.Context) {
			for i := first; i < len(left); i += leftReleases {
				if time.Now().Before(left[i].deadline) {
					c.release(ctx, left[i].claim, 1, left[i].deadline)
				}
			}
		})
	}
}
