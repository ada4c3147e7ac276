package consumer

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/observe"
)

// lease is a claim that the consumer keeps alive until all of its messages are settled.
//
// The arithmetic, with L for the claim's TTL and G for its grace:
//
//   - By our clock a claim ends L-1s after we sent the request that made or extended it:
//     servers truncate times to whole seconds.
//   - It is extended after a share of L, a third to a half unless configured otherwise.
//     If that fails, we try again until the claim has ended by our clock.
//   - If a message would end before its claim, the server prolongs the message until G
//     after the end of the claim, and then reports a TTL of L+G for it. Servers that store
//     in Redis report this too, but drop the message at its first end nevertheless, unless
//     the claim is extended before that (quirk 9). They do not say when the first end is.
//     So a claim that brings such a message is extended at once.
//   - A message that was not prolonged lives for at least L. The extension comes after at
//     most 0.8 L, and prolongs it on every server.
type lease struct {
	consumer *Consumer
	claim    Claim
	closed   chan struct{} // closed when the claim is no longer extended

	// The Consumer's lock guards what follows.

	deadline   time.Time            // when the claim ends by our clock
	extendAt   time.Time            // when the next extension is due
	unsettled  map[string]*Delivery // messages that are not settled
	toDelete   map[string]*Delivery // messages that were handled, to be deleted together
	toRelease  map[string]*Delivery // messages to be given back
	overlapped bool                 // a later claim of ours took messages out of this one
	finishing  bool                 // finish was started
}

// truncation is the error of times that servers truncate to whole seconds.
const truncation = time.Second

// newLease returns the lease of a claim that was requested at start.
func newLease(c *Consumer, claim Claim, messages []Message, start time.Time) *lease {
	l := &lease{
		consumer: c, claim: claim, closed: make(chan struct{}),
		unsettled: map[string]*Delivery{}, toDelete: map[string]*Delivery{}, toRelease: map[string]*Delivery{},
	}
	l.startLocked(start)
	if l.mustExtendAtOnce(messages) {
		l.extendAt = start
	}
	return l
}

// startLocked begins the claim's time anew, from a request that was sent at start.
func (l *lease) startLocked(start time.Time) {
	config := &l.consumer.config
	l.deadline = start.Add(config.TTL - truncation)
	share := config.ExtendAt * (1 - rand.Float64()/3)
	l.extendAt = start.Add(time.Duration(float64(config.TTL) * share))
}

// mustExtendAtOnce reports whether a message may end before the first extension.
func (l *lease) mustExtendAtOnce(messages []Message) bool {
	config := &l.consumer.config
	for _, m := range messages {
		if m.TTL() == config.TTL+config.Grace || m.TTL()-m.Age() < config.TTL {
			return true
		}
	}
	return false
}

// times returns when the claim ends, and when it is to be extended.
func (l *lease) times() (deadline, extendAt time.Time) {
	l.consumer.mu.Lock()
	defer l.consumer.unlock()
	return l.deadline, l.extendAt
}

// keepAlive extends the claim until the lease is closed. Each lease has one goroutine,
// which runs it.
func (l *lease) keepAlive(ctx context.Context) {
	for {
		_, extendAt := l.times()
		if !sleep(time.Until(extendAt), l.closed) || !l.extend(ctx) {
			return
		}
	}
}

// extend tries until it has extended the claim, or the claim is lost. The reason of the
// loss is then the answer to the last request.
func (l *lease) extend(ctx context.Context) bool {
	deadline, _ := l.times()
	var err error
	for attempt := 1; ; attempt++ {
		start := time.Now()
		if err == nil || start.Before(deadline) {
			limited, cancel := context.WithDeadline(ctx, requestDeadline(start, deadline))
			err = l.claim.Extend(limited)
			cancel()
		}
		if l.extended(start, err) {
			return err == nil
		}
		if !sleep(min(extendBackoff.Delay(attempt), time.Until(deadline)), l.closed) {
			return false
		}
	}
}

// extendBackoff is the wait after an extension failed. It is short, because the claim
// runs out.
var extendBackoff = backoff.Backoff{First: 250 * time.Millisecond, Most: 2 * time.Second}

// minRequestTime is the least time that one extension gets, if there is as much.
const minRequestTime = 5 * time.Second

// requestDeadline limits one extension to half of the time that is left. So a slow service
// gets time, and a connection that hangs does not use up all of it.
func requestDeadline(now, deadline time.Time) time.Time {
	left := deadline.Sub(now)
	return now.Add(min(max(left/2, minRequestTime), left))
}

// extended takes the outcome of an extension that was sent at start, and reports whether
// it was the last try.
func (l *lease) extended(start time.Time, err error) (last bool) {
	c := l.consumer
	c.mu.Lock()
	defer c.unlock()
	switch {
	case closed(l.closed):
		return true
	case err == nil:
		c.stats.Renewed++
		c.reportLocked(observe.ClaimRenewed{
			Queue: c.queue.Name(), Claim: l.claim.ID(), Messages: len(l.unsettled), Left: l.deadline.Sub(start),
		})
		l.startLocked(start)
		return true
	case errors.Is(err, fault.ClaimLost), !time.Now().Before(l.deadline):
		l.loseLocked(err)
		return true
	}
	c.reportLocked(observe.RenewalFailed{
		Queue: c.queue.Name(), Claim: l.claim.ID(), Messages: len(l.unsettled), Left: time.Until(l.deadline), Err: err,
	})
	return false
}

// checkSettledLocked finishes the lease when all of its messages are settled.
func (l *lease) checkSettledLocked() {
	if l.finishing || closed(l.closed) || len(l.unsettled) > 0 {
		return
	}
	l.finishing = true
	if len(l.toDelete) == 0 && len(l.toRelease) == 0 {
		l.closeLocked()
		return
	}
	l.consumer.spawnLocked(l.finish)
}

// closeLocked ends the extensions. From now on the messages to be given back may come
// again.
func (l *lease) closeLocked() {
	close(l.closed)
	for id, d := range l.toRelease {
		d.stage = done
		delete(l.consumer.held, id)
	}
}

// finish deletes what is to be deleted together, and releases the claim if there are
// messages to be given back.
func (l *lease) finish(ctx context.Context) {
	l.deleteTogether(ctx)
	messages, deadline, ok := l.closeToRelease()
	if !ok {
		return
	}
	if messages > 0 {
		l.release(ctx, messages, deadline)
	}
	c := l.consumer
	c.mu.Lock()
	defer c.unlock()
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

// release releases the claim. It tries again until the claim has ended by itself.
func (l *lease) release(ctx context.Context, messages int, deadline time.Time) {
	c := l.consumer
	var err error
	for attempt := 1; ; attempt++ {
		limited, cancel := context.WithTimeout(ctx, settleTimeout)
		err = l.claim.Release(limited)
		cancel()
		if err == nil || !time.Now().Before(deadline) || attempt >= stopReleaseAttempts && closed(c.stopping) {
			break
		}
		sleep(requestBackoff.Delay(attempt), c.handlerCtx.Done())
	}
	c.mu.Lock()
	defer c.unlock()
	if err == nil {
		c.stats.Released++
	}
	c.reportLocked(observe.ClaimReleased{Queue: c.queue.Name(), Claim: l.claim.ID(), Messages: messages, Err: err})
}
