package subscriber

import (
	"context"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
)

// interval is the time between two polls of a queue. It is short after a poll that found
// something, and doubles with each that did not, up to a bound. While messages are
// pushed it is long, and each push is followed by a poll at once and some more.
type interval struct {
	shortest, longest, whilePushed time.Duration

	wait      time.Duration
	floor     time.Duration   // what the server asked to wait after the last poll
	followUps []time.Duration // the waits until the polls that follow a push
}

// followUps are when to poll again after a push. Servers push a message before they
// store it, so the first poll can come too early.
var followUps = []time.Duration{250 * time.Millisecond, 2 * time.Second}

// pushed notes that a push came.
func (i *interval) pushed() { i.followUps = followUps }

// found notes that a poll found something. One more is enough then.
func (i *interval) found() {
	i.wait = 0
	i.followUps = i.followUps[:min(1, len(i.followUps))]
}

// following reports whether the next poll follows a push.
func (i *interval) following() bool { return len(i.followUps) > 0 }

// next returns how long to wait after a poll that succeeded; live says whether messages
// are pushed. Up to a quarter is left out at random, so that subscribers that started
// together do not stay in step.
func (i *interval) next(live bool) time.Duration {
	if i.following() {
		wait := i.followUps[0]
		i.followUps = i.followUps[1:]
		return wait
	}
	if live {
		i.wait = 0
		return backoff.Jittered(i.whilePushed)
	}
	return i.slower()
}

// slower returns how long to wait without pushes, or after a poll that failed.
func (i *interval) slower() time.Duration {
	i.followUps = nil
	i.wait = min(max(i.shortest, 2*i.wait), i.longest)
	return max(backoff.Jittered(i.wait), i.floor)
}

// pause waits until the time is over, wake has an element, or ctx ends. It reports
// whether wake ended it.
func pause(ctx context.Context, d time.Duration, wake <-chan struct{}) (woken bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
		return true
	case <-ctx.Done():
	}
	return false
}
