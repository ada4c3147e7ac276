package consumer

import (
	"slices"

	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/observe"
)

// A claim is lost when it has ended by our clock, when the server says so, or when another
// claim took a message out of it. If that other claim is our own, the message is rebound to
// it. Otherwise somebody else has the message, or will have it.

// loseLocked closes a lease whose claim is lost. Messages that are not begun are dropped,
// and the contexts of running attempts are cancelled.
func (l *lease) loseLocked(err error) {
	c := l.consumer
	l.closeLocked()
	c.stats.LostClaims++
	c.pace.backToOneLocked(restFailed)
	c.reportLocked(observe.ClaimLost{
		Queue: c.queue.Name(), Claim: l.claim.ID(), Messages: len(l.unsettled), Err: err,
	})
	for _, d := range l.unsettled {
		switch d.stage {
		case ready, backingOff:
			d.endLocked(gone)
		case running:
			c.stats.Lost++
			d.cancel(fault.ClaimLost)
		}
	}
	c.deleteUnsureLocked(l)
	c.claimMoreLocked()
}

// onClaimLostLocked ends an attempt whose claim was lost, which is no failure of the
// message. If a later claim of ours has brought the message again, it is ready again.
func (d *Delivery) onClaimLostLocked() {
	if closed(d.lease.closed) || d.overdue {
		d.endLocked(gone)
		return
	}
	d.makeReadyLocked()
}

// rebindLocked moves a delivery to a later claim of ours, which brought the message
// again and so took it out of the earlier one.
func (d *Delivery) rebindLocked(l *lease, m Message) {
	c, earlier, id := d.consumer, d.lease, m.ID()
	delete(earlier.unsettled, id)
	delete(earlier.toRelease, id)
	earlier.overlapped = true
	d.lease = l
	d.claims = append(d.claims, l.claim.ID())
	d.message.Rebind(m)
	c.duplicateLocked(d, false)
	switch {
	case d.overdue: // this claim is not extended for it either
		l.overlapped = true
	case d.stage == awaitingRelease && c.history.finished(id): // it could not be deleted before
		l.unsettled[id] = d
		c.settleUnseenLocked(d, nil)
	case d.stage == awaitingRelease:
		l.unsettled[id] = d
		d.makeReadyLocked()
	default:
		l.unsettled[id] = d
		if i := slices.Index(earlier.withheld, d); i >= 0 && d.stage == ready {
			earlier.withheld = slices.Delete(earlier.withheld, i, i+1)
			c.ready = append(c.ready, d)
		}
	}
	earlier.checkSettledLocked()
}
