package zaqar

import (
	"container/list"
	"context"
	"fmt"
	"iter"
	"sync"
)

// DefaultAsync is how many calls of [Async] a client runs at once, unless [WithAsync]
// says otherwise.
const DefaultAsync = 64

// Async runs a call asynchronously and returns a [Future] of its outcome. It never
// blocks. Any call will do, since methods are functions:
//
//	stats := zaqar.Async(ctx, client, queue.Stats)
//	ids := zaqar.Async(ctx, client, func(ctx context.Context) ([]string, error) {
//		return queue.Post(ctx, event)
//	})
//	...
//	s, err := stats.Wait(ctx)
//
// A client runs as many calls at once as [WithAsync] allows, and [DefaultAsync] without
// it. The others wait in FIFO order. ctx is passed to the call; if it ends while the call
// waits, the call is not made. [Client.Close] blocks until all calls have ended. After
// that, Async fails with an error that matches [ErrClosed].
//
// Do not wait for a future inside a call: if every running call waits for one that has
// not started, none of them ever ends.
//
// For a call that returns only an error use [AsyncDo], for a listing [Collect].
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

// AsyncDo is [Async] for calls that return only an error:
//
//	done := zaqar.AsyncDo(ctx, client, message.Delete)
func AsyncDo(ctx context.Context, c *Client, call func(context.Context) error) *Future[struct{}] {
	return Async(ctx, c, func(ctx context.Context) (struct{}, error) { return struct{}{}, call(ctx) })
}

// Collect returns all items of a listing. On an error it returns the items before it too.
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

// pool runs calls, up to its limit at once and in the order in which they came.
type pool struct {
	limit int

	mu      sync.Mutex
	closed  bool
	running int
	waiting list.List     // of *job
	idle    chan struct{} // closed when nothing runs; nil until somebody asks
}

// job is a call that waits for its turn. begin is called once: with nil when it is its
// turn, or with the reason why it is not made.
type job struct {
	ctx   context.Context // the call's own, kept until its turn
	begin func(refused error)
	stop  func() bool // stops waiting for the end of ctx
}

func (p *pool) run(ctx context.Context, begin func(refused error)) {
	j := &job{ctx: ctx, begin: begin}
	switch start, refused := p.enqueue(j); {
	case refused != nil:
		begin(refused)
	case start:
		go p.work(j)
	}
}

// enqueue refuses a job, lets it wait, or reports that it can start.
func (p *pool) enqueue(j *job) (start bool, refused error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return false, ErrClosed
	case j.ctx.Err() != nil:
		return false, context.Cause(j.ctx)
	case p.running < p.limit:
		p.running++
		return true, nil
	}
	place := p.waiting.PushBack(j)
	j.stop = context.AfterFunc(j.ctx, func() {
		p.remove(place)
		j.begin(context.Cause(j.ctx))
	})
	return false, nil
}

// work runs one job after another until none waits.
func (p *pool) work(j *job) {
	for j != nil {
		j.run()
		j = p.next()
	}
}

// run makes the call. It does not recover from a panic, which belongs to the caller's
// program.
func (j *job) run() {
	if j.ctx.Err() != nil {
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
		// Its context has ended, and the function given to AfterFunc refuses it.
	}
	p.running--
	if p.running == 0 && p.idle != nil {
		close(p.idle)
		p.idle = nil
	}
	return nil
}

// remove takes a job out of the line, if it is still there.
func (p *pool) remove(place *list.Element) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting.Remove(place)
}

// close refuses new calls and waits until the others have ended.
func (p *pool) close() { <-p.refuse() }

// refuse refuses new calls. The channel is closed when the others have ended.
func (p *pool) refuse() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	idle := p.idle
	if idle == nil {
		idle = make(chan struct{})
	}
	if p.running == 0 {
		close(idle)
	} else {
		p.idle = idle
	}
	return idle
}
