package cli

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/observe"
)

// outages tells on standard error when a command that waits for messages cannot reach the
// service, and when it can again. Otherwise an outage looks like an empty queue.
type outages struct {
	to *Output

	mu     sync.Mutex
	queues map[string]*outage
}

// outage is what is known of a queue that cannot be read.
type outage struct {
	failures int
	began    time.Time
}

// toldAfter is how many requests in a row must fail: a single failure heals unnoticed.
const toldAfter = 2

// Observe implements [observe.Observer].
func (o *outages) Observe(_ context.Context, event observe.Event) {
	switch e := event.(type) {
	case observe.ReadFailed:
		o.failed(e.Queue, e.Wait, e.Err)
	case observe.ClaimFailed:
		o.failed(e.Queue, e.Wait, e.Err)
	case observe.ReadRecovered:
		o.recovered(e.Queue)
	case observe.Request:
		if e.Op == "claim_create" && (e.Status == http.StatusCreated || e.Status == http.StatusNoContent) {
			o.recovered(e.Queue)
		}
	}
}

// failed tells of an outage once. Without a wait the command ends, and says why by itself.
func (o *outages) failed(queue string, wait time.Duration, err error) {
	if wait == 0 || err == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.queues[queue]
	if now == nil {
		now = &outage{began: time.Now()}
		o.queues[queue] = now
	}
	if now.failures++; now.failures == toldAfter {
		warnTo(o.to, "%s; trying again until it works", said(err.Error()))
	}
}

func (o *outages) recovered(queue string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before := o.queues[queue]
	delete(o.queues, queue)
	if before != nil && before.failures >= toldAfter {
		warnTo(o.to, "%s can be read again, after %v", queue, time.Since(before.began).Round(time.Second))
	}
}
