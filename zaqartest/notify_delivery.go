package zaqartest

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// Delivery is a notice to one subscriber, such as a message to a webhook, and
// what has become of it.
type Delivery struct {
	Project, Queue string
	SubscriptionID string
	// Subscriber is the subscriber's URI, as it was subscribed.
	Subscriber string
	// Kind is the Message_Type: Notification, SubscriptionConfirmation or
	// UnsubscribeConfirmation.
	Kind string
	// Header is what is sent beside the body, with "[redacted]" in place of
	// tokens. Of a mail it has To, From and Subject.
	Header http.Header
	// Body is what is sent. That of a confirmation holds a signature that lets
	// anybody confirm.
	Body []byte
	// State tells whether it is over, and how.
	State DeliveryState
	// Attempts are those that were made, oldest first.
	Attempts []DeliveryAttempt
	// Next is when the next attempt is due by the server's clock, or zero.
	Next time.Time
}

// DeliveryAttempt is an attempt to reach a subscriber.
type DeliveryAttempt struct {
	// Time is when it was due by the server's clock.
	Time time.Time
	// Status is what the subscriber answered, or 0.
	Status int
	// Err tells why there was no answer, or is nil.
	Err error
}

// DeliveryState tells how far a delivery is.
type DeliveryState int

// The states of a delivery. The last three are ends.
const (
	DeliveryPending  DeliveryState = iota // it is to be attempted, maybe once more
	DeliveryDone                          // the subscriber answered with a status below 400
	DeliveryFailed                        // the subscriber refused it or could not be reached
	DeliveryRecorded                      // it is a mail, which this server writes but does not send
)

// String returns pending, done, failed or recorded.
func (s DeliveryState) String() string {
	if names := []string{"pending", "done", "failed", "recorded"}; s >= 0 && int(s) < len(names) {
		return names[s]
	}
	return "unknown"
}

// Deliveries returns the notices that were sent, or are to be sent, to
// subscribers by HTTP and mail, in the order in which they came up: the latest
// 1000, unless [WithRequestLog] says otherwise.
func (s *Server) Deliveries() []Delivery {
	c := s.deliverer
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]Delivery, 0, len(c.log))
	for _, d := range c.log {
		told := d.Delivery
		told.Header, told.Body = d.Header.Clone(), slices.Clone(d.Body)
		told.Attempts = slices.Clone(d.Attempts)
		out = append(out, told)
	}
	return out
}

// WaitDeliveries blocks until nobody is being told anything: every delivery is
// over or waits for its next attempt, which a time of the server's clock must
// come for. It returns an error when ctx ends first. A post has brought its
// deliveries up before it is answered.
func (s *Server) WaitDeliveries(ctx context.Context) error {
	c := s.deliverer
	c.mu.Lock()
	quiet := c.idle
	c.mu.Unlock()
	if quiet == nil {
		return nil
	}
	select {
	case <-quiet:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
