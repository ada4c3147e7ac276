package zaqar

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/zaqar-go/zaqar/internal/subscriber"
)

const (
	opSubscribe = "subscribe"
	opListen    = "listen"
)

// Subscriber reads many queues at once and hands out their messages as they arrive,
// without claiming them. Every subscriber sees every message, for as long as the server
// keeps it: also messages that are claimed, that are still delayed, or that this client
// posted itself. It cannot see a message that was deleted or expired before it was
// listed.
//
// Each message is handed out at least once, and those of one queue in the order of the
// queue (FIFO). When the message that marks the subscriber's position is gone, servers
// list earlier messages again. The subscriber recognises such repeats by the ids of the
// latest SubscriberConfig.Remember messages of the queue and by the order of the
// listing, and counts them instead of handing them out. See [Position] for how to
// resume after a restart.
//
// Over a WebSocket the service pushes an announcement of each message. The subscriber
// then polls rarely, and at once after each push. Everything that is handed out comes
// from a listing, so a push may be lost, come twice, out of order, or before the message
// is stored. For each queue the subscriber keeps a subscription of the connection on the
// server. It lasts two minutes, is renewed, is made again on each new connection, and is
// deleted when the loop ends. If the service refuses it, or messages come without a
// push, the queue is polled, and the observer receives observe.PushUnavailable.
//
// It works with every API version and transport. A queue that does not exist has no
// messages yet. A Subscriber is safe for concurrent use, and need not be closed.
// [Client.Subscriber] makes it.
type Subscriber struct {
	client *Client
	config SubscriberConfig
	engine *subscriber.Subscriber
}

// Subscriber returns a subscriber without channels. It does no I/O and never fails: an
// invalid config is reported when the subscriber is used.
func (c *Client) Subscriber(config SubscriberConfig) *Subscriber {
	config = config.withDefaults()
	return &Subscriber{client: c, config: config, engine: subscriber.New(config.forEngine(c.connection()))}
}

// Subscribe adds queues, which are read from SubscriberConfig.Start. Queues that are
// subscribed to already stay where they are. It does no I/O, may be called while
// [Subscriber.Listen] runs, and takes effect at once. If a name is illegal the error is
// an [*ArgumentError], and no queue is added.
func (s *Subscriber) Subscribe(queues ...string) error {
	return s.subscribe(s.config.Start, false, queues)
}

// SubscribeAt is [Subscriber.Subscribe] for one queue with a start of its own: a saved
// [Position], the zero Position for the oldest message kept, or [FromNow]. A queue that
// is subscribed to already moves there.
func (s *Subscriber) SubscribeAt(queue string, start Position) error {
	return s.subscribe(start, true, []string{queue})
}

// check returns why the subscriber cannot be used, or nil.
func (s *Subscriber) check(op string) error {
	if s.engine == nil {
		return notMade(op, "Subscriber", "Client.Subscriber")
	}
	return s.config.check()
}

func (s *Subscriber) subscribe(start Position, move bool, names []string) error {
	if err := s.check(opSubscribe); err != nil {
		return err
	}
	queues := make([]subscriber.Queue, len(names))
	for i, name := range names {
		queue := s.client.Queue(name)
		if err := queue.check(opSubscribe); err != nil {
			return err
		}
		queues[i] = subscribedQueue{queue}
	}
	s.engine.Subscribe(start.forEngine(), move, queues...)
	return nil
}

// Unsubscribe removes queues, and forgets how far they were read; see
// [Subscriber.Position]. Queues that are not subscribed to are ignored. It may be called
// while [Subscriber.Listen] runs: once it has returned, no more messages of these queues
// are handed out.
func (s *Subscriber) Unsubscribe(queues ...string) {
	if s.engine != nil {
		s.engine.Unsubscribe(queues...)
	}
}

// Channels returns the names of the queues that are subscribed to, sorted.
func (s *Subscriber) Channels() []string {
	if s.engine == nil {
		return nil
	}
	return s.engine.Channels()
}

// Position returns how far a queue has been handed out: behind the message that the loop
// over [Subscriber.Listen] received last from that queue. For a queue that is not
// subscribed to it is the zero Position, the oldest message kept. It does no I/O.
func (s *Subscriber) Position(queue string) Position {
	if s.engine == nil {
		return Position{}
	}
	return positionOf(s.engine.Position(queue))
}

// Listen hands out the messages of all channels as they arrive. It blocks until a
// message arrives in any of them, and without channels until there is one;
// [Subscriber.Subscribe] and [Subscriber.Unsubscribe] may be called meanwhile. Once you
// leave the loop, nothing keeps running. The next Listen resumes behind the last message
// that this one handed out.
//
//	for msg, err := range sub.Listen(ctx) {
//		if err != nil {
//			return err
//		}
//		...
//	}
//
// Each queue is polled on its own, at the intervals of [SubscriberConfig]. A queue that
// is slow or fails does not delay the others, and busy queues take turns. There is
// backpressure: a queue is not read further until the loop has taken what was read.
//
// Temporary errors do not end the loop: the service cannot be reached, answers 5xx, or
// its answer is malformed. The queue is then tried again with longer and longer waits,
// up to MaxInterval, and the observer receives observe.ReadFailed. The loop ends by
// break, or with an error, which is yielded once, last, and without a message:
//
//   - when ctx ends: the error matches context.Cause of it;
//   - when the client is closed: [ErrClosed];
//   - when no request can succeed: an [*ArgumentError] or [ErrUnsupported]. Over the
//     WebSocket alone that comes after a full page of a server on MongoDB, because it
//     cannot say where the next page begins (quirk 48);
//   - when the service goes on refusing one of the queues: [ErrUnauthorized],
//     [ErrForbidden], [ErrInvalid]. The error names the queue.
//
// A refusal is final when the queue has been refused for a minute, in at least three
// polls, without a success in between. If the subscriber has never read the queue, 5
// seconds are enough, so that a typo or a missing role shows soon. Until then the queue is
// tried again after 1 to 15 seconds, the observer receives observe.ReadFailed for each
// refusal, and the other queues are read as usual. What a proxy refuses in the service's
// place ([ErrMalformed]) counts only if the subscriber has never read the queue.
//
// With [WithChecksums] a message may come together with a [*ChecksumError]. The loop
// then continues.
//
// Only one loop may run at a time. A second Listen of the same Subscriber ends at once
// with an error that matches [ErrInvalid].
func (s *Subscriber) Listen(ctx context.Context) iter.Seq2[*Message, error] {
	return func(yield func(*Message, error) bool) {
		if err := s.listen(ctx, yield); err != nil {
			yield(nil, err)
		}
	}
}

// listen returns nil when the loop was left.
func (s *Subscriber) listen(ctx context.Context, yield func(*Message, error) bool) error {
	if err := s.check(opListen); err != nil {
		return err
	}
	defer s.client.connection().life.follow(s.engine.EndLoop)()
	err := s.engine.Listen(ctx, func(m subscriber.Message) bool {
		message := m.(*Message) //nolint:forcetypeassert // as subscribedQueue lists them
		return yield(message, s.client.connection().verify(message))
	})
	if errors.Is(err, subscriber.ErrListening) {
		return &ArgumentError{Op: opListen, Argument: "the Subscriber", Rule: "is being listened to: one loop at a time"}
	}
	return err
}

// SubscriberStats are counts of all queues together, since the subscriber was made.
type SubscriberStats struct {
	// Delivered counts the messages that were handed out.
	Delivered int
	// Repeats counts the messages that the server listed again and that were not
	// handed out again.
	Repeats int
	// Looks counts the requests for a page, Failures those of them that failed.
	Looks, Failures int
	// Rings counts the pushes that made the subscriber poll.
	Rings int
}

// Stats returns the counts so far. It does no I/O.
func (s *Subscriber) Stats() SubscriberStats {
	if s.engine == nil {
		return SubscriberStats{}
	}
	n := s.engine.Stats()
	return SubscriberStats{Delivered: n.Delivered, Repeats: n.Repeats, Looks: n.Looks, Failures: n.Failures, Rings: n.Pushes}
}

// String returns "<Subscriber [darn_good_queue wot]>".
func (s *Subscriber) String() string { return fmt.Sprintf("<Subscriber %s>", s.Channels()) }
