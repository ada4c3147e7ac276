package consumer

import "time"

// pace is what the consumer knows of its handlers and of the service's claims. It decides
// how large claims are, and whether they are made before a worker is free.
//
// A claim costs a server nearly the same for one message as for twenty. So with quick
// handlers large claims are what makes a consumer fast. But they have a price: a message that
// fails or takes long holds up the others of its claim, and on Redis claims of many can
// steal (quirk 5). So an adaptive consumer begins with claims of one and doubles them while
// they come back full and handlers are quick. At anything that speaks against them it goes back
// to claims of one, and stays there for a while.
type pace struct {
	size      int           // of the next claims, if they are adaptive
	oneUntil  time.Time     // until then it is one
	handler   time.Duration // what an attempt takes, averaged; 0: none has ended
	roundTrip time.Duration // what a claim takes, averaged
	quick     bool          // handlers are quick, compared with claims
}

const (
	// quickTrips is how many round trips of a claim a quick handler takes at most. Beyond
	// twice that it is slow.
	quickTrips = 3
	// longestTrip is the longest round trip that counts: a slow service does not make a
	// handler quick.
	longestTrip = 200 * time.Millisecond
	// slowAttempt is how long a single attempt takes at most while claims are large.
	slowAttempt = 5 * time.Second
	// restShort, restFailed are for how long claims stay at one: after a claim that brought
	// fewer messages than it could, and after something failed or took long. After a
	// hint that claims do not hold it is suspicion.
	restShort  = time.Second
	restFailed = 10 * time.Second
)

// averaged adds a value to a moving average, which is 0 before the first one.
func averaged(average, d time.Duration) time.Duration {
	if average == 0 {
		return d
	}
	return average + (d-average)/8
}

// compareLocked decides whether handlers are quick. What is between quick and slow stays as
// it was.
func (p *pace) compareLocked() {
	trip := min(p.roundTrip, longestTrip)
	switch {
	case p.handler == 0 || p.handler >= 2*quickTrips*trip:
		p.quick = false
	case p.handler < quickTrips*trip:
		p.quick = true
	}
}

// backToOneLocked makes claims of one for a while.
func (p *pace) backToOneLocked(rest time.Duration) {
	p.size = 1
	if until := time.Now().Add(rest); until.After(p.oneUntil) {
		p.oneUntil = until
	}
}

// attemptedLocked takes the time of an attempt that has ended.
func (p *pace) attemptedLocked(took time.Duration) {
	p.handler = max(averaged(p.handler, took), 1)
	p.compareLocked()
	if took >= slowAttempt {
		p.backToOneLocked(restFailed)
	}
}

// claimedLocked takes a claim for n messages that brought got and took this long.
func (p *pace) claimedLocked(n, got int, took time.Duration) {
	p.roundTrip = averaged(p.roundTrip, took)
	p.compareLocked()
	switch {
	case !p.quick && p.handler > 0 && p.size > 1:
		p.backToOneLocked(restFailed)
	case got < n && p.size > 1:
		p.backToOneLocked(restShort)
	case got >= n && n == p.size && p.quick && !time.Now().Before(p.oneUntil):
		p.size *= 2
	}
}

// claimSizeLocked is how many messages the next claim may bring.
func (c *Consumer) claimSizeLocked() int {
	if !c.config.Adaptive {
		return c.config.ClaimSize
	}
	p, now := &c.pace, time.Now()
	if suspected := c.deletions.suspected; !suspected.IsZero() && now.Sub(suspected) < suspicion {
		p.size = 1
	}
	if p.size > 1 && c.slowLocked(now) {
		p.backToOneLocked(restFailed)
	}
	most := c.config.ClaimSize
	if refused := c.claimer.refusedLimit; refused > 1 {
		most = min(most, refused-1)
	}
	p.size = max(1, min(p.size, most))
	return p.size
}

// slowLocked reports whether an attempt is running for long.
func (c *Consumer) slowLocked(now time.Time) bool {
	for _, d := range c.held {
		if d.stage == running && now.Sub(d.started) >= slowAttempt {
			return true
		}
	}
	return false
}

// Automatic makes, as Config.Prefetch, the consumer claim ahead while handlers are quick.
const Automatic = -1

// prefetchLocked is how many messages may be ready beyond those that somebody waits for: what
// remains of a claim that one worker asked for; and one claim for each worker of Run while
// handlers are quick, so that they do not wait for the service all the time. Nobody knows
// whether a caller of Fetch comes again, and what that caller did not ask for would be held until then.
func (c *Consumer) prefetchLocked(size int) int {
	switch {
	case c.config.Prefetch != Automatic:
		return c.config.Prefetch
	case c.pace.quick && c.working:
		return c.config.Workers * size
	}
	return size - 1
}

// policy is what happens to failed messages of the lease.
func (l *lease) policy() Policy {
	if l.adaptiveOfMany() {
		return RetryHere
	}
	return l.consumer.config.OnFailure
}

// adaptiveOfMany reports whether an adaptive claim has brought several messages.
func (l *lease) adaptiveOfMany() bool { return l.consumer.config.Adaptive && l.size > 1 }
