package zaqartest

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// deliveryJob is a Delivery in progress. The deliverer's mutex guards the Delivery
// and due.
type deliveryJob struct {
	Delivery
	url    string
	policy retryPolicy
	trust  string    // the trust to get a token for, or ""
	due    time.Time // when the next or current attempt is due
	held   int64     // the memory that it holds while it is pending, in bytes
}

// deliveryWorkers bounds how many subscribers are contacted at once.
const deliveryWorkers = 10

// deliverer delivers notices to webhooks. Its workers end when there is nothing left
// to do.
type deliverer struct {
	srv       *Server
	client    *http.Client
	ownClient bool // the server made the client

	mu      sync.Mutex
	log     []*deliveryJob // the latest jobs, oldest first
	ready   []*deliveryJob // the jobs that are due
	workers int
	idle    chan struct{} // closed when the last worker ends; nil without workers
	closed  bool
	running sync.WaitGroup
}

func newDeliverer(s *Server) *deliverer {
	d := &deliverer{srv: s, client: s.options.deliveryClient}
	if d.client == nil {
		d.client, d.ownClient = loopbackClient(), true
	}
	return d
}

// addToLog adds a job to the log.
func (d *deliverer) addToLog(j *deliveryJob) {
	d.mu.Lock()
	defer d.mu.Unlock()
	size := d.srv.options.requestLog
	if size == 0 {
		return
	}
	if len(d.log) >= size {
		d.log = slices.Delete(d.log, 0, len(d.log)-size+1)
	}
	d.log = append(d.log, j)
}

// enqueue hands a job to the workers.
func (d *deliverer) enqueue(j *deliveryJob) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	j.Next = time.Time{}
	d.ready = append(d.ready, j)
	if d.workers == deliveryWorkers {
		return
	}
	if d.workers == 0 {
		d.idle = make(chan struct{})
	}
	d.workers++
	d.running.Go(d.work)
}

func (d *deliverer) work() {
	for {
		j := d.nextReady()
		if j == nil {
			return
		}
		attempt := d.attempt(j)
		switch next, again := d.finishAttempt(j, attempt); {
		case again && next.After(d.srv.Now()):
			d.srv.timers.schedule(next, func() { d.enqueue(j) })
		case again:
			d.enqueue(j)
		}
	}
}

// nextReady returns the next job. It returns nil if there is none; the worker then
// ends.
func (d *deliverer) nextReady() *deliveryJob {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.ready) == 0 {
		if d.workers--; d.workers == 0 {
			close(d.idle)
			d.idle = nil
		}
		return nil
	}
	j := d.ready[0]
	d.ready = d.ready[1:]
	return j
}

// finishAttempt records an attempt. It reports whether there is another one, and
// when it is due. As on real servers, any answer to the first attempt ends the
// delivery. A subscriber that could not be reached is tried again until it answers
// with less than 400. Each due time follows from the one before, so one long Advance
// has the same effect as waiting.
func (d *deliverer) finishAttempt(j *deliveryJob, attempt DeliveryAttempt) (next time.Time, again bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer func() {
		if !again {
			d.srv.transit.release(j.held)
			j.held = 0
		}
	}()
	attempt.Time = j.due
	j.Attempts = append(j.Attempts, attempt)
	switch {
	case attempt.Err == nil && attempt.Status < http.StatusBadRequest:
		j.State = DeliveryDone
		return next, false
	case attempt.Err == nil && len(j.Attempts) == 1, isFinal(attempt.Err), d.closed:
		j.State = DeliveryFailed
		return next, false
	}
	delay, again := j.policy.delay(int64(len(j.Attempts) - 1))
	if !again {
		j.State = DeliveryFailed
		return next, false
	}
	j.due = j.due.Add(delay)
	j.Next = j.due
	return j.due, true
}

// close drops the jobs that are due, and waits for the attempts in flight, which end
// with the server's context.
func (d *deliverer) close() {
	d.stop()
	d.running.Wait()
	if d.ownClient {
		d.client.CloseIdleConnections()
	}
}

// stop drops the jobs that are due and accepts no more.
func (d *deliverer) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed, d.ready = true, nil
}

// whenIdle returns a channel that is closed when the last worker ends, or nil if
// there are no workers.
func (d *deliverer) whenIdle() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.idle
}
