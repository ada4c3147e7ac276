package transport

import (
	"maps"
	"slices"
	"sync"
)

const (
	// maxPushes is how many pushes wait for a slow listener. Further ones are dropped:
	// they say no more than those that wait.
	maxPushes = 256
	// maxPushedBytes limits the size of the pushes that wait.
	maxPushedBytes = 8 << 20
	// maxNotices is how many notices of all kinds wait.
	maxNotices = 1024
)

// listeners are the callbacks that get notices.
type listeners struct {
	mu     sync.Mutex
	closed bool
	last   int
	all    map[int]*listener
}

// listener is one callback. A goroutine of its own calls fn.
type listener struct {
	fn     func(Notice)
	wake   chan struct{} // holds one element while notices may wait
	ending chan struct{} // closed by stop
	ended  chan struct{} // closed when fn will not be called again

	mu          sync.Mutex
	queue       []Notice
	pushes      int  // how many of the queue are pushes
	pushedBytes int  // and their size
	closed      bool // no more notices will come
}

// add starts calling fn. first, if not nil, is the first notice.
func (ls *listeners) add(fn func(Notice), first *Notice) (stop func()) {
	l := &listener{fn: fn, wake: make(chan struct{}, 1), ending: make(chan struct{}), ended: make(chan struct{})}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.closed {
		return func() {}
	}
	if first != nil {
		l.enqueue(*first)
	}
	ls.last++
	number := ls.last
	if ls.all == nil {
		ls.all = map[int]*listener{}
	}
	ls.all[number] = l
	go l.run()
	return func() {
		ls.mu.Lock()
		if ls.all[number] != nil {
			delete(ls.all, number)
			close(l.ending)
		}
		ls.mu.Unlock()
		<-l.ended
	}
}

func (ls *listeners) any() bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return len(ls.all) > 0
}

// notify enqueues a notice for every listener. It never waits.
func (ls *listeners) notify(n Notice) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, l := range ls.all {
		l.enqueue(n)
	}
}

// close delivers the notices that still wait, and ends all listeners.
func (ls *listeners) close() {
	ls.mu.Lock()
	ls.closed = true
	left := slices.Collect(maps.Values(ls.all))
	ls.mu.Unlock()
	for _, l := range left {
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
		l.wakeUp()
		<-l.ended
	}
}

func (l *listener) enqueue(n Notice) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) >= maxNotices {
		return
	}
	if n.Kind == Pushed {
		if l.pushes >= maxPushes || l.pushedBytes+len(n.Body) > maxPushedBytes {
			return
		}
		l.pushes++
		l.pushedBytes += len(n.Body)
	}
	l.queue = append(l.queue, n)
	l.wakeUp()
}

func (l *listener) wakeUp() {
	select {
	case l.wake <- struct{}{}:
	default: // a wake-up is pending already
	}
}

func (l *listener) run() {
	defer close(l.ended)
	for {
		select {
		case <-l.ending:
			return
		case <-l.wake:
		}
		for {
			n, ok, closed := l.next()
			if closed {
				return
			}
			if !ok {
				break
			}
			select {
			case <-l.ending:
				return
			default:
				l.fn(n)
			}
		}
	}
}

// next removes and returns the oldest notice.
func (l *listener) next() (n Notice, ok, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return Notice{}, false, l.closed
	}
	n = l.queue[0]
	l.queue = l.queue[1:]
	if n.Kind == Pushed {
		l.pushes--
		l.pushedBytes -= len(n.Body)
	}
	return n, true, false
}
