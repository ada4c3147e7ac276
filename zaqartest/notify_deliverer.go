package zaqartest

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// delivery is a Delivery on its way. The courier's lock guards it.
type deliveryJob struct {
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
type deliverer struct {
	srv       *Server
	client    *http.Client
	ownClient bool // client was made here

	mu      sync.Mutex
	log     []*deliveryJob // the latest, oldest first
	ready   []*deliveryJob // whose time has come
	workers int
	idle    chan struct{} // closed when the last worker ends; nil without workers
	closed  bool
	running sync.WaitGroup
}

func newDeliverer(s *Server) *deliverer {
	c := &deliverer{srv: s, client: s.options.deliveryClient}
	if c.client == nil {
		c.client, c.ownClient = loopbackClient(), true
	}
	return c
}

// keep notes a delivery in the log.
func (c *deliverer) addToLog(d *deliveryJob) {
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
func (c *deliverer) enqueue(d *deliveryJob) {
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
		c.idle = make(chan struct{})
	}
	c.workers++
	c.running.Go(c.work)
}

func (c *deliverer) work() {
	for {
		d := c.nextReady()
		if d == nil {
			return
		}
		attempt := c.attempt(d)
		switch next, again := c.finishAttempt(d, attempt); {
		case again && next.After(c.srv.Now()):
			c.srv.timers.schedule(next, func() { c.enqueue(d) })
		case again:
			c.enqueue(d)
		}
	}
}

// take returns the next delivery, or nil: then the worker has ended.
func (c *deliverer) nextReady() *deliveryJob {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ready) == 0 {
		if c.workers--; c.workers == 0 {
			close(c.idle)
			c.idle = nil
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
func (c *deliverer) finishAttempt(d *deliveryJob, attempt DeliveryAttempt) (next time.Time, again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	attempt.Time = d.due
	d.Attempts = append(d.Attempts, attempt)
	switch {
	case attempt.Err == nil && attempt.Status < http.StatusBadRequest:
		d.State = DeliveryDone
		return next, false
	case attempt.Err == nil && len(d.Attempts) == 1, isFinal(attempt.Err), c.closed:
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
func (c *deliverer) close() {
	c.mu.Lock()
	c.closed, c.ready = true, nil
	c.mu.Unlock()
	c.running.Wait()
	if c.ownClient {
		c.client.CloseIdleConnections()
	}
}
