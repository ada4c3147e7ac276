package consumer

import (
	"context"

	"github.com/zaqar-go/zaqar/observe"
)

// receiveLocked takes the messages of a new claim.
func (c *Consumer) receiveLocked(claim Claim, order claimOrder) {
	messages := claim.Messages()
	l := newLease(c, claim, messages, order.start)
	c.reportLocked(observe.Claimed{Queue: c.queue.Name(), Claim: claim.ID(), Messages: len(messages)})
	c.stats.Claims++
	c.stats.Claimed += len(messages)
	c.spawnLocked(l.keepAlive)
	var doubts *doubt
	if c.doubtfulLocked(messages, order.newest) {
		doubts = &doubt{lease: l}
		c.pace.backToOneLocked(restFailed)
	}
	c.claimer.notePostedLocked(messages, order.start)
	for i, m := range messages {
		if i == 0 {
			c.receiveMessageLocked(l, m, nil)
		} else {
			c.receiveMessageLocked(l, m, doubts)
		}
	}
	l.checkSettledLocked() // the claim may have brought nothing new
	c.dispatchLocked()
}

// receiveMessageLocked takes a message of a new claim. doubts is not nil if it is doubtful.
func (c *Consumer) receiveMessageLocked(l *lease, m Message, doubts *doubt) {
	if d, ok := c.held[m.ID()]; ok {
		d.rebindLocked(l, m)
		return
	}
	d := &Delivery{
		consumer: c, message: m, lease: l, claims: []string{l.claim.ID()},
		alreadyDeleted: c.history.deleted[m.ID()],
	}
	c.counts[ready]++
	c.held[m.ID()] = d
	l.unsettled[m.ID()] = d
	switch broken := m.Verify(); {
	case c.history.finished(m.ID()):
		c.duplicateLocked(d, true)
		c.settleUnseenLocked(d, nil)
	case broken != nil:
		c.settleUnseenLocked(d, broken)
	case closed(c.stopping):
		d.endLocked(givenBack)
	case doubts != nil:
		doubts.addLocked(d)
	default:
		c.ready = append(c.ready, d)
	}
}

// settleUnseenLocked settles a message that no handler gets to see.
func (c *Consumer) settleUnseenLocked(d *Delivery, err error) {
	d.startLocked(&goroutine{abandoned: true})
	c.spawnLocked(func(ctx context.Context) { _ = d.settle(ctx, err) })
}

// duplicateLocked counts a message that came again while it is held, or after it was
// finished: a claim of ours did not hold it.
func (c *Consumer) duplicateLocked(d *Delivery, finished bool) {
	c.suspectLocked()
	c.countDuplicateLocked(d, finished)
}

// countDuplicateLocked counts and reports a message that is not handled again.
func (c *Consumer) countDuplicateLocked(d *Delivery, finished bool) {
	c.stats.Duplicates++
	c.reportLocked(observe.Duplicate{
		Queue: c.queue.Name(), Message: d.message.ID(), Claim: d.lease.claim.ID(), Finished: finished,
	})
}
