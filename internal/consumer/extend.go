package consumer

import (
	"context"
	"errors"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/observe"
)

// keepAlive extends the claim until the lease is closed. Each lease has one goroutine,
// which runs it.
func (l *lease) keepAlive(ctx context.Context) {
	for l.awaitExtension() {
		if !l.extend(ctx) {
			return
		}
	}
}

// clockCheck is how often a lease compares the clocks while it waits for its extension.
const clockCheck = 15 * time.Second

// awaitExtension waits until the next extension is due. It returns false when the lease is
// closed.
func (l *lease) awaitExtension() bool {
	for {
		wait := l.untilExtension()
		if wait <= 0 {
			return !closed(l.closed)
		}
		timer := time.NewTimer(min(wait, clockCheck))
		select {
		case <-l.closed:
			timer.Stop()
			return false
		case <-l.woken:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// wake makes keepAlive look at extendAt again.
func (l *lease) wake() {
	select {
	case l.woken <- struct{}{}:
	default:
	}
}

// untilExtension returns when the next extension is due. That is now if the machine was
// suspended.
func (l *lease) untilExtension() time.Duration {
	c := l.consumer
	c.mu.Lock()
	defer c.unlock()
	now := c.nowLocked()
	l.giveUpOverdueLocked(now.monotonic)
	if !l.usableLocked(now) {
		return 0
	}
	return l.extendAt.Sub(now.monotonic)
}

// giveUpOverdueLocked gives up the messages of attempts that take longer than
// Config.MaxExtension. Their claim may end; it is not released under a running handler.
func (l *lease) giveUpOverdueLocked(now time.Time) {
	c := l.consumer
	if c.config.MaxExtension <= 0 {
		return
	}
	for id, d := range l.unsettled {
		if d.stage != running || now.Sub(d.started) < c.config.MaxExtension {
			continue
		}
		delete(l.unsettled, id)
		l.overlapped, d.overdue = true, true
		c.stats.Lost++
		c.reportLocked(observe.ClaimLost{
			Queue: c.queue.Name(), Claim: l.claim.ID(), Message: id, Messages: 1, Err: errOverdue,
		})
		d.cancel(fault.ClaimLost)
	}
	l.checkSettledLocked()
}

// errOverdue is why the claim of an attempt is no longer extended.
var errOverdue = errors.New("the attempt takes longer than MaxExtension")

// plan is how a claim is extended.
type plan struct {
	start instant
	ttl   time.Duration
	grace time.Duration
	first time.Duration // until the first of its messages is due, 0 if one does not wait
	leave bool          // let go of it: it ends when the wait is over
}

// planLocked decides how long the next extension lasts. A claim whose messages all wait
// long is extended by that wait.
func (l *lease) planLocked() plan {
	c := l.consumer
	p := plan{start: c.nowLocked(), ttl: c.config.TTL, grace: c.config.Grace}
	first, last := l.waitsLocked(p.start.monotonic)
	if first <= c.config.longWait() || c.backlog.refusesLong || closed(c.stopping) || c.config.TTL >= longestClaim {
		return p
	}
	p.first = first
	p.leave = l.policy() == GiveBack || c.backlog.parked > c.config.MaxWaiting
	if p.leave {
		p.ttl, p.grace = last.Truncate(time.Second)+time.Second+truncation, max(c.config.Grace, leftGrace)
	} else {
		p.ttl = first.Truncate(time.Second) + c.config.TTL
	}
	if p.ttl > longestClaim {
		p.ttl, p.grace, p.leave = longestClaim, c.config.Grace, false
	}
	return p
}

// leftGrace is how long the messages of a claim that was let go live beyond it, at least:
// time enough to be claimed again.
const leftGrace = time.Hour

// plan is planLocked, with the deadline of the claim.
func (l *lease) plan() (p plan, deadline time.Time) {
	l.consumer.mu.Lock()
	defer l.consumer.unlock()
	return l.planLocked(), l.deadline
}

// extend tries until it has extended the claim, or the claim is lost. The reason of the
// loss is then the answer to the last request. It returns false if the lease is closed.
func (l *lease) extend(ctx context.Context) bool {
	c := l.consumer
	var err error
	for attempt := 1; ; attempt++ {
		p, deadline := l.plan()
		if now := p.start.monotonic; err == nil || now.Before(deadline) {
			limited, cancel := c.limited(ctx, requestLimit(deadline.Sub(now)))
			err = l.claim.Extend(limited, p.ttl, p.grace)
			cancel()
		}
		if l.extended(p, err) {
			return err == nil
		}
		if !sleep(extensionWait(attempt, c.queue.RetryAfter(err), time.Until(deadline)), l.closed) {
			return false
		}
	}
}

// extensionWait is the wait after an extension failed: at least as long as the server asked
// for, unless the claim would end before the next try.
func extensionWait(attempt int, asked, left time.Duration) time.Duration {
	wait := min(extendBackoff.Delay(attempt), left)
	return max(wait, min(asked, left-minExtendTime))
}

// extendBackoff is the wait after an extension failed. It is short, because the claim
// runs out.
var extendBackoff = backoff.Backoff{First: 250 * time.Millisecond, Most: 2 * time.Second}

// minExtendTime is the least time that one extension gets, if there is as much.
const minExtendTime = 20 * time.Second

// requestLimit limits one extension to half of the time that is left. So a slow service
// gets time, and a connection that hangs does not use up all of it.
func requestLimit(left time.Duration) time.Duration {
	return max(min(max(left/2, minExtendTime), left), time.Millisecond)
}

// extended takes the outcome of an extension, and reports whether it was the last try.
func (l *lease) extended(p plan, err error) (last bool) {
	c := l.consumer
	c.mu.Lock()
	defer c.unlock()
	switch {
	case closed(l.closed):
		return true
	case err == nil:
		c.stats.Renewed++
		c.reportLocked(observe.ClaimRenewed{
			Queue: c.queue.Name(), Claim: l.claim.ID(), Messages: len(l.unsettled), Left: l.deadline.Sub(p.start.monotonic),
		})
		l.extendedLocked(p)
		return true
	case p.ttl > c.config.TTL && c.queue.RefusesLimit(err):
		c.backlog.refusesLong = true
		return false
	case errors.Is(err, fault.ClaimLost), !time.Now().Before(l.deadline):
		if errors.Is(err, fault.ClaimLost) {
			c.suspectLocked()
		}
		l.loseLocked(err)
		return true
	}
	l.failing = true
	c.pace.backToOneLocked(restFailed)
	c.reportLocked(observe.RenewalFailed{
		Queue: c.queue.Name(), Claim: l.claim.ID(), Messages: len(l.unsettled), Left: time.Until(l.deadline), Err: err,
	})
	return false
}

// extendedLocked begins the claim's time anew.
func (l *lease) extendedLocked(p plan) {
	l.startLocked(p.start, p.ttl)
	l.failing = false
	if p.first > 0 { // the claim is fresh again when the first message is due
		due := p.start.monotonic.Add(p.first - clockCheck)
		if due.Before(l.extendAt) || p.ttl < longestClaim {
			l.extendAt = due
		}
	}
	if first, _ := l.waitsLocked(time.Now()); p.leave && first > 0 && !closed(l.consumer.stopping) {
		l.leaveLocked()
		return
	}
	l.confirmedLocked()
}
