package zaqar

import (
	"container/list"
	"context"
	"fmt"
	"iter"
	"sync"
)

// DefaultAsync is how many calls of [Async] a client has in flight at once.
const DefaultAsync = 64

// Async runs a call without its caller, and returns a [Future] of its outcome. It
// never blocks. Any call will do, since methods are functions:
//
//	stats := zaqar.Async(ctx, client, queue.Stats)
//	ids := zaqar.Async(ctx, client, func(ctx context.Context) ([]string, error) {
//		return queue.Post(ctx, event)
//	})
//	...
//	s, err := stats.Wait(ctx)
//
// The client has as many calls in flight at once as [WithAsync] allows; the others
// wait in the order in which they came. ctx goes to the call; when it ends before
// the call's turn, the call is not made. [Client.Close] waits for all of them, and
// after it the outcome is an error that matches [ErrClosed].
//
// A call that waits for another one can wait for ever when all that are in flight do
// so: wait for futures outside of calls.
//
// For what returns nothing but an error there is [AsyncDo], and for listings
// [Collect].
func Async[T any](ctx context.Context, c *Client, call func(context.Context) (T, error)) *Future[T] {
	ctx, cancel := context.WithCancel(ctx)
	f := newFuture[T](cancel)
	c.conn.async.run(ctx, func(refused error) {
		defer cancel()
		if refused != nil {
			var none T
			f.resolve(none, fmt.Errorf("zaqar: the call was not made: %w", refused))
			return
		}
		f.resolve(call(ctx))
	})
	return f
}

// AsyncDo is [Async] for calls that return nothing but an error:
//
//	done := zaqar.AsyncDo(ctx, client, message.Delete)
func AsyncDo(ctx context.Context, c *Client, call func(context.Context) error) *Future[struct{}] {
	return Async(ctx, c, func(ctx context.Context) (struct{}, error) { return struct{}{}, call(ctx) })
}

// Collect returns all items of a listing. With an error it returns those that came
// before it.
//
//	messages, err := zaqar.Collect(queue.Messages(ctx))
func Collect[T any](list iter.Seq2[T, error]) ([]T, error) {
	var items []T
	for item, err := range list {
		if err != nil {
			return items, err
		}
		items = append(items, item)
	}
	return items, nil
}

// pool runs calls, so many at once, in the order in which they came.
type pool struct {
	limit int

	mu      sync.Mutex
	closed  bool
	running int
	waiting list.List // of *job
	idle    chan struct{}
}

// job is a call that waits for its turn. begin is called once: with nil in its turn,
// or with why it never comes.
type job struct {
	ctx   context.Context // the call's own, kept until its turn
	begin func(refused error)
	stop  func() bool // ends the watch over ctx
}

func (p *pool) run(ctx context.Context, begin func(refused error)) {
	j := &job{ctx: ctx, begin: begin}
	p.mu.Lock()
	switch {
	case p.closed:
		p.mu.Unlock()
		begin(ErrClosed)
	case ctx.Err() != nil:
		p.mu.Unlock()
		begin(context.Cause(ctx))
	case p.running < p.limit:
		p.running++
		p.mu.Unlock()
		go p.work(j)
	default:
		place := p.waiting.PushBack(j)
		j.stop = context.AfterFunc(ctx, func() { p.leave(place) })
		p.mu.Unlock()
	}
}

// work runs one job after another until none waits.
func (p *pool) work(j *job) {
	for j != nil {
		p.turn(j)
		j = p.next()
	}
}

// turn runs a job. A panic of the call belongs to the caller's program: it is not
// caught.
func (p *pool) turn(j *job) {
	if err := j.ctx.Err(); err != nil {
		j.begin(context.Cause(j.ctx))
		return
	}
	j.begin(nil)
}

func (p *pool) next() *job {
	p.mu.Lock()
	defer p.mu.Unlock()
	for place := p.waiting.Front(); place != nil; place = p.waiting.Front() {
		j, _ := p.waiting.Remove(place).(*job)
		if j.stop() {
			return j
		}
		// Its context has ended, and leave will tell it so.
	}
	p.running--
	if p.running == 0 && p.idle != nil {
		close(p.idle)
		p.idle = nil
	}
	return nil
}

// leave ends the wait of a job whose context has ended.
func (p *pool) leave(place *list.Element) {
	j, _ := place.Value.(*job)
	p.mu.Lock()
	p.waiting.Remove(place) // nothing when it is gone already
	p.mu.Unlock()
	j.begin(context.Cause(j.ctx))
}

// close refuses new calls and waits for those that there are.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	if p.running == 0 {
		p.mu.Unlock()
		return
	}
	if p.idle == nil {
		p.idle = make(chan struct{})
	}
	idle := p.idle
	p.mu.Unlock()
	<-idle
}
