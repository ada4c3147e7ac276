// Package subscriber reads many queues at once and hands out their messages in one
// loop, without claiming them. It is the engine of zaqar.Subscriber.
package subscriber

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/internal/push"
)

// Config says how a Subscriber reads. It has no defaults; zaqar.SubscriberConfig
// documents the fields of the same name, fills in the defaults and checks them.
type Config struct {
	MinInterval, MaxInterval, PushInterval time.Duration
	InFlight, PageSize, Remember           int

	Push   *push.Hub        // announces messages
	Closed <-chan struct{}  // closed when the client is closed
	Wall   func() time.Time // the wall clock; nil: time.Now
}

// Subscriber reads the queues that it is subscribed to while somebody listens. It is
// safe for concurrent use.
type Subscriber struct {
	config Config

	mu       sync.Mutex
	channels map[string]*channel // by queue name
	loop     *loop               // nil while nobody listens
	past     Stats               // of channels that are gone
}

// New returns a subscriber without channels. It uses the config only once there is
// something to read.
func New(config Config) *Subscriber {
	return &Subscriber{config: config, channels: map[string]*channel{}}
}

// Subscribe adds queues. A queue that is there already moves to start if move is set,
// and otherwise stays where it is.
func (s *Subscriber) Subscribe(start Position, move bool, queues ...Queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, queue := range queues {
		name := queue.Name()
		if s.channels[name] != nil && !move {
			continue
		}
		s.dropLocked(name)
		c := newChannel(queue, start, s.config)
		s.channels[name] = c
		if s.loop != nil {
			s.loop.start(c)
		}
	}
}

// Unsubscribe removes queues. When it has returned, no more messages of these queues
// are handed out.
func (s *Subscriber) Unsubscribe(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		s.dropLocked(name)
	}
}

// dropLocked stops reading a queue, if it is there, and keeps its counts.
func (s *Subscriber) dropLocked(name string) {
	c := s.channels[name]
	if c == nil {
		return
	}
	delete(s.channels, name)
	s.past = s.past.plus(c.counts())
	if s.loop != nil {
		s.loop.stop(c)
	}
}

// Channels returns the names of the queues, sorted.
func (s *Subscriber) Channels() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.channels))
}

// Position returns how far a queue has been handed out. It is the zero Position for a
// queue that is not subscribed to.
func (s *Subscriber) Position(name string) Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.channels[name]
	if !ok {
		return Position{}
	}
	return c.position()
}

// Stats are counts since the subscriber was made.
type Stats struct {
	Delivered, Repeats, Looks, Failures int
	Pushes                              int // that made it look
}

func (s Stats) plus(o Stats) Stats {
	s.Delivered += o.Delivered
	s.Repeats += o.Repeats
	s.Looks += o.Looks
	s.Failures += o.Failures
	s.Pushes += o.Pushes
	return s
}

// Stats returns the counts of all queues together.
func (s *Subscriber) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := s.past
	for _, c := range s.channels {
		total = total.plus(c.counts())
	}
	return total
}

// ErrListening is the error of a second Listen while the first one runs.
var ErrListening = errors.New("one loop at a time")

// Listen calls yield with each message as it comes, and blocks in between. It returns
// nil once yield has returned false, and otherwise the error that ended it. When it
// returns, nothing keeps running. A queue is not read further until yield has returned.
func (s *Subscriber) Listen(ctx context.Context, yield func(Message) bool) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	l, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer s.close(l)
	for {
		d, err := l.next(ctx)
		if err != nil {
			return err
		}
		if s.accept(d) && !yield(d.message) {
			return nil
		}
	}
}

func ended(ctx context.Context) error {
	return fmt.Errorf("zaqar: listen: %w", context.Cause(ctx))
}

func closed() error { return fmt.Errorf("zaqar: listen: the client: %w", fault.Closed) }

func (s *Subscriber) open(ctx context.Context) (*loop, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loop != nil {
		return nil, ErrListening
	}
	s.loop = newLoop(ctx, s.config)
	for _, c := range s.channels {
		s.loop.start(c) //nolint:contextcheck // the loop has ctx
	}
	return s.loop, nil
}

func (s *Subscriber) close(l *loop) {
	l.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loop = nil
}

// accept records that a message is handed out now. It returns false if its queue has
// been unsubscribed or moved meanwhile.
func (s *Subscriber) accept(d delivery) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	wanted := s.channels[d.channel.queue.Name()] == d.channel
	if wanted {
		d.channel.delivered(d.message, d.page)
	}
	close(d.accepted)
	return wanted
}
