package consumer_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/zaqartest"
)

var errBroken = errors.New("it is broken")

// running is a consumer whose Run was called, until stop.
type running struct {
	*zaqar.Consumer
	t     *testing.T
	leave context.CancelFunc
	ended chan error
}

// run starts a consumer.
func run(t *testing.T, q *zaqar.Queue, config zaqar.ConsumerConfig, handler zaqar.Handler) *running {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	r := &running{Consumer: q.Consumer(config), t: t, leave: leave, ended: make(chan error, 1)}
	go func() { r.ended <- r.Run(ctx, handler) }()
	return r
}

// stop ends Run's context. Run must return nil.
func (r *running) stop() {
	r.t.Helper()
	r.leave()
	if err := <-r.ended; err != nil {
		r.t.Errorf("Run returned %v", err)
	}
}

// seen counts the calls of handlers for each body.
type seen struct {
	mu     sync.Mutex
	counts map[string]int
}

// add counts a call, and returns how many there were for its body.
func (s *seen) add(m *zaqar.Message) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts == nil {
		s.counts = map[string]int{}
	}
	s.counts[string(m.Body())]++
	return s.counts[string(m.Body())]
}

// once fails the test unless there was one call for each of n bodies.
func (s *seen) once(t *testing.T, n int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.counts) != n {
		t.Errorf("%d messages were handled, want %d", len(s.counts), n)
	}
	for body, count := range s.counts {
		if count != 1 {
			t.Errorf("%s was handled %d times", body, count)
		}
	}
}

// releaseBehind releases the claim on the oldest message behind the back of its consumer.
func releaseBehind(t *testing.T, srv *zaqartest.Server, q *zaqar.Queue) {
	t.Helper()
	claim, err := q.ClaimByID(t.Context(), srv.Messages("p", q.Name())[0].ClaimID)
	if err != nil {
		t.Fatal(err)
	}
	if err := claim.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// otherClaim is how a server says that another claim holds a message.
const otherClaim = `{"title": "Unable to delete", "description": "Not deleted: another claim holds the message."}`
