package zaqar

import (
	"fmt"
	"time"
)

// The defaults of a [SubscriberConfig].
const (
	// DefaultMinInterval and DefaultMaxInterval are the shortest and the longest wait
	// between two polls of a queue.
	DefaultMinInterval = 100 * time.Millisecond
	DefaultMaxInterval = 10 * time.Second
	// DefaultPushInterval is that wait while the service pushes messages.
	DefaultPushInterval = 45 * time.Second
	// DefaultInFlight is how many requests a subscriber has in flight at once.
	DefaultInFlight = 16
	// DefaultRemember is for how many messages of each queue a subscriber recognises
	// repeats.
	DefaultRemember = 10_000
)

// SubscriberConfig says how a [Subscriber] reads. The zero value is ready to use.
type SubscriberConfig struct {
	// Start is where [Subscriber.Subscribe] starts to read a queue. The zero Position,
	// the default, is the oldest message that the server keeps; [FromNow] skips what is
	// there already. [Subscriber.SubscribeAt] has a start of its own.
	Start Position
	// MinInterval and MaxInterval bound the wait between two polls of a queue. They
	// default to [DefaultMinInterval] and [DefaultMaxInterval]. After a poll that found
	// messages the wait is the shortest, and after a full page there is none. Each poll
	// that finds nothing doubles it. Up to a quarter of the wait is left out at random
	// (jitter), so that many subscribers do not poll together.
	MinInterval, MaxInterval time.Duration
	// PushInterval is the wait instead while the service pushes messages over a
	// WebSocket. It defaults to [DefaultPushInterval].
	PushInterval time.Duration
	// InFlight is how many requests are in flight at once, for all queues together. It
	// defaults to [DefaultInFlight].
	InFlight int
	// PageSize is how many messages are requested at a time, at least 2. It defaults to
	// 20, the largest page that servers allow unless the operator changed it.
	PageSize PageSize
	// Remember is how many messages of each queue are remembered at least, to recognise
	// those that the server lists again. It defaults to [DefaultRemember], and takes about
	// 150 bytes for each message. Up to a third more are remembered at times, and never
	// fewer than a [Position] holds.
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

// setDefault sets a field that has the zero value.
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
		return bad("PageSize", "must be at least 2: with pages of one message some servers never advance")
	case c.Remember < 2*int(c.PageSize):
		return bad("Remember", fmt.Sprintf("must be at least two pages, %d", 2*int(c.PageSize)))
	}
	return nil
}
