package transport

import (
	"maps"
	"slices"
	"sync"
)

const (
	// maxPushes is how many pushes wait for a listener that is slow; the rest are
	// dropped, since one doorbell is as good as a hundred.
	maxPushes = 256
	// maxPushed is how many bytes of them wait.
	maxPushed = 8 << 20
	// maxNotices is how many notices of all kinds wait.
	maxNotices = 1024
)

// listeners are those who are told what nobody asked for.
type listeners struct {
	mu     sync.Mutex
	closed bool
	last   int
	all    map[int]*listener
}

// listener is one of them. Its goroutine calls fn.
type listener struct {
	fn     func(Notice)
	wake   chan struct{} // has one element when something may wait
	ending chan struct{} // closed by stop
	ended  chan struct{} // closed when fn will not be called again

	mu     sync.Mutex
	queue  []Notice
	pushes int  // those in the queue
	pushed int  // and their bytes
	closed bool // nothing comes any more
}

// add begins to tell fn; first, if it is one, is the first notice.
func (ls *listeners) add(fn func(Notice), first *Notice) (stop func()) {
	l := &listener{fn: fn, wake: make(chan struct{}, 1), ending: make(chan struct{}), ended: make(chan struct{})}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.closed {
		return func() {}
	}
	if first != nil {
		l.tell(*first)
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

// tell gives everybody a notice. It never waits.
func (ls *listeners) tell(n Notice) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, l := range ls.all {
		l.tell(n)
	}
}

// close tells what still waits, and ends.
func (ls *listeners) close() {
	ls.mu.Lock()
	ls.closed = true
	left := slices.Collect(maps.Values(ls.all))
	ls.mu.Unlock()
	for _, l := range left {
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
		l.ring()
		<-l.ended
	}
}

func (l *listener) tell(n Notice) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) >= maxNotices {
		return
	}
	if n.Kind == Pushed {
		if l.pushes >= maxPushes || l.pushed+len(n.Body) > maxPushed {
			return
		}
		l.pushes++
		l.pushed += len(n.Body)
	}
	l.queue = append(l.queue, n)
	l.ring()
}

func (l *listener) ring() {
	select {
	case l.wake <- struct{}{}:
	default: // it will look anyway
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

// next takes the notice that has waited longest.
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
		l.pushed -= len(n.Body)
	}
	return n, true, false
}
