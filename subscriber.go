package zaqar

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// What a [Subscriber] does unless its [SubscriberConfig] says otherwise.
const (
	// DefaultMinInterval and DefaultMaxInterval are the shortest and the longest
	// wait between two looks into a queue.
	DefaultMinInterval = 100 * time.Millisecond
	DefaultMaxInterval = 10 * time.Second
	// DefaultPushInterval is that wait while messages are announced.
	DefaultPushInterval = 45 * time.Second
	// DefaultInFlight is how many requests a subscriber has in flight at once.
	DefaultInFlight = 16
	// DefaultRemember is how many messages of each queue a subscriber knows again.
	DefaultRemember = 10_000
)

// SubscriberConfig says how a [Subscriber] reads. The zero value is fit for use.
type SubscriberConfig struct {
	// Start is where queues are read from that [Subscriber.Subscribe] takes in:
	// the zero Position is the oldest message that the server keeps, [FromNow]
	// leaves out what is there already. [Subscriber.SubscribeAt] has a start of
	// its own.
	Start Position
	// MinInterval and MaxInterval bound the wait between two looks into a queue
	// ([DefaultMinInterval], [DefaultMaxInterval]). After a look that found
	// something the wait is the shortest, and none when a whole page was found;
	// each look that finds nothing doubles it. Up to a quarter of the wait is left
	// out at random, so that many subscribers do not ask all at once.
	MinInterval, MaxInterval time.Duration
	// PushInterval is the wait instead while the service announces messages over a
	// WebSocket ([DefaultPushInterval]).
	PushInterval time.Duration
	// InFlight is how many requests are in flight at once, of all queues together
	// ([DefaultInFlight]).
	InFlight int
	// PageSize is how many messages are asked for at a time: 20, the largest that
	// servers allow unless the operator changed it; 2 at least.
	PageSize PageSize
	// Remember is how many messages of each queue are known again when the server
	// lists them twice ([DefaultRemember]). It costs some 150 bytes each.
	Remember int
}

func (c SubscriberConfig) withDefaults() SubscriberConfig {
	setDefault(&c.MinInterval, DefaultMinInterval)
	setDefault(&c.MaxInterval, max(DefaultMaxInterval, c.MinInterval))
	setDefault(&c.PushInterval, max(DefaultPushInterval, c.MaxInterval))
	setDefault(&c.InFlight, DefaultInFlight)
	setDefault(&c.PageSize, defaultPageSize)
	setDefault(&c.Remember, DefaultRemember)
	return c
}

func setDefault[T comparable](field *T, value T) {
	var none T
	if *field == none {
		*field = value
	}
}

func (c SubscriberConfig) check() error {
	bad := func(argument, rule string) error {
		return &ArgumentError{Op: opSubscribe, Argument: "SubscriberConfig." + argument, Rule: rule}
	}
	switch {
	case c.MinInterval < 0:
		return bad("MinInterval", "must not be negative")
	case c.MaxInterval < c.MinInterval:
		return bad("MaxInterval", fmt.Sprintf("must not be less than MinInterval, %v", c.MinInterval))
	case c.PushInterval < c.MinInterval:
		return bad("PushInterval", fmt.Sprintf("must not be less than MinInterval, %v", c.MinInterval))
	case c.InFlight < 1:
		return bad("InFlight", "must be at least 1")
	case c.PageSize < 2:
		return bad("PageSize", "must be at least 2: pages of one never advance on some servers")
	case c.Remember < 2*int(c.PageSize):
		return bad("Remember", fmt.Sprintf("must be at least two pages, %d", 2*int(c.PageSize)))
	}
	return nil
}

const (
	opSubscribe = "subscribe"
	opListen    = "listen"
)

// Subscriber reads many queues at once and hands out their messages as they come,
// without claiming them: everyone who listens sees every message, whatever others
// do, for as long as the server keeps it. Messages that are claimed, or whose
// delay is not over, and those that this client posted itself are among them. A
// message that is deleted, or ends, before it was listed cannot be seen.
//
// Each message is handed out at least once, those of one queue in the queue's
// order. Servers list messages again when the one that marks the subscriber's
// place is gone; such repeats are recognised, by the ids of the latest
// SubscriberConfig.Remember messages of the queue and by the order of the
// listing, and counted instead of handed out. See [Position] for what survives
// the program.
//
// Over a WebSocket the service announces messages: then an announcement makes the
// subscriber look at once, and otherwise it looks rarely. What is handed out always
// comes from a listing, so nothing depends on the announcements, which can be lost,
// come twice, in no order, or before the message is stored. For that the subscriber
// keeps a subscription of the connection on the server for each queue, of two minutes,
// renewed, made again on each new connection, and deleted at the end of the loop.
// Where the service refuses that, or does not announce what comes, the queue is polled
// (observe.PushUnavailable).
//
// It works with every API version and transport. A queue that does not exist has
// no messages yet. A Subscriber is safe for concurrent use; it holds nothing that
// must be closed. [Client.Subscriber] makes it.
type Subscriber struct {
	client *Client
	config SubscriberConfig

	mu        sync.Mutex
	channels  map[string]*channel
	listening *listening // nil when nobody listens
	past      SubscriberStats
}

// Subscriber returns a subscriber without channels. It does no I/O and never
// fails: a config that cannot be right shows when the subscriber is used.
func (c *Client) Subscriber(config SubscriberConfig) *Subscriber {
	return &Subscriber{client: c, config: config.withDefaults(), channels: map[string]*channel{}}
}

// Subscribe takes in queues, from the place that SubscriberConfig.Start names;
// those that are there already go on where they are. It does no I/O, may be called
// while [Subscriber.Listen] runs, and takes effect at once. For a name that is no
// queue's the error is an [*ArgumentError], and none is taken in.
func (s *Subscriber) Subscribe(queues ...string) error {
	return s.subscribe(s.config.Start, false, queues)
}

// SubscribeAt is [Subscriber.Subscribe] for one queue and a start of its own: a
// saved [Position], the zero Position for the oldest message kept, or [FromNow].
// A queue that is there already moves to that place.
func (s *Subscriber) SubscribeAt(queue string, start Position) error {
	return s.subscribe(start, true, []string{queue})
}

func (s *Subscriber) subscribe(start Position, move bool, queues []string) error {
	if err := s.config.check(); err != nil {
		return err
	}
	for _, name := range queues {
		if err := s.client.Queue(name).check(opSubscribe); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range queues {
		old, ok := s.channels[name]
		if ok && !move {
			continue
		}
		if ok {
			s.drop(old)
		}
		c := &channel{queue: s.client.Queue(name), place: newPlace(start, s.config)}
		s.channels[name] = c
		if s.listening != nil {
			s.listening.begin(c)
		}
	}
	return nil
}

// Unsubscribe leaves queues out again, and forgets how far they were read; see
// [Subscriber.Position]. Names that are not there are passed over. It may be
// called while [Subscriber.Listen] runs: when it has returned, no message of
// these queues is handed out any more.
func (s *Subscriber) Unsubscribe(queues ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range queues {
		if c, ok := s.channels[name]; ok {
			s.drop(c)
			delete(s.channels, name)
		}
	}
}

// drop ends the reading of a channel.
func (s *Subscriber) drop(c *channel) {
	s.past = s.past.plus(c.stats())
	if c.stop != nil {
		c.stop()
	}
}

// Channels returns the names of the queues that are subscribed to, sorted.
func (s *Subscriber) Channels() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.channels))
}

// Position returns how far a queue has been handed out: behind the message that
// the loop over [Subscriber.Listen] got last from that queue. It is the zero
// Position, the oldest message kept, for a queue that is not subscribed to. It
// does no I/O.
func (s *Subscriber) Position(queue string) Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.channels[queue]
	if !ok {
		return Position{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.place.position()
}

// SubscriberStats are counts since the subscriber was made, of all its queues.
type SubscriberStats struct {
	// Delivered counts the messages that were handed out.
	Delivered int
	// Repeats counts the messages that the server listed again and that were not
	// handed out again.
	Repeats int
	// Looks counts the requests for a page, Failures those of them that failed.
	Looks, Failures int
	// Rings counts the pushes that made the subscriber look.
	Rings int
}

func (s SubscriberStats) plus(o SubscriberStats) SubscriberStats {
	s.Delivered += o.Delivered
	s.Repeats += o.Repeats
	s.Looks += o.Looks
	s.Failures += o.Failures
	s.Rings += o.Rings
	return s
}

// Stats returns what was counted so far.
func (s *Subscriber) Stats() SubscriberStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := s.past
	for _, c := range s.channels {
		total = total.plus(c.stats())
	}
	return total
}

// String returns "<Subscriber [darn_good_queue wot]>".
func (s *Subscriber) String() string { return fmt.Sprintf("<Subscriber %s>", s.Channels()) }

// everything are the parameters of a page that leaves nothing out: what a page hides
// would be passed for good.
func (s *Subscriber) everything(marker string) wire.Params {
	p := wire.Params{"echo": true, "include_claimed": true, "marker": marker}
	if s.client.conn.takes(wire.MessageList, "include_delayed") {
		p["include_delayed"] = true
	}
	if marker == "" {
		p["marker"] = "0" // quirk 3
	}
	return p
}
