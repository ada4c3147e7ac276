package consumer

import (
	"context"
	"errors"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/observe"
)

// claimer is the state of claiming.
type claimer struct {
	claiming     int         // claims in flight
	expected     int         // messages that they may bring
	fewer        int         // how many fewer than there are workers may be in flight
	brought      int         // claims that brought something
	emptyClaims  int         // how often in a row the queue was found empty
	failed       int         // claims in a row that failed
	timeouts     int         // how many of these got no answer in time
	refusals     refusals    // how long the service has refused claims
	succeeded    bool        // a claim has succeeded before
	refusedLimit int         // the smallest limit that was refused, 0: none
	newest       time.Time   // the newest message of all claims was posted then, or later
	pause        *time.Timer // until the next claim, nil: none
	stopped      bool
}

// giveUpFirst is how long claims are refused before that is final, if none has ever
// succeeded: a wrong name or a missing role shows soon.
const giveUpFirst = 5 * time.Second

// giveUpAfter is how long claims are refused before that is final.
func (k *claimer) giveUpAfter(config *Config) time.Duration {
	if k.succeeded {
		return config.GiveUpAfter
	}
	return min(config.GiveUpAfter, giveUpFirst)
}

// requestBackoff is the wait after a request failed that is worth another try.
var requestBackoff = backoff.Backoff{First: 500 * time.Millisecond, Most: 10 * time.Second}

func (k *claimer) stopLocked() {
	k.stopped = true
	if k.pause != nil {
		k.pause.Stop()
	}
}

// parallelLocked is how many claims may be in flight: half as many after each that brought
// nothing, one more after each that brought something, and only one while claiming fails.
// On MongoDB claims that meet want the same messages, and one of them gets these.
func (k *claimer) parallelLocked(workers int) int {
	if k.failed > 0 {
		return 1
	}
	return workers - k.fewer
}

// emptyLocked takes a claim that brought nothing, which was sent when brought claims had
// brought something. The queue is empty if no other claim brought something meanwhile:
// that one may have taken what this one had found (quirk 55).
func (c *Consumer) emptyLocked(brought int) {
	k := &c.claimer
	k.fewer += k.parallelLocked(c.config.Workers) / 2
	if k.claiming > 0 || k.brought > brought {
		return // the last of those that are in flight tells
	}
	k.emptyClaims++
	c.pauseClaimsLocked(c.config.Poll.Delay(k.emptyClaims))
}

// claimMoreLocked starts as many claims as there is room for. It is called whenever there
// may be more room.
func (c *Consumer) claimMoreLocked() {
	k := &c.claimer
	for !k.stopped && k.pause == nil && k.claiming < k.parallelLocked(c.config.Workers) {
		n := c.nextClaimSizeLocked()
		if n < 1 {
			return
		}
		k.claiming++
		k.expected += n
		order := claimOrder{n: n, brought: k.brought}
		c.spawnLocked(func(ctx context.Context) { c.claim(ctx, order) })
	}
}

// nextClaimSizeLocked is how many messages the next claim should bring, 0 for no claim. A
// claim is made when somebody waits, or when there is room for a whole one.
func (c *Consumer) nextClaimSizeLocked() int {
	size, waiting := c.claimSizeLocked(), 0
	for _, w := range c.waiters {
		waiting += w.n
	}
	if c.config.Adaptive && !c.working {
		// Callers of Next and Fetch get what they ask for: the rest of a larger claim would be
		// held until they come again.
		size = min(size, max(waiting, 1))
	}
	available := len(c.ready) + c.claimer.expected
	room := min(waiting+c.prefetchLocked(size)-available, c.config.MaxHeld-c.activeLocked()-c.claimer.expected)
	if waiting <= available && room < size || room < 1 || c.backlogFullLocked() {
		return 0
	}
	return min(room, size)
}

// claimOrder is a claim to be made, and what was known when it was sent.
type claimOrder struct {
	n       int       // how many messages it is for
	limit   int       // what is sent for n; 0: the server's own
	brought int       // how many claims had brought something
	newest  time.Time // how new their messages were
	start   instant
}

// claim makes one claim. No caller's context limits it: if nobody read the
// answer, the messages would be out of reach until the claim expires. A hard stop cuts it.
func (c *Consumer) claim(ctx context.Context, order claimOrder) {
	timeout := c.sendClaim(&order)
	limited, cancel := c.limited(ctx, timeout)
	claim, err := c.queue.Claim(limited, order.limit)
	cancel()
	if err != nil && claim != nil {
		// We cannot read its messages; perhaps the next consumer can. If the release
		// fails, the claim expires.
		limited, cancel := c.limited(ctx, c.config.requestTime(1))
		_ = claim.Release(limited)
		cancel()
	}
	if final := c.claimed(order, claim, err); final {
		c.stopClaiming(err, false)
	}
}

// sendClaim completes the order of a claim that is sent now, and returns the time limit of
// the request. The limit of messages is the server's own if the server has refused as many
// or fewer. The time grows after requests that got no answer, and is 0 if the client has no
// limit.
func (c *Consumer) sendClaim(order *claimOrder) (timeout time.Duration) {
	c.mu.Lock()
	defer c.unlock()
	order.start, order.newest, order.limit = c.nowLocked(), c.claimer.newest, order.n
	if refused := c.claimer.refusedLimit; refused > 0 && order.n >= refused {
		order.limit = 0
	}
	if c.config.RequestTimeout > 0 {
		timeout = c.config.requestTime(1 + c.claimer.timeouts)
	}
	return timeout
}

// claimed takes the outcome of a claim, and starts the next claims. It reports whether the
// error is final.
func (c *Consumer) claimed(order claimOrder, claim Claim, err error) (final bool) {
	c.mu.Lock()
	defer c.unlock()
	k, n, took := &c.claimer, order.n, time.Since(order.start.monotonic)
	k.claiming--
	k.expected -= n
	switch {
	case err != nil && order.limit > 1 && c.queue.RefusesLimit(err):
		if k.refusedLimit == 0 || order.limit < k.refusedLimit { // the answer to a later claim may have come first
			k.refusedLimit = order.limit
		}
	case err != nil:
		if c.claimFailedLocked(order.start.monotonic, err) {
			return true
		}
	case claim == nil:
		k.succeededLocked()
		c.pace.claimedLocked(n, 0, took)
		c.emptyLocked(order.brought)
	default:
		k.succeededLocked()
		k.brought++
		c.pace.claimedLocked(n, len(claim.Messages()), took)
		k.emptyClaims, k.fewer = 0, max(0, k.fewer-1)
		c.receiveLocked(claim, order)
	}
	c.claimMoreLocked()
	return false
}

// succeededLocked notes that a claim has succeeded.
func (k *claimer) succeededLocked() {
	k.failed, k.timeouts, k.succeeded = 0, 0, true
	k.refusals.forget()
}

// claimFailedLocked reports whether a failed claim ends the consumer. If not, it pauses
// claiming.
func (c *Consumer) claimFailedLocked(sent time.Time, err error) (final bool) {
	k := &c.claimer
	c.stats.ClaimErrors++
	c.pace.backToOneLocked(restFailed)
	k.failed++
	if errors.Is(err, context.DeadlineExceeded) {
		k.timeouts++
	}
	if refusal(err, k.succeeded) {
		k.refusals.add(sent, time.Now())
	} else {
		k.refusals.forget()
	}
	failed := observe.ClaimFailed{Queue: c.queue.Name(), Err: err}
	final = k.refusals.final(k.giveUpAfter(&c.config)) || c.queue.Hopeless(err)
	if !final {
		failed.Wait = max(requestBackoff.Delay(k.failed), c.queue.RetryAfter(err))
		c.pauseClaimsLocked(failed.Wait)
	}
	c.reportLocked(failed)
	return final
}

// refusal reports whether the service refused a claim, rather than failed. A refusal that
// is not the service's own, such as a proxy's 404 while the service is being replaced, is a
// failure once a claim has succeeded. Before, the endpoint may be wrong.
func refusal(err error, succeeded bool) bool {
	if errors.Is(err, fault.Foreign) {
		return !succeeded
	}
	for _, kind := range []error{fault.Invalid, fault.Unauthorized, fault.Forbidden, fault.NotFound} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// pauseClaimsLocked stops claiming for a while. It does not change a pause that has begun.
func (c *Consumer) pauseClaimsLocked(wait time.Duration) {
	k := &c.claimer
	if k.stopped || k.pause != nil {
		return
	}
	k.pause = time.AfterFunc(wait, func() {
		c.mu.Lock()
		defer c.unlock()
		k.pause = nil
		c.claimMoreLocked()
	})
}
