package zaqartest

import (
	"context"
	"net/http"
	"slices"
	"sync"
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
	c := s.courier
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
	c := s.courier
	c.mu.Lock()
	quiet := c.quiet
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

// delivery is a Delivery on its way. The courier's lock guards it.
type delivery struct {
	Delivery
	url    string
	policy retryPolicy
	trust  string    // that a token is to be had for, or ""
	due    time.Time // of the next or running attempt
}

// deliveryWorkers bounds how many subscribers are talked to at once.
const deliveryWorkers = 10

// courier brings deliveries to where they shall go. Its workers live as long as
// there is something to do.
type courier struct {
	srv    *Server
	client *http.Client
	own    bool // client was made here

	mu      sync.Mutex
	log     []*delivery // the latest, oldest first
	ready   []*delivery // whose time has come
	workers int
	quiet   chan struct{} // closed when the last worker ends; nil without workers
	closed  bool
	running sync.WaitGroup
}

func newCourier(s *Server) *courier {
	c := &courier{srv: s, client: s.options.deliveryClient}
	if c.client == nil {
		c.client, c.own = loopbackClient(), true
	}
	return c
}

// keep notes a delivery in the log.
func (c *courier) keep(d *delivery) {
	c.mu.Lock()
	defer c.mu.Unlock()
	size := c.srv.options.requestLog
	if size == 0 {
		return
	}
	if len(c.log) >= size {
		c.log = slices.Delete(c.log, 0, len(c.log)-size+1)
	}
	c.log = append(c.log, d)
}

// hand puts a delivery before the workers.
func (c *courier) hand(d *delivery) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	d.Next = time.Time{}
	c.ready = append(c.ready, d)
	if c.workers == deliveryWorkers {
		return
	}
	if c.workers == 0 {
		c.quiet = make(chan struct{})
	}
	c.workers++
	c.running.Go(c.work)
}

func (c *courier) work() {
	for {
		d := c.take()
		if d == nil {
			return
		}
		attempt := c.attempt(d)
		switch next, again := c.settle(d, attempt); {
		case again && next.After(c.srv.Now()):
			c.srv.alarms.set(next, func() { c.hand(d) })
		case again:
			c.hand(d)
		}
	}
}

// take returns the next delivery, or nil: then the worker has ended.
func (c *courier) take() *delivery {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ready) == 0 {
		if c.workers--; c.workers == 0 {
			close(c.quiet)
			c.quiet = nil
		}
		return nil
	}
	d := c.ready[0]
	c.ready = c.ready[1:]
	return d
}

// settle notes an attempt and decides whether there is another one, and when.
// The first answer ends it, whatever it is, as on real servers: only a
// subscriber who cannot be reached is tried again, and from then on until it is
// content. Times follow from when an attempt was due: so one leap of the clock
// is as good as waiting.
func (c *courier) settle(d *delivery, attempt DeliveryAttempt) (next time.Time, again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	attempt.Time = d.due
	d.Attempts = append(d.Attempts, attempt)
	switch {
	case attempt.Err == nil && attempt.Status < http.StatusBadRequest:
		d.State = DeliveryDone
		return next, false
	case attempt.Err == nil && len(d.Attempts) == 1, isHopeless(attempt.Err), c.closed:
		d.State = DeliveryFailed
		return next, false
	}
	delay, again := d.policy.delay(int64(len(d.Attempts) - 1))
	if !again {
		d.State = DeliveryFailed
		return next, false
	}
	d.due = d.due.Add(delay)
	d.Next = d.due
	return d.due, true
}

// close waits for the attempts that run, which end with the server's context,
// and forgets the others.
func (c *courier) close() {
	c.mu.Lock()
	c.closed, c.ready = true, nil
	c.mu.Unlock()
	c.running.Wait()
	if c.own {
		c.client.CloseIdleConnections()
	}
}
