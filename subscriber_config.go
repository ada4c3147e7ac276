package zaqar

import (
	"fmt"
	"time"
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
