// Package consume works through a queue for the command line: it passes each message to a
// handler, until it is asked to stop, a number of attempts is reached, or the queue is
// empty.
package consume

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/process"
)

// Run is one run over a queue.
type Run struct {
	Queue *zaqar.Queue
	// Consumer configures the library's consumer.
	Consumer zaqar.ConsumerConfig
	// Handler gets the messages. Its context also ends when StopTimeout is over.
	Handler zaqar.Handler
	// Command is what Handler runs, nil if it runs none.
	Command *process.Command
	// Max is how many attempts are made, 0 for no limit.
	Max int
	// UntilEmpty ends the run when there is no message left to try.
	UntilEmpty bool
	// StopTimeout is how long running handlers may take after ctx has ended, before
	// their contexts end.
	StopTimeout time.Duration

	mu        sync.Mutex
	consumer  *zaqar.Consumer
	begun     int
	running   int
	cut       int                 // attempts that the stop has ended
	postponed map[string]struct{} // messages that do not keep the run from ending
	failure   error               // why the run ended early
	over      chan struct{}       // closed when no attempt may begin any more
	total     zaqar.ConsumerStats
}

// ErrCut reports that a stop did not leave everything finished: attempts were ended, and
// their messages given back.
var ErrCut = errors.New("the stop has ended attempts that were running")

// settleTime is how long the last requests may take after the last handler was told to end.
const settleTime = 5 * time.Second

// Do works through the queue. When ctx ends it stops: running handlers may finish, for
// StopTimeout. When now ends, handlers are ended at once. It returns nil if nothing was
// left open, whatever was the reason to end.
func (r *Run) Do(ctx, now context.Context) error {
	r.postponed = map[string]struct{}{}
	r.over = make(chan struct{})
	for {
		err := r.once(ctx, now)
		failure, cut := r.troubles()
		switch {
		case failure != nil:
			return failure
		case err != nil:
			return err
		case cut:
			return ErrCut
		case ctx.Err() != nil || r.finished() || !r.UntilEmpty:
			return nil
		}
		// A claim may have been under way when the queue was found empty.
		if empty, err := r.empty(ctx); empty || err != nil {
			return err
		}
	}
}

// troubles returns why the run ended early, and whether the stop has ended attempts.
func (r *Run) troubles() (failure error, cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failure, r.cut > 0
}

// Running is how many attempts are running.
func (r *Run) Running() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.running
}

// Stats counts what a run that has ended did.
func (r *Run) Stats() zaqar.ConsumerStats { return r.total }

// once runs one consumer to its end.
func (r *Run) once(ctx, now context.Context) error {
	config := r.Consumer
	config.StopTimeout = -1 // the limit is below
	config.OnFailure = zaqar.RetryHere
	consumer := r.Queue.Consumer(config)
	r.mu.Lock()
	r.consumer = consumer
	r.mu.Unlock()
	handlers, endHandlers := context.WithCancelCause(context.WithoutCancel(ctx))
	defer endHandlers(nil)
	finished := make(chan error, 1)
	go func() {
		finished <- consumer.Run(ctx, func(ctx context.Context, m *zaqar.Message) error {
			ctx, cancel := context.WithCancelCause(ctx)
			defer cancel(nil)
			defer context.AfterFunc(handlers, func() { cancel(context.Cause(handlers)) })()
			return r.attempt(ctx, m)
		})
	}()
	watch, endWatch := context.WithCancel(ctx)
	if r.UntilEmpty {
		go r.watch(watch, consumer)
	}
	err := r.await(ctx, now, consumer, finished, endHandlers)
	endWatch()
	r.add(consumer.Stats())
	return err
}

// await waits until the consumer has ended. When ctx ends, it limits that.
func (r *Run) await(ctx, now context.Context, consumer *zaqar.Consumer, finished <-chan error, endHandlers func(error)) error {
	select {
	case err := <-finished:
		return err
	case <-ctx.Done():
	}
	timer := time.NewTimer(r.StopTimeout)
	defer timer.Stop()
	select {
	case err := <-finished:
		return err
	case <-timer.C:
	case <-now.Done():
	}
	// A process has its own time to end, and its message is given back after that: nobody
	// else must get the message while the process still works on it.
	endHandlers(zaqar.ErrStopped)
	limit := settleTime
	if r.Command != nil {
		limit += r.Command.KillAfter
	}
	timer.Reset(limit)
	select {
	case err := <-finished:
		return err
	case <-timer.C:
	case <-now.Done():
		if r.Command != nil {
			r.Command.Kill()
		}
	}
	ended, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cancel()
	err := consumer.Stop(ended) // takes two seconds at most
	return errors.Join(err, <-finished)
}

// attempt makes one attempt at a message.
func (r *Run) attempt(ctx context.Context, m *zaqar.Message) error {
	if !r.begin(m.ID()) {
		// The last attempts are running. Without them there is nothing to wait for.
		select {
		case <-r.over:
		case <-ctx.Done():
		}
		return notNow()
	}
	err := r.Handler(ctx, m)
	if r.hopeless(err) {
		err = &laterError{zaqar.RetryAfter(notInThisRun, errors.New(err.Error()))} // no longer a Permanent one
	}
	if err != nil && errors.Is(context.Cause(ctx), zaqar.ErrStopped) {
		err = notNow()
		r.mu.Lock()
		r.cut++
		r.mu.Unlock()
	}
	r.end(m.ID(), err)
	return err
}

// notInThisRun is a wait that a run which ends by itself does not wait for.
const notInThisRun = time.Hour

// hopeless reports whether an attempt failed at a message that could fail for ever, so
// that a run until the queue is empty would not end.
func (r *Run) hopeless(err error) bool {
	if err == nil || !r.UntilEmpty || r.Consumer.DeadLetter != "" {
		return false
	}
	_, fatal := errors.AsType[*fatalError](err)
	_, later := errors.AsType[*laterError](err)
	return !fatal && !later
}

// notNow gives a message back without counting the attempt.
func notNow() error { return zaqar.RetryAfter(0, nil) }

func (r *Run) begin(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure != nil || r.Max > 0 && r.begun >= r.Max {
		return false
	}
	r.begun++
	r.running++
	delete(r.postponed, id)
	return true
}

// end notes how an attempt has ended, and ends the run after the last one.
func (r *Run) end(id string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running--
	if fatal, ok := errors.AsType[*fatalError](err); ok && r.failure == nil {
		r.failure = fatal.cause
	}
	if _, later := errors.AsType[*laterError](err); later {
		r.postponed[id] = struct{}{}
	}
	if r.failure != nil || r.Max > 0 && r.begun >= r.Max && r.running == 0 {
		r.consumer.Halt()
		select {
		case <-r.over:
		default:
			close(r.over)
		}
	}
}

// finished reports whether no attempt may begin any more.
func (r *Run) finished() bool {
	select {
	case <-r.over:
		return true
	default:
		return false
	}
}

func (r *Run) add(s zaqar.ConsumerStats) {
	r.total.Handled += s.Handled
	r.total.Failed += s.Failed
	r.total.DeadLettered += s.DeadLettered
	r.total.GivenBack += s.GivenBack
	r.total.Lost += s.Lost
}
