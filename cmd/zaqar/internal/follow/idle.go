package follow

import (
	"sync"
	"time"

	"github.com/zaqar-go/zaqar"
)

// idleTimer notices that no message has come for a while, although the queues could be
// read. A nil idleTimer never does.
type idleTimer struct {
	after  time.Duration
	queues int
	sub    *zaqar.Subscriber

	mu    sync.Mutex
	timer *time.Timer
	looks int // successful ones, when the last message came
}

func newIdleTimer(after time.Duration, queues int, sub *zaqar.Subscriber, idle func()) *idleTimer {
	if after <= 0 {
		return nil
	}
	i := &idleTimer{after: after, queues: queues, sub: sub}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.timer = time.AfterFunc(after, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		// The second look at a queue begins when what the first one has found was handed out.
		if i.successful()-i.looks < 2*i.queues {
			i.timer.Reset(i.after) // the service does not answer, or takes its time
			return
		}
		idle()
	})
	return i
}

func (i *idleTimer) successful() int {
	stats := i.sub.Stats()
	return stats.Looks - stats.Failures
}

// reset notes that a message has come.
func (i *idleTimer) reset() {
	if i == nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.looks = i.successful()
	i.timer.Reset(i.after)
}

func (i *idleTimer) stop() {
	if i != nil {
		i.timer.Stop()
	}
}
