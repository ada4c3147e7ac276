package zaqar

import (
	"context"
	"fmt"
	"iter"
	"sync"
)

// Listen hands out the messages of all channels as they come. It blocks until a
// message arrives in any of them, and with no channels until there is one;
// [Subscriber.Subscribe] and [Subscriber.Unsubscribe] may be called meanwhile.
// Leaving the loop ends it: nothing goes on behind it, and the next Listen goes on
// behind the last message that this one handed out.
//
//	for msg, err := range sub.Listen(ctx) {
//		if err != nil {
//			return err
//		}
//		...
//	}
//
// Each queue is read by itself, at the pace that [SubscriberConfig] tells, and one
// that is slow or fails does not hold the others up; those that have messages take
// turns. A queue is not read further until the loop has taken what was read: a
// slow loop slows the reading.
//
// Errors that can heal (the service cannot be reached, answers 5xx or something
// odd) do not end the loop: the queue is tried again, ever more rarely up to
// MaxInterval, and the observer is told (observe.ReadFailed). The loop ends by
// break, or with an error, which is yielded once, last, and without a message:
//
//   - the end of ctx, which matches context.Cause of it;
//   - [ErrClosed] when the client is closed;
//   - what trying again cannot help: [ErrUnauthorized], [ErrForbidden],
//     [ErrInvalid], [ErrUnsupported]. It names the queue.
//
// An error beside a message is a [*ChecksumError]: only with [WithChecksums], and
// the loop goes on.
//
// One loop at a time: a second Listen of the same Subscriber ends at once with an
// error that matches [ErrInvalid].
func (s *Subscriber) Listen(ctx context.Context) iter.Seq2[*Message, error] {
	return func(yield func(*Message, error) bool) {
		if err := s.listen(ctx, yield); err != nil {
			yield(nil, err)
		}
	}
}

// listen returns nil when the loop was left.
func (s *Subscriber) listen(ctx context.Context, yield func(*Message, error) bool) error {
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
		if s.take(d) && !yield(d.message, s.client.conn.verify(d.message)) {
			return nil
		}
	}
}

// listening is one loop over Listen.
type listening struct {
	sub     *Subscriber
	cancel  context.CancelFunc
	begin   func(*channel) // starts the reader of a channel; Subscriber.mu is held
	out     chan delivery
	failed  chan error
	slots   chan struct{}
	readers sync.WaitGroup
	over    bool // no reader begins any more; guarded by Subscriber.mu
}

// delivery is a message on its way to the loop.
type delivery struct {
	channel *channel
	message *Message
	page    listed
	taken   chan<- struct{}
}

func (s *Subscriber) open(ctx context.Context) (*listening, error) {
	if err := s.config.check(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, ended(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listening != nil {
		return nil, &ArgumentError{Op: opListen, Argument: "the Subscriber", Rule: "is being listened to: one loop at a time"}
	}
	ctx, cancel := context.WithCancel(ctx)
	l := &listening{
		sub: s, cancel: cancel, out: make(chan delivery), failed: make(chan error, 1),
		slots: make(chan struct{}, s.config.InFlight),
	}
	l.begin = func(c *channel) { l.read(ctx, c) }
	s.listening = l
	for _, c := range s.channels {
		l.begin(c)
	}
	return l, nil
}

// close ends the readers and waits for them.
func (s *Subscriber) close(l *listening) {
	s.mu.Lock()
	l.over = true
	s.mu.Unlock()
	l.cancel()
	l.readers.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listening = nil
}

// read starts the reader of a channel.
func (l *listening) read(ctx context.Context, c *channel) {
	if l.over {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	c.stop = cancel
	config := l.sub.config
	r := &reader{
		channel: c, listening: l, bell: make(chan struct{}, 1),
		pace: pace{least: config.MinInterval, most: config.MaxInterval, announced: config.PushInterval},
	}
	l.readers.Go(func() {
		defer cancel()
		r.run(ctx)
	})
}

// next waits for a message, or for what ends the loop.
func (l *listening) next(ctx context.Context) (delivery, error) {
	select {
	case d := <-l.out:
		return d, nil
	case err := <-l.failed:
		return delivery{}, err
	case <-l.sub.client.conn.closed:
		return delivery{}, fmt.Errorf("zaqar: %s: the client: %w", opListen, ErrClosed)
	case <-ctx.Done():
		return delivery{}, ended(ctx)
	}
}

func ended(ctx context.Context) error {
	return fmt.Errorf("zaqar: %s: %w", opListen, context.Cause(ctx))
}

// take takes a message down as handed out, unless its queue was left meanwhile.
func (s *Subscriber) take(d delivery) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	wanted := s.channels[d.channel.queue.name] == d.channel
	if wanted {
		d.channel.deliver(d.message, d.page)
	}
	d.taken <- struct{}{}
	return wanted
}

// hand gives a message to the loop, and waits until it is taken down.
func (l *listening) hand(ctx context.Context, c *channel, m *Message, page listed) bool {
	taken := make(chan struct{}, 1)
	select {
	case l.out <- delivery{channel: c, message: m, page: page, taken: taken}:
		<-taken
		return true
	case <-ctx.Done():
		return false
	}
}

// fail ends the loop with an error; the first one counts.
func (l *listening) fail(err error) {
	select {
	case l.failed <- err:
	default:
	}
}

// enter waits for a slot among the requests in flight.
func (l *listening) enter(ctx context.Context) bool {
	select {
	case l.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (l *listening) leave() { <-l.slots }
