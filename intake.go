package zaqar

import (
	"context"
	"errors"
	"time"

	"github.com/zaqar-go/zaqar/observe"
)

// intake is what a consumer knows of its claiming.
type intake struct {
	claiming int         // claims being made
	coming   int         // messages they may bring
	dry      int         // claims in a row that brought nothing
	failed   int         // claims in a row that failed
	refused  int         // of them: by the service
	tooMany  int         // the smallest limit that was refused, 0: none
	pause    *time.Timer // until the next one, nil: none
	over     bool
}

func (i *intake) stop() {
	i.over = true
	if i.pause != nil {
		i.pause.Stop()
	}
}

// finalRefusal is how many refusals in a row end a consumer. More than one, since a
// service that is being restarted may refuse what it takes a moment later.
const finalRefusal = 3

// feed makes as many claims as there is room for. It wants the lock.
func (c *Consumer) feed() {
	i := &c.intake
	for !i.over && i.pause == nil && i.claiming < c.claimsAtOnce() {
		n := c.wanted()
		if n < 1 {
			return
		}
		i.claiming++
		i.coming += n
		c.spawn(func(ctx context.Context) { c.claim(ctx, n) })
	}
}

// claimsAtOnce is one for a queue that had nothing, and as many as there are workers
// for one that had.
func (c *Consumer) claimsAtOnce() int {
	if c.intake.dry > 0 || c.intake.failed > 0 {
		return 1
	}
	return c.config.Workers
}

// wanted is how many messages the next claim should bring: as many as there is room
// for, when somebody waits or there is room for a whole claim.
func (c *Consumer) wanted() int {
	waiting := 0
	for _, t := range c.takers {
		waiting += t.n
	}
	there := len(c.ready) + c.intake.coming
	room := min(waiting+c.config.Prefetch-there, c.config.MaxHeld-len(c.held)-c.intake.coming)
	if waiting <= there && room < c.config.ClaimSize {
		return 0
	}
	return min(room, c.config.ClaimSize)
}

// claim makes one claim. It is not bound to anybody's context: a claim whose answer
// is not waited for holds its messages back until it ends.
func (c *Consumer) claim(ctx context.Context, n int) {
	options := []ClaimOption{TTL(c.config.TTL), Grace(c.config.Grace)}
	c.mu.Lock()
	bounded := c.intake.tooMany == 0 || n < c.intake.tooMany
	c.mu.Unlock()
	if bounded {
		options = append(options, Limit(n))
	}
	start := time.Now()
	claim, err := c.queue.Claim(ctx, options...)
	if errors.Is(err, ErrChecksum) {
		err = nil // of single messages, which are looked at one by one
	}
	if err != nil && claim != nil {
		// What it holds cannot be read: perhaps by the next one who claims.
		_ = claim.Release(ctx) // else it ends by itself
	}
	c.mu.Lock()
	c.intake.claiming--
	c.intake.coming -= n
	final := false
	switch {
	case err != nil && bounded && n > 1 && errors.Is(err, ErrInvalid):
		c.intake.tooMany = n
	case err != nil:
		final = c.claimFailed(err)
	case claim.Empty():
		c.intake.failed, c.intake.refused = 0, 0
		c.intake.dry++
		c.rest(c.config.poll().Delay(c.intake.dry))
	default:
		c.intake.failed, c.intake.refused, c.intake.dry = 0, 0, 0
		c.arrive(claim, start)
	}
	if !final {
		c.feed()
	}
	c.unlock()
	if final {
		c.halt(err)
	}
}

// claimFailed decides whether a failed claim ends the consumer, or is tried again
// after a wait. It wants the lock.
func (c *Consumer) claimFailed(err error) (final bool) {
	c.stats.ClaimErrors++
	c.intake.failed++
	switch {
	case errors.Is(err, ErrInvalid), errors.Is(err, ErrUnauthorized), errors.Is(err, ErrForbidden), errors.Is(err, ErrNotFound):
		c.intake.refused++
	default:
		c.intake.refused = 0
	}
	_, ours := errors.AsType[*ArgumentError](err)
	failed := observe.ClaimFailed{Queue: c.queue.name, Err: err}
	final = ours || errors.Is(err, ErrUnsupported) || c.intake.refused >= finalRefusal
	if !final {
		failed.Wait = again.Delay(c.intake.failed)
		c.rest(failed.Wait)
	}
	c.news = append(c.news, failed)
	return final
}

// rest makes no claims for a while. It wants the lock.
func (c *Consumer) rest(wait time.Duration) {
	i := &c.intake
	if i.over || i.pause != nil {
		return
	}
	i.pause = time.AfterFunc(wait, func() {
		c.mu.Lock()
		defer c.unlock()
		i.pause = nil
		c.feed()
	})
}

// arrive takes in the messages of a new claim. It wants the lock.
func (c *Consumer) arrive(claim *Claim, start time.Time) {
	l := newLease(c, claim, start)
	messages := claim.Messages()
	c.news = append(c.news, observe.Claimed{Queue: c.queue.name, Claim: claim.ID(), Messages: len(messages)})
	c.stats.Claims++
	c.stats.Claimed += len(messages)
	l.urgent = l.mustRenewAtOnce(messages)
	c.spawn(l.keep)
	for _, m := range messages {
		if d, ok := c.held[m.ID()]; ok {
			d.adopt(l, m)
			continue
		}
		d := &Delivery{consumer: c, message: m, lease: l, claims: []string{claim.ID()}, ghost: c.past.gone[m.ID()]}
		c.held[m.ID()] = d
		l.open[m.ID()] = d
		switch broken := c.queue.conn.verify(m); {
		case c.past.finished(m.ID()):
			c.duplicate(d, true)
			c.settleAside(d, nil)
		case broken != nil:
			c.settleAside(d, broken)
		case c.halted():
			c.letGo(d)
		default:
			c.ready = append(c.ready, d)
		}
	}
	l.checkEnd() // when there is nothing to do for it
	c.handOut()
}

// settleAside settles a message that nobody is to see. It wants the lock.
func (c *Consumer) settleAside(d *Delivery, err error) {
	d.begin(true)
	c.spawn(func(ctx context.Context) { _ = d.settle(ctx, err) })
}

// duplicate counts a message that came although it is here, or was. It wants the lock.
func (c *Consumer) duplicate(d *Delivery, finished bool) {
	c.stats.Duplicates++
	c.news = append(c.news, observe.Duplicate{
		Queue: c.queue.name, Message: d.message.ID(), Claim: d.lease.claim.ID(), Finished: finished,
	})
}
