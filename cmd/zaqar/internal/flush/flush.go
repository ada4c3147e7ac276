// Package flush gives an interrupted command time for what it has begun.
package flush

import (
	"context"
	"time"
)

// Time is how long an interrupted command waits for the messages that it has begun to post.
const Time = 15 * time.Second

// Context returns a context that lasts for Time after ctx has ended.
func Context(ctx context.Context) (context.Context, context.CancelFunc) {
	flushing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unlink := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(Time, cancel)
		context.AfterFunc(flushing, func() { timer.Stop() })
	})
	return flushing, func() { unlink(); cancel() }
}
