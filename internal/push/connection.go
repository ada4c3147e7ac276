package push

import (
	"context"
	"sync"
	"time"
)

// connection is the WebSocket connection that the transport has at present.
type connection struct {
	mu      sync.Mutex
	session uint64        // its number, 0 while there is none
	changed chan struct{} // closed when session changes
}

// current returns the session, and a channel that is closed when it changes.
func (c *connection) current() (session uint64, changed <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session, c.changed
}

// set notes a new session, or with 0 that there is none.
func (c *connection) set(session uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setLocked(session)
}

// lost notes that a session has ended. It may have been replaced already.
func (c *connection) lost(session uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session == session {
		c.setLocked(0)
	}
}

func (c *connection) setLocked(session uint64) {
	if c.session == session {
		return
	}
	c.session = session
	close(c.changed)
	c.changed = make(chan struct{})
}

// await waits until changed is closed, ctx ends, or the time is over. A time of 0 sets
// no limit.
func await(ctx context.Context, changed <-chan struct{}, limit time.Duration) {
	var over <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-changed:
	case <-over:
	case <-ctx.Done():
	}
}
