package clienttest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/zaqar-go/zaqar"
)

// Receiver runs a loop over Subscriber.Listen and keeps what it receives.
type Receiver struct {
	// Stop ends the loop and waits for that.
	Stop func()
	// Done is closed when the loop has ended.
	Done <-chan struct{}

	mu       sync.Mutex
	received []string // "queue:body"
	err      error
}

// Receive starts a receiver.
func Receive(ctx context.Context, sub *zaqar.Subscriber) *Receiver {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	r := &Receiver{Done: done, Stop: func() { cancel(); <-done }}
	go func() {
		defer close(done)
		for msg, err := range sub.Listen(ctx) {
			r.mu.Lock()
			if err != nil {
				r.err = err
			} else {
				r.received = append(r.received, msg.Queue().Name()+":"+string(msg.Body()))
			}
			r.mu.Unlock()
		}
	}()
	return r
}

// Of returns the bodies received from a queue that are numbers, in their order.
func (r *Receiver) Of(queue string) []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	var bodies []int
	for _, text := range r.received {
		var n int
		if _, err := fmt.Sscanf(text, queue+":%d", &n); err == nil {
			bodies = append(bodies, n)
		}
	}
	return bodies
}

// Count returns how many messages were received.
func (r *Receiver) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.received)
}

// Err returns the error that came last, nil if there was none.
func (r *Receiver) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Subscribed subscribes to queues and returns the subscriber.
func Subscribed(t *testing.T, sub *zaqar.Subscriber, queues ...string) *zaqar.Subscriber {
	t.Helper()
	if err := sub.Subscribe(queues...); err != nil {
		t.Fatal(err)
	}
	return sub
}
