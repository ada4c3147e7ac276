package consumer

import (
	"context"
	"maps"
	"time"

	"github.com/zaqar-go/zaqar/observe"
)

// checkSettledLocked finishes the lease when all of its messages are settled.
func (l *lease) checkSettledLocked() {
	if l.finishing || closed(l.closed) || len(l.unsettled) > 0 {
		return
	}
	l.finishing = true
	if len(l.toRelease) == 0 {
		l.closeLocked()
		return
	}
	l.consumer.releasing++
	l.consumer.spawnLocked(l.finish)
}

// holdsLongLocked reports whether a message of the lease still waits long. The claim then
// is not released for hours. A message that is due itself, or soon, holds up nothing.
func (l *lease) holdsLongLocked(now time.Time) bool {
	for _, d := range l.unsettled {
		if d.parked && d.due.Sub(now) >= l.consumer.config.longWait() {
			return true
		}
	}
	return false
}

// takeBackLocked tries the messages that are to be given back here, because another message
// of the claim waits long. What is only to be deleted waits for the end of the claim. What
// was released or lost with the claim is not taken back: somebody else may have it.
func (l *lease) takeBackLocked() {
	if closed(l.closed) {
		return
	}
	for id, d := range maps.Clone(l.toRelease) {
		if l.consumer.history.finished(id) {
			continue
		}
		delete(l.toRelease, id)
		l.unsettled[id] = d
		l.consumer.stats.GivenBack--
		d.makeReadyLocked()
	}
}

// closeLocked ends the extensions. From now on the messages to be given back may come
// again.
func (l *lease) closeLocked() {
	close(l.closed)
	for id, d := range l.toRelease {
		d.setStageLocked(done)
		delete(l.consumer.held, id)
	}
}

// finish releases the claim, because there are messages to be given back.
func (l *lease) finish(ctx context.Context) {
	messages, deadline, ok := l.closeToRelease()
	c := l.consumer
	if ok && messages > 0 {
		c.release(ctx, l.claim, messages, deadline)
	}
	c.mu.Lock()
	defer c.unlock()
	c.releasing--
	c.claimMoreLocked()
}

// closeToRelease closes the lease, and returns how many messages a release gives back, and
// until when it makes sense. It is not ok if the claim was lost before.
func (l *lease) closeToRelease() (messages int, deadline time.Time, ok bool) {
	l.consumer.mu.Lock()
	defer l.consumer.unlock()
	if closed(l.closed) {
		return 0, time.Time{}, false
	}
	l.closeLocked()
	if l.overlapped {
		// On some servers a release also frees what a later claim took out of this one.
		return 0, l.deadline, true
	}
	return len(l.toRelease), l.deadline, true
}

// stopReleaseAttempts is how often a release is tried while the consumer stops, since
// somebody waits for the stop.
const stopReleaseAttempts = 3

// release releases a claim. It tries again until the claim has ended by itself.
func (c *Consumer) release(ctx context.Context, claim Claim, messages int, deadline time.Time) {
	var err error
	for attempt := 1; ; attempt++ {
		limited, cancel := c.limited(ctx, c.config.requestTime(attempt))
		err = claim.Release(limited)
		cancel()
		over := !time.Now().Before(deadline) || c.stoppedHard()
		if err == nil || over || attempt >= stopReleaseAttempts && closed(c.stopping) {
			break
		}
		wait := requestBackoff.Delay(attempt)
		if !closed(c.stopping) { // somebody waits for the stop
			wait = max(wait, c.queue.RetryAfter(err))
		}
		sleep(wait, c.handlerCtx.Done())
	}
	c.mu.Lock()
	defer c.unlock()
	if err == nil {
		c.stats.Released++
	}
	c.reportLocked(observe.ClaimReleased{Queue: c.queue.Name(), Claim: claim.ID(), Messages: messages, Err: err})
}
