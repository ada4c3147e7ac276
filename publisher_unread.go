package zaqar

import (
	"fmt"
	"sync"
)

// PublishError tells that messages failed whose futures nobody read. [Publisher.Flush]
// and [Publisher.Close] return it, so that a program that ignores its futures learns of
// failures all the same. Each failure is told once.
type PublishError struct {
	// Queue is the queue's name.
	Queue string
	// Failed is how many messages failed. Those are not counted whose futures were read
	// with [Future.Wait] or [Future.Err], or selected on with [Future.Done], nor those
	// that [Future.Cancel] cancelled.
	Failed int
	// First is the error of the first of them.
	First error
}

// Error returns the queue, the number and the first error, in one line.
func (e *PublishError) Error() string {
	if e.Failed == 1 {
		return fmt.Sprintf("zaqar: publish %s: a message failed, and nobody read its future: %v", e.Queue, e.First)
	}
	return fmt.Sprintf("zaqar: publish %s: %d messages failed, and nobody read their futures; the first error: %v", e.Queue, e.Failed, e.First)
}

// Unwrap returns First.
func (e *PublishError) Unwrap() error { return e.First }

// mostUnread is how many errors are kept. A publisher whose futures nobody reads may run
// for months.
const mostUnread = 16

// unread counts failed messages whose futures nobody has read.
type unread struct {
	mu    sync.Mutex
	count int
	first []*failedMessage // some of them, oldest first
	last  error
	told  int // how often take was called
}

type failedMessage struct {
	err  error
	told int // unread.told when it failed
}

// add counts a message that has failed, until its future is read.
func (u *unread) add(f *Future[string], err error) {
	m := &failedMessage{err: err}
	f.ifUnread(func() { u.put(m) }, func() { u.remove(m) })
}

func (u *unread) put(m *failedMessage) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.count++
	m.told, u.last = u.told, m.err
	if len(u.first) < mostUnread {
		u.first = append(u.first, m)
	}
}

func (u *unread) remove(m *failedMessage) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if m.told != u.told {
		return
	}
	u.count--
	for i, kept := range u.first {
		if kept == m {
			u.first = append(u.first[:i], u.first[i+1:]...)
			return
		}
	}
}

// take returns an error if there are such messages, and starts to count anew.
func (u *unread) take(queue string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.count == 0 {
		return nil
	}
	err := &PublishError{Queue: queue, Failed: u.count, First: u.last}
	if len(u.first) > 0 {
		err.First = u.first[0].err
	}
	u.count, u.first, u.last = 0, nil, nil
	u.told++
	return err
}
