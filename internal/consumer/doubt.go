package consumer

import (
	"context"
	"time"
)

// On Redis a claim takes the first free message and then everything behind it, even what
// other consumers hold (quirk 5). Queues are claimed in their order, so what is in front of
// messages that were claimed before has become free: its claim has ended or was released, or
// its delay is over. A claim of many that begins there is doubtful. Its first message was free; those
// behind it may be in the hands of somebody else. They wait, and what is deleted meanwhile is
// not handled.
//
// Only adaptive claims are doubted. Their messages are handled quickly, so the wait is long
// enough for most. Meanwhile the other consumer deletes them: a deletion of several does not
// look at claims (quirk 22), and where one is refused, see [Delivery.regained].

// doubtWait is how long doubtful messages wait.
const doubtWait = 10 * time.Second

// ageError is how much later than its age says a message may have been posted, or earlier:
// servers compute with whole seconds.
const ageError = 2 * time.Second

// notePostedLocked remembers how new the messages are that claims have brought.
func (k *claimer) notePostedLocked(messages []Message, start instant) {
	for _, m := range messages {
		if posted := start.monotonic.Add(-m.Age() - ageError); posted.After(k.newest) {
			k.newest = posted
		}
	}
}

// doubtfulLocked reports whether the messages behind the first one may be somebody else's.
// newest is how new the messages were that claims had brought when this claim was sent.
func (c *Consumer) doubtfulLocked(messages []Message, newest time.Time) bool {
	if !c.config.Adaptive || len(messages) < 2 || newest.IsZero() || !claimsSteal(messages[0].ID()) {
		return false
	}
	return time.Now().Add(ageError - messages[0].Age()).Before(newest)
}

// claimsSteal reports whether the server may have quirk 5, by the id of a message: Redis has
// UUIDs, and MongoDB has 24 digits.
func claimsSteal(id string) bool { return len(id) != 24 }

// doubt is the messages of a doubtful claim.
type doubt struct {
	lease    *lease
	messages []*Delivery
	over     bool // the wait is over
}

// addLocked makes a message wait.
func (u *doubt) addLocked(d *Delivery) {
	c := d.consumer
	u.messages = append(u.messages, d)
	d.setStageLocked(backingOff)
	d.due = time.Now().Add(doubtWait)
	d.timer = time.AfterFunc(doubtWait, func() {
		c.mu.Lock()
		defer c.unlock()
		if !u.over && d.stage == backingOff { // for the first of them all are looked up
			u.over = true
			c.spawnLocked(u.check)
		}
	})
}

// check looks up which of the messages are still there, and offers these. If that fails, it
// offers all: better twice than not at all.
func (u *doubt) check(ctx context.Context) {
	c := u.lease.consumer
	limited, cancel := c.limited(ctx, c.config.requestTime(1))
	present, err := c.queue.Present(limited, u.waiting())
	cancel()
	c.mu.Lock()
	defer c.unlock()
	for _, d := range u.messages {
		switch {
		case d.stage != backingOff: // its claim was lost, or the consumer has stopped
		case err == nil && !present[d.message.ID()]:
			c.stolenLocked(d)
		default:
			d.makeReadyLocked()
		}
	}
}

// waiting returns the ids of the messages that still wait.
func (u *doubt) waiting() []string {
	c := u.lease.consumer
	c.mu.Lock()
	defer c.unlock()
	var ids []string
	for _, d := range u.messages {
		if d.stage == backingOff {
			ids = append(ids, d.message.ID())
		}
	}
	return ids
}

// stolenLocked ends a delivery of a message that our claim took out of somebody else's, who
// has deleted it.
func (c *Consumer) stolenLocked(d *Delivery) {
	c.pace.backToOneLocked(suspicion)
	c.countDuplicateLocked(d, true)
	d.endLocked(gone)
}
