package zaqartest

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// Delivery is a notice to one subscriber, such as a message to a webhook, and the
// attempts to deliver it.
type Delivery struct {
	Project, Queue string
	SubscriptionID string
	// Subscriber is the subscriber's URI as it was subscribed.
	Subscriber string
	// Kind is the Message_Type: Notification, SubscriptionConfirmation or
	// UnsubscribeConfirmation.
	Kind string
	// Header is the header of the request, with "[redacted]" in place of tokens. A
	// mail has To, From and Subject.
	Header http.Header
	// Body is the body of the request. In a confirmation it contains a signature
	// that lets anybody confirm.
	Body []byte
	// State says whether the delivery has ended, and how.
	State DeliveryState
	// Attempts are the attempts so far, oldest first.
	Attempts []DeliveryAttempt
	// Next is when the next attempt is due, by the server's clock, or zero.
	Next time.Time
}

// DeliveryAttempt is one attempt to reach a subscriber.
type DeliveryAttempt struct {
	// Time is when the attempt was due, by the server's clock.
	Time time.Time
	// Status is the status of the subscriber's answer, or 0.
	Status int
	// Err says why there was no answer, or is nil.
	Err error
}

// DeliveryState is the state of a delivery.
type DeliveryState int

// The states of a delivery. The last three are final.
const (
	DeliveryPending  DeliveryState = iota // an attempt is due or will be
	DeliveryDone                          // the subscriber answered with a status below 400
	DeliveryFailed                        // the subscriber refused it or could not be reached
	DeliveryRecorded                      // it is a mail, which this server records and does not send
)

// String returns pending, done, failed or recorded.
func (s DeliveryState) String() string {
	if names := []string{"pending", "done", "failed", "recorded"}; s >= 0 && int(s) < len(names) {
		return names[s]
	}
	return "unknown"
}

// Deliveries returns the notices to webhooks and mail addresses, sent or not, oldest
// first. It returns the latest 1000, unless [WithRequestLog] sets another number.
func (s *Server) Deliveries() []Delivery {
	d := s.deliverer
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]Delivery, 0, len(d.log))
	for _, j := range d.log {
		copied := j.Delivery
		copied.Header, copied.Body = j.Header.Clone(), slices.Clone(j.Body)
		copied.Attempts = slices.Clone(j.Attempts)
		out = append(out, copied)
	}
	return out
}

// WaitDeliveries blocks until every delivery has ended or waits for its next
// attempt, which is due at a later time of the server's clock. It returns an error
// if ctx ends first. The deliveries of a post exist before the post is answered.
func (s *Server) WaitDeliveries(ctx context.Context) error {
	idle := s.deliverer.whenIdle()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
