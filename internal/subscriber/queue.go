package subscriber

import (
	"context"
	"time"

	"github.com/zaqar-go/zaqar/observe"
)

// Queue is a queue as the engine needs it.
type Queue interface {
	Name() string
	// Page lists one page, with a time limit of its own. The page tells whether the
	// limit was refused, also beside an error.
	Page(ctx context.Context, look Look) (Page, error)
	// Hopeless reports whether no request can succeed after this error of Page.
	Hopeless(err error) bool
	// Observe reports an event.
	Observe(ctx context.Context, e observe.Event)
	// RetryAfter returns how long the server asked to wait after an error of Page.
	RetryAfter(err error) time.Duration
}

// Look says which page to list.
type Look struct {
	// Marker is where the page begins: behind the message or page that it names, ""
	// for the beginning. Such a page leaves nothing out, since the subscriber would
	// never see what a page hides.
	Marker string
	// Head lists the head of the queue instead, without claimed messages. That is the
	// one listing that skips expired messages on servers with Redis (quirk 4).
	Head bool
	// Limit is the size of the page, 0 for the server's own.
	Limit int
}

// Page is one page of a listing.
type Page struct {
	Messages []Message
	// Next is the marker of the following page, "" if the server gave none.
	Next string
	// Time is when the server answered, by its own clock; the zero time if it did not say.
	Time time.Time
	// Cut is why what follows this page cannot be read, nil if it can or nothing follows.
	// The messages of the page are good.
	Cut error
	// LimitRefused means that the server allows no page of this size. The page then
	// has the server's own size, and so should the next ones.
	LimitRefused bool
}

// Message is a message as the engine needs it. Age is in whole seconds, at the moment
// the message was read.
type Message interface {
	ID() string
	TTL() time.Duration
	Age() time.Duration
}

// Position is how far a queue has been read. The zero Position is the oldest message
// that the server keeps.
type Position struct {
	Marker string
	// Recent are the ids of the messages read last, oldest first.
	Recent []string
	// What was posted before Since is not wanted. The message read last was not posted
	// before Reached. Both are by this program's wall clock. Served is Reached by the
	// server's clock. Times that are not known are zero.
	Since, Reached, Served time.Time
	// Now means that Since is the moment of the subscription.
	Now bool
}
