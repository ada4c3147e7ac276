package consume

import (
	"context"
	"time"

	"github.com/zaqar-go/zaqar"
)

// look is how often an idle run looks whether the queue is empty.
const look = 100 * time.Millisecond

// watch ends the consumer when there is nothing left to try: no message is being worked
// on, none waits for another attempt that will come, and none is listed as free.
//
// An empty claim proves less: servers may claim nothing although there are messages, when
// claims meet.
func (r *Run) watch(ctx context.Context, consumer *zaqar.Consumer) {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if r.busy(consumer) {
			continue
		}
		// A failure to list is no reason to end. The consumer knows when to give up.
		if empty, err := r.empty(ctx); err == nil && empty && !r.busy(consumer) {
			consumer.Halt()
			return
		}
	}
}

// busy reports whether the consumer has a message that will be settled.
func (r *Run) busy(consumer *zaqar.Consumer) bool {
	r.mu.Lock()
	postponed := len(r.postponed)
	r.mu.Unlock()
	s := consumer.Stats()
	return s.Ready+s.Running+s.Settling > 0 || s.Waiting > postponed
}

// empty reports whether the queue has no free message but those that were postponed.
func (r *Run) empty(ctx context.Context) (bool, error) {
	for m, err := range r.Queue.Messages(ctx) {
		if err != nil {
			return false, err
		}
		r.mu.Lock()
		_, postponed := r.postponed[m.ID()]
		r.mu.Unlock()
		if !postponed {
			return false, nil
		}
	}
	return true, nil
}
