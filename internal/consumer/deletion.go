package consumer

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Handled messages are deleted together as they finish, because one request for many costs
// a server little more than one for a single message. The rules:
//
//   - The first deletion goes out at once. What is finished after that joins the next one.
//   - The next one goes out when it is full, or when the one before it has been answered and
//     was sent deletionPace ago. So a message waits a few milliseconds at most, unless
//     the service is slow; and then no longer than deletionPatience.
//   - Nobody is kept waiting: while a call of Done waits, or the consumer stops, the next
//     one goes out as soon as the one before it has been answered.
//   - A message that is alone is deleted with its claim. That of an adaptive claim of many is
//     deleted like several: on Redis somebody else's claim may have taken it meanwhile, and
//     waits for its deletion; see doubt.go.
//
// Servers do not look at claims in a deletion of many (quirk 22). So a message takes part
// only if nothing speaks against its claim; see [Delivery.sureLocked]. Everything else, and
// everything after a deletion that failed, is deleted message by message, with its claim.
type deletions struct {
	waiting  []*Delivery // handled, in the order in which they finished
	callers  int         // how many of these a call of Done waits for
	inFlight int         // requests
	sent     time.Time   // when the last one was sent
	timer    *time.Timer // of the next one
	due      time.Time   // when that ends, zero: it does not run

	refused      int       // the smallest number of ids that was refused, 0: none
	refusedUntil time.Time // when a larger number is tried again
	restUntil    time.Time // until then messages are deleted one by one, since a deletion failed
	suspected    time.Time // when something last hinted that claims do not hold
}

const (
	// deletionSize is how many ids servers accept unless configured otherwise.
	deletionSize = 20
	// deletionPace is the shortest time between two deletions that are not full.
	deletionPace = 5 * time.Millisecond
	// deletionPatience is how long a deletion waits for the answer to the one before it.
	deletionPatience = 50 * time.Millisecond
	// deletionMargin is how long a claim must last when its message is deleted without a
	// look at the claim.
	deletionMargin = 5 * time.Second
	// deletionRest is how long messages are deleted one by one after a deletion of many
	// has failed.
	deletionRest = time.Minute
	// refusedTime is for how long a number of ids that was refused is not sent again.
	refusedTime = 10 * time.Minute
	// suspicion is for how long messages are deleted one by one after a hint that claims
	// do not hold.
	suspicion = 5 * time.Minute
)

// outcome is that of a deletion that a call of Done waits for.
type outcome struct {
	done chan struct{}
	err  error // once done is closed
}

// ackLocked acknowledges a message that was handled. It is deleted now, or together with
// others.
func (d *Delivery) ackLocked() action {
	c := d.consumer
	k := &c.deletions
	if !d.sureLocked(c.nowLocked()) {
		return d.ackNow
	}
	if d.worker != nil {
		k.waiting = append(k.waiting, d)
		c.deleteMoreLocked()
		return nil
	}
	if len(k.waiting) == 0 && k.inFlight == 0 {
		k.sentLocked()
		return func(ctx context.Context) error {
			defer c.deletionAnswered()
			return d.ackNow(ctx)
		}
	}
	d.outcome = &outcome{done: make(chan struct{})}
	k.waiting = append(k.waiting, d)
	k.callers++
	c.deleteMoreLocked()
	return c.awaits(d.outcome)
}

// awaits waits for a deletion. If the caller's context ends, the deletion goes on.
func (c *Consumer) awaits(o *outcome) action {
	return func(ctx context.Context) error {
		select {
		case <-o.done:
			return o.err
		case <-ctx.Done():
			return fmt.Errorf("zaqar: %s %s: %w", op, c.queue.Name(), context.Cause(ctx))
		}
	}
}

// sureLocked reports whether the message may be deleted although the server does not look
// at its claim: the claim is ours, will last for a while by both clocks, was made or
// extended since the wall clock was last set or the machine suspended, and nothing hints at
// somebody else who has the message.
func (d *Delivery) sureLocked(now instant) bool {
	c, l := d.consumer, d.lease
	k := &c.deletions
	switch {
	case len(d.claims) > 1, d.overdue, d.alreadyDeleted: // it came more than once
		return false
	case closed(l.closed), l.overlapped, l.unconfirmed, l.failing:
		return false
	case now.monotonic.Before(k.restUntil), k.sizeLocked(now) < 2:
		return false
	case !k.suspected.IsZero() && (now.monotonic.Sub(k.suspected) < suspicion || l.made.Before(k.suspected)):
		return false
	}
	return l.leftLocked(now) >= deletionMargin
}

// leftLocked returns how long the claim lasts by the clock by which it ends first. It is
// zero if the clocks disagree.
func (l *lease) leftLocked(now instant) time.Duration {
	if now.drift(l.start).Abs() > clockTolerance || l.start.monotonic.Before(l.consumer.clockSet) {
		return 0
	}
	lasts := l.deadline.Sub(l.start.monotonic)
	return lasts - max(now.monotonic.Sub(l.start.monotonic), now.wall.Sub(l.start.wall))
}

// suspectLocked notes a hint that claims of ours do not hold: somebody else may have a
// message of ours.
func (c *Consumer) suspectLocked() { c.deletions.suspected = time.Now() }

// sizeLocked is how many ids the next deletion may have.
func (k *deletions) sizeLocked(now instant) int {
	if k.refused > 0 && now.monotonic.Before(k.refusedUntil) {
		return k.refused / 2
	}
	return deletionSize
}

func (k *deletions) sentLocked() {
	k.inFlight++
	k.sent = time.Now()
}

// deleteMoreLocked sends the deletions that are due. It is called whenever one may be.
func (c *Consumer) deleteMoreLocked() {
	k := &c.deletions
	for len(k.waiting) > 0 {
		now := c.nowLocked()
		size := max(k.sizeLocked(now), 1)
		if wait := k.waitLocked(now.monotonic, size, closed(c.stopping)); wait > 0 {
			c.deleteLaterLocked(now.monotonic.Add(wait), wait)
			return
		}
		batch := slices.Clone(k.waiting[:min(size, len(k.waiting))])
		k.waiting = slices.Delete(k.waiting, 0, len(batch))
		c.deleteLocked(batch, now)
	}
}

// waitLocked is how long the next deletion, of up to size messages, waits for others to
// join it.
func (k *deletions) waitLocked(now time.Time, size int, stopping bool) time.Duration {
	switch {
	case len(k.waiting) >= size:
		return 0
	case k.inFlight > 0:
		return k.sent.Add(deletionPatience).Sub(now)
	case k.callers > 0, stopping:
		return 0
	}
	return k.sent.Add(deletionPace).Sub(now)
}

// deleteLaterLocked calls deleteMoreLocked at a time, unless it will be called before.
func (c *Consumer) deleteLaterLocked(at time.Time, wait time.Duration) {
	k := &c.deletions
	switch {
	case k.timer == nil:
		k.timer = time.AfterFunc(wait, func() {
			c.mu.Lock()
			defer c.unlock()
			k.due = time.Time{}
			c.deleteMoreLocked()
		})
	case k.due.IsZero() || at.Before(k.due):
		k.timer.Reset(wait)
	default:
		return
	}
	k.due = at
}

// deleteLocked deletes messages that waited: together those of which we are still sure, and
// each on its own the others.
func (c *Consumer) deleteLocked(batch []*Delivery, now instant) {
	var together []*Delivery
	limit := c.config.requestTime(1)
	for _, d := range batch {
		if d.outcome != nil {
			c.deletions.callers--
		}
		if !d.sureLocked(now) {
			c.deleteAloneLocked(d)
			continue
		}
		together = append(together, d)
		limit = min(limit, d.lease.leftLocked(now)) // what is sent later is too late
	}
	if len(together) == 0 {
		return
	}
	c.deletions.sentLocked()
	if len(together) == 1 && !together[0].lease.adaptiveOfMany() {
		c.spawnLocked(func(ctx context.Context) {
			defer c.deletionAnswered()
			_ = together[0].ackNow(ctx)
		})
		return
	}
	var ids, claims []string
	for _, d := range together {
		ids = append(ids, d.message.ID())
		if claim := d.lease.claim.ID(); !slices.Contains(claims, claim) {
			claims = append(claims, claim)
		}
	}
	c.spawnLocked(func(ctx context.Context) {
		limited, cancel := c.limited(ctx, limit)
		err := c.queue.DeleteAll(limited, ids, claims)
		cancel()
		c.deletedTogether(ctx, together, err)
	})
}

// deleteAloneLocked deletes a message with its claim, in a goroutine of its own.
func (c *Consumer) deleteAloneLocked(d *Delivery) {
	c.spawnLocked(func(ctx context.Context) { _ = d.ackNow(ctx) })
}

// deletedTogether takes the outcome of a deletion of many. If it failed, each message is
// deleted on its own.
func (c *Consumer) deletedTogether(ctx context.Context, batch []*Delivery, err error) {
	c.mu.Lock()
	defer c.unlock()
	k := &c.deletions
	k.inFlight--
	switch {
	case err == nil:
		for _, d := range batch {
			d.countHandledLocked()
			d.endDeletedLocked(ctx, nil)
		}
	case c.queue.RefusesLimit(err):
		refused := len(batch)
		if k.refused > 0 && time.Now().Before(k.refusedUntil) { // the answer to a later deletion came first
			refused = min(refused, k.refused)
		}
		k.refused, k.refusedUntil = refused, time.Now().Add(refusedTime)
	default:
		k.restUntil = time.Now().Add(deletionRest)
	}
	if err != nil {
		for _, d := range batch {
			c.deleteAloneLocked(d)
		}
	}
	c.deleteMoreLocked()
}

// deletionAnswered notes that the deletion of a single message has ended.
func (c *Consumer) deletionAnswered() {
	c.mu.Lock()
	defer c.unlock()
	c.deletions.inFlight--
	c.deleteMoreLocked()
}

// deleteUnsureLocked deletes the messages of a lease that was lost and that wait for a
// deletion together with others.
func (c *Consumer) deleteUnsureLocked(l *lease) {
	k := &c.deletions
	k.waiting = slices.DeleteFunc(k.waiting, func(d *Delivery) bool {
		if d.lease != l {
			return false
		}
		if d.outcome != nil {
			k.callers--
		}
		c.deleteAloneLocked(d)
		return true
	})
}
