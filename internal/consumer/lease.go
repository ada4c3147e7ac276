package consumer

import (
	"math/rand/v2"
	"time"
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
//   - If all messages of the claim wait for their back-off, and longer than L, the claim is
//     extended by that wait. See [lease.planLocked].
type lease struct {
	consumer *Consumer
	claim    Claim
	closed   chan struct{} // closed when the claim is no longer extended
	woken    chan struct{} // makes keepAlive look at extendAt again

	// The Consumer's lock guards what follows.

	made       time.Time            // when the claim was made
	size       int                  // how many messages it brought
	start      instant              // when the claim was made, or extended last
	deadline   time.Time            // when the claim ends by our clock
	extendAt   time.Time            // when the next extension is due
	unsettled  map[string]*Delivery // messages that are not settled
	toRelease  map[string]*Delivery // messages to be given back
	overlapped bool                 // a later claim of ours took messages out of this one
	finishing  bool                 // finish was started
	failing    bool                 // its last extension has failed

	unconfirmed bool        // nothing is handed out before the next extension
	withheld    []*Delivery // ready, until that extension
}

// truncation is the error of times that servers truncate to whole seconds.
const truncation = time.Second

// newLease returns the lease of a claim that was requested at start.
func newLease(c *Consumer, claim Claim, messages []Message, start instant) *lease {
	l := &lease{
		consumer: c, claim: claim, made: start.monotonic, size: len(messages), closed: make(chan struct{}), woken: make(chan struct{}, 1),
		unsettled: map[string]*Delivery{}, toRelease: map[string]*Delivery{},
	}
	l.startLocked(start, c.config.TTL)
	if l.mustExtendAtOnce(messages) {
		l.extendAt = start.monotonic
	}
	return l
}

// startLocked begins the claim's time anew, from a request that was sent at start.
func (l *lease) startLocked(start instant, ttl time.Duration) {
	l.start = start
	l.deadline = start.monotonic.Add(ttl - truncation)
	share := l.consumer.config.ExtendAt * (1 - rand.Float64()/3)
	l.extendAt = start.monotonic.Add(time.Duration(float64(ttl) * share))
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
