package zaqar

import (
	"container/list"
	"context"
	"errors"
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
// waits, the call is not made. A call that ends its goroutine (runtime.Goexit) ends its
// future with an error. [Client.Shutdown] and [Client.Close] wait for all calls. After
// that, Async fails with an error that matches [ErrClosed].
//
// Do not wait for a future inside a call: if every running call waits for one that has
// not started, none of them ever ends.
//
// For a call that returns only an error use [AsyncDo], for a listing [Collect].
func Async[T any](ctx context.Context, c *Client, call func(context.Context) (T, error)) *Future[T] {
	pool := c.connection().async
	ctx, cancel := context.WithCancel(context.WithValue(ctx, asyncKey{pool}, true))
	f := newFuture[T](cancel)
	pool.run(ctx, func(refused error) {
		defer cancel()
		var value T
		if refused != nil {
			f.resolve(value, fmt.Errorf("zaqar: the call was not made: %w", refused))
			return
		}
		forget := context.AfterFunc(pool.hard, cancel) //nolint:contextcheck // the pool's own
		defer forget()
		err := errGoexit
		defer func() { f.resolve(value, err) }()
		value, err = call(ctx)
	})
	return f
}

// errGoexit is the error of a call that ended its goroutine.
var errGoexit = errors.New("zaqar: the call ended its goroutine with runtime.Goexit")

// asyncKey is the key of a mark in the contexts of calls, by which a shutdown knows that
// it is called in one of them.
type asyncKey struct{ pool *pool }

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
	hard  context.Context //nolint:containedctx // a shutdown ends it, and the calls with it
	stop  context.CancelFunc

	mu      sync.Mutex
	closed  bool
	running int
	inside  int             // running calls that wait for the pool to be idle
	waiting list.List       // of *job
	idle    []chan struct{} // closed when nothing else runs
}

func newPool(limit int) *pool {
	p := &pool{limit: limit}
	p.hard, p.stop = context.WithCancel(context.Background())
	return p
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

// work runs one job after another until none waits. If a call ends the goroutine, another
// one takes its place.
func (p *pool) work(j *job) {
	defer func() {
		if j != nil {
			if next := p.next(); next != nil {
				go p.work(next)
			}
		}
	}()
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
	p.checkIdleLocked()
	return nil
}

// checkIdleLocked tells those who wait when nothing runs but calls that wait themselves.
func (p *pool) checkIdleLocked() {
	if p.running > p.inside {
		return
	}
	for _, idle := range p.idle {
		close(idle)
	}
	p.idle = nil
}

// remove takes a job out of the line, if it is still there.
func (p *pool) remove(place *list.Element) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting.Remove(place)
}

// refuse refuses new calls.
func (p *pool) refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
}

// awaitIdle waits until all calls have ended, or ctx ends. A call that waits itself, by its
// own context, is not waited for.
func (p *pool) awaitIdle(ctx context.Context) error {
	inside := 0
	if ctx.Value(asyncKey{p}) != nil {
		inside = 1
	}
	idle := p.whenIdle(inside)
	defer p.enter(-inside)
	select {
	case <-idle:
		return nil
	default:
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// enter counts calls that wait themselves.
func (p *pool) enter(inside int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inside += inside
}

// whenIdle returns a channel that is closed when all calls have ended.
func (p *pool) whenIdle(inside int) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inside += inside
	idle := make(chan struct{})
	p.idle = append(p.idle, idle)
	p.checkIdleLocked()
	return idle
}
