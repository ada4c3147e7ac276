package transport

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	// maxInFlight is how many requests are in flight at once. A server carries out the
	// requests of one connection one after another, so more would only wait there.
	maxInFlight = 64
	// maxAbandoned is how many of them may have lost their callers. If callers give up
	// faster than the server answers, their requests must not delay everybody else's.
	// The next requests wait here, and are not sent if their callers give up as well.
	maxAbandoned = 4
	// maxUnanswered is how many requests in a row may go unanswered.
	maxUnanswered = 3
	// unansweredAfter is how long a caller must have waited for that to count.
	unansweredAfter = 10 * time.Second
)

var (
	// errUnsent reports that the session ended before a request was written.
	errUnsent = errors.New("transport: the connection ended before the request was sent")
	// errBusy reports that too many requests wait on the connection.
	errBusy = errors.New("transport: the connection takes no more requests")
	// errUnanswered ends a session whose server does not answer.
	errUnanswered = errors.New("transport: the server has stopped answering on this connection")
	// errUnreadable fails a request whose answer has no valid status.
	errUnreadable = errors.New("transport: the answer has no valid status")
)

// session is one connection, from its handshake to its end. One goroutine reads and
// one writes, with the session's own context: a read or a write whose context ends
// closes the connection. Callers wait on channels and can give up at any time.
type session struct {
	number uint64
	conn   *websocket.Conn
	binary bool
	began  time.Time
	calls  chan *call // to the writer

	// When the session ends, err is set, done is closed, and then ctx ends.
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
	group  *sync.WaitGroup
	pushed func(incoming)

	mu         sync.Mutex
	err        error
	waiting    map[string]*call
	order      []*call       // the calls that wait, in the order they were written
	abandoned  int           // how many of them have lost their callers
	room       chan struct{} // holds one element while the writer has to check for room
	lastFrame  time.Time     // when the last frame came
	lastReply  time.Time     // when the last answer came
	unanswered int           // requests in a row that got no answer
	auth       authState
}

// call is one request in flight.
type call struct {
	id, action string
	frame      frame
	outcome    chan outcome // buffered: it gets one element
	written    time.Time
	gaveUp     bool
	answered   bool
}

type outcome struct {
	reply *Response
	err   error
}

// start starts the session's goroutines, which belong to group. The caller must end
// the session.
func (s *session) start(ctx context.Context) {
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.began = time.Now()
	s.lastFrame, s.lastReply = s.began, s.began
	s.calls, s.done, s.room = make(chan *call), make(chan struct{}), make(chan struct{}, 1)
	s.waiting, s.auth.known = map[string]*call{}, map[fingerprint]bool{}
	s.group.Go(s.read)
	s.group.Go(s.write)
	s.group.Go(s.keepAlive)
}

// ask sends one request and waits for its answer. failFast limits how long it waits to
// be written.
func (s *session) ask(ctx context.Context, id, action string, f frame, failFast bool) (*Response, error) {
	c := &call{id: id, action: action, frame: f, outcome: make(chan outcome, 1)}
	var late <-chan time.Time
	if failFast {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case s.calls <- c:
	case <-s.done:
		return nil, errUnsent
	case <-late:
		return nil, &Error{Err: fmt.Errorf("%w: %w", ErrNotConnected, errBusy)}
	case <-ctx.Done():
		return nil, &Error{Err: ctx.Err()}
	}
	select {
	case o := <-c.outcome:
		return o.reply, o.err
	case <-ctx.Done():
		s.leave(c)
		return nil, &Error{MaybeSent: true, Err: ctx.Err()}
	}
}

// leave records that a caller has given up. The answer may still come.
func (s *session) leave(c *call) {
	s.mu.Lock()
	if !c.answered {
		c.gaveUp = true
		s.abandoned++
		s.wakeWriter()
	}
	if !c.answered && time.Since(c.written) >= unansweredAfter {
		s.unanswered++
	}
	dead := s.unanswered >= maxUnanswered
	s.mu.Unlock()
	if dead {
		s.end(errUnanswered)
	}
}

// write writes one request after another, while there is room.
func (s *session) write() {
	for {
		if !s.waitForRoom() {
			return
		}
		select {
		case <-s.done:
			return
		case <-s.room: // check again: there may be none any more
		case c := <-s.calls:
			if !s.register(c) {
				return
			}
			if err := s.conn.Write(s.ctx, c.frame.kind, c.frame.data); err != nil {
				s.end(fmt.Errorf("writing a request: %w", err))
				return
			}
		}
	}
}

// waitForRoom waits until another request may be written. It returns false if the
// session has ended.
func (s *session) waitForRoom() bool {
	for {
		s.mu.Lock()
		room := len(s.order) < maxInFlight && s.abandoned < maxAbandoned
		s.mu.Unlock()
		if room {
			return true
		}
		select {
		case <-s.room:
		case <-s.done:
			return false
		}
	}
}

// register adds a call to those that wait. From here on it may have been sent.
func (s *session) register(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		c.outcome <- outcome{err: errUnsent}
		return false
	}
	c.written = time.Now()
	s.waiting[c.id] = c
	s.order = append(s.order, c)
	return true
}

// read reads until the connection ends.
func (s *session) read() {
	for {
		kind, data, err := s.conn.Read(s.ctx)
		if err != nil {
			s.end(closeError(err))
			_ = s.conn.CloseNow()
			return
		}
		s.receive(frame{kind, data})
	}
}

// receive handles one frame from the server.
func (s *session) receive(f frame) {
	in, err := read(f)
	switch {
	case err != nil:
		// Answers come in the order of their requests, so this one most likely belongs to
		// the oldest. If not, that caller gets an error instead of waiting.
		s.answer(incoming{}, outcome{err: &Error{MaybeSent: true, Err: err}})
	case !in.reply:
		s.mu.Lock()
		s.lastFrame = time.Now()
		s.mu.Unlock()
		s.pushed(in)
	case in.status < 100 || in.status > 599:
		s.answer(in, outcome{err: &Error{MaybeSent: true, Err: errUnreadable}})
	default:
		s.answer(in, outcome{reply: &Response{Status: in.status, Header: map[string][]string{}, Body: in.body, Dialect: Frames}})
	}
}

// answer passes an answer to the call with the same id. Without an id it passes it to
// the call that has waited longest, of the same action if the answer names one. Answers
// that no call waits for are dropped.
func (s *session) answer(in incoming, o outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastFrame, s.unanswered = time.Now(), 0
	s.lastReply = s.lastFrame
	c := s.waiting[in.id]
	if in.id == "" {
		for _, waits := range s.order {
			if in.action == "" || in.action == waits.action {
				c = waits
				break
			}
		}
	}
	if c == nil {
		return
	}
	c.answered = true
	c.outcome <- o
	s.forgetLocked(c)
}

// forgetLocked removes a call that was answered, and earlier calls that have lost their
// callers: their answers would have come first.
func (s *session) forgetLocked(answered *call) {
	before, kept := true, s.order[:0]
	for _, c := range s.order {
		if c == answered || before && c.gaveUp {
			delete(s.waiting, c.id)
			if c.gaveUp {
				s.abandoned--
			}
		} else {
			kept = append(kept, c)
		}
		before = before && c != answered
	}
	clear(s.order[len(kept):])
	s.order = kept
	s.wakeWriter()
}

// wakeWriter makes the writer check for room.
func (s *session) wakeWriter() {
	select {
	case s.room <- struct{}{}:
	default: // a wake-up is pending already
	}
}

// fail ends the session for all callers that wait. Only the first error counts.
func (s *session) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	s.err = err
	close(s.done)
	for _, c := range s.order {
		c.outcome <- outcome{err: &Error{MaybeSent: true, Err: err}}
	}
	s.order = nil
	clear(s.waiting)
}

// end fails the session and closes the connection at once, without a closing handshake.
func (s *session) end(err error) {
	s.fail(err)
	s.cancel()
}

// close closes the connection with a closing handshake, for which the server has a
// second.
func (s *session) close() {
	const handshakeTimeout = time.Second
	s.fail(ErrClosed)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = s.conn.Close(websocket.StatusNormalClosure, "")
	}()
	timer := time.NewTimer(handshakeTimeout)
	defer timer.Stop()
	select {
	case <-closed:
	case <-timer.C:
	}
	s.cancel()
	<-closed
}

// cause returns why the session ended.
func (s *session) cause() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// silence returns the time since the last frame; whether a request waits; and if so,
// for how long none has been answered.
func (s *session) silence() (silent, unanswered time.Duration, waits bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	silent = time.Since(s.lastFrame)
	if len(s.order) == 0 {
		return silent, 0, false
	}
	return silent, min(time.Since(s.order[0].written), time.Since(s.lastReply)), true
}

// closeError describes why a connection ended.
func closeError(err error) error {
	if errors.Is(err, websocket.ErrMessageTooBig) {
		return ErrResponseTooLarge
	}
	closed, ok := errors.AsType[websocket.CloseError](err)
	if !ok {
		return fmt.Errorf("the connection ended: %w", err)
	}
	reason := strings.ToValidUTF8(closed.Reason, "")
	if reason != "" {
		reason = ": " + strings.Join(strings.Fields(reason), " ")
	}
	return fmt.Errorf("the server closed the connection (%d%s)", int(closed.Code), reason)
}
