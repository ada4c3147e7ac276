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
	// maxInFlight is how many requests are under way at once. A server carries out
	// those of one connection one after another, so more would only wait there.
	maxInFlight = 64
	// maxAbandoned is how many of them may be without a caller. When callers leave
	// sooner than the server answers, theirs must not pile up before everybody
	// else's: the next ones wait here, and are not sent when their callers leave.
	maxAbandoned = 4
	// maxUnanswered is how many requests in a row may end without an answer.
	maxUnanswered = 3
	// patience is how long a caller must have waited for that to count.
	patience = 10 * time.Second
)

var (
	// errUnsent is the end of a session before a request was written.
	errUnsent = errors.New("transport: the connection ended before the request was sent")
	// errUnanswered is why a session ends that a server does not answer.
	errUnanswered = errors.New("transport: the server has stopped answering on this connection")
	// errUnreadable is what becomes of a request whose answer has no status.
	errUnreadable = errors.New("transport: the answer has no status")
)

// session is one connection, from its handshake to its end. One goroutine reads,
// with the session's own context, because a read whose context ends closes the
// connection; one writes, for the same reason; callers wait on channels and can
// leave at any time.
type session struct {
	number uint64
	conn   *websocket.Conn
	binary bool
	began  time.Time
	outbox chan *call

	// The session's life. done is closed first, with err set; then ctx ends.
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
	group  *sync.WaitGroup
	pushed func(incoming)

	mu         sync.Mutex
	err        error
	waiting    map[string]*call
	order      []*call       // those that wait, as they were written
	abandoned  int           // how many of them have no caller
	room       chan struct{} // has one element when the writer has to look again
	heard      time.Time     // when the last frame came
	replied    time.Time     // and the last answer
	unanswered int           // requests in a row that got no answer
	sign       signature
}

// call is one request on its way.
type call struct {
	id, action string
	frame      frame
	outcome    chan outcome // has room for one
	written    time.Time
	gaveUp     bool
	answered   bool
}

type outcome struct {
	reply *Response
	err   error
}

// start begins a session on a connection. Its goroutines are in group; it must be
// ended.
func (s *session) start(ctx context.Context) {
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.began = time.Now()
	s.heard, s.replied = s.began, s.began
	s.outbox, s.done, s.room = make(chan *call), make(chan struct{}), make(chan struct{}, 1)
	s.waiting, s.sign.known = map[string]*call{}, map[fingerprint]bool{}
	s.group.Go(s.read)
	s.group.Go(s.write)
	s.group.Go(s.keepAlive)
}

// ask sends one request and waits for its answer.
func (s *session) ask(ctx context.Context, id, action string, f frame) (*Response, error) {
	c := &call{id: id, action: action, frame: f, outcome: make(chan outcome, 1)}
	select {
	case s.outbox <- c:
	case <-s.done:
		return nil, errUnsent
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

// leave notes that a caller does not wait any longer. The answer may still come.
func (s *session) leave(c *call) {
	s.mu.Lock()
	if !c.answered {
		c.gaveUp = true
		s.abandoned++
		s.look()
	}
	if !c.answered && time.Since(c.written) >= patience {
		s.unanswered++
	}
	dead := s.unanswered >= maxUnanswered
	s.mu.Unlock()
	if dead {
		s.end(errUnanswered)
	}
}

// write writes one request after another, as long as there is room for them.
func (s *session) write() {
	for {
		if !s.waitForRoom() {
			return
		}
		select {
		case <-s.done:
			return
		case <-s.room: // or no longer
		case c := <-s.outbox:
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

// waitForRoom waits until another request may be written. False says that the session
// has ended.
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

// register puts a call among those that wait; from here on it may have been sent.
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
			s.end(endOf(err))
			_ = s.conn.CloseNow()
			return
		}
		s.hear(frame{kind, data})
	}
}

// hear takes one frame of the server.
func (s *session) hear(f frame) {
	in, err := read(f)
	switch {
	case err != nil:
		// Answers come in the order of their requests, so it is most likely that of
		// the oldest. Who is wronged by that gets an error instead of waiting.
		s.answer(incoming{}, outcome{err: &Error{MaybeSent: true, Err: err}})
	case !in.reply:
		s.mu.Lock()
		s.heard = time.Now()
		s.mu.Unlock()
		s.pushed(in)
	case in.status < 100 || in.status > 599:
		s.answer(in, outcome{err: &Error{MaybeSent: true, Err: errUnreadable}})
	default:
		s.answer(in, outcome{reply: &Response{Status: in.status, Header: map[string][]string{}, Body: in.body, Dialect: Frames}})
	}
}

// answer gives an answer to the call with its id, and without an id to the one that
// has waited longest, of the same action if it tells one. Answers that nobody waits
// for are dropped.
func (s *session) answer(in incoming, o outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard, s.unanswered = time.Now(), 0
	s.replied = s.heard
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
	s.tidy(c)
}

// tidy forgets a call that was answered, and those before it that nobody waits for:
// their answers would have come first. s.mu is held.
func (s *session) tidy(answered *call) {
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
	s.look()
}

// look makes the writer look whether there is room.
func (s *session) look() {
	select {
	case s.room <- struct{}{}:
	default: // it will look anyway
	}
}

// settle ends the session for everybody who waits for it. The first error counts.
func (s *session) settle(err error) {
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

// end settles the session and closes the connection, without ceremony.
func (s *session) end(err error) {
	s.settle(err)
	s.cancel()
}

// close closes the connection politely, for as long as the server takes part in it.
func (s *session) close() {
	const most = time.Second
	s.settle(ErrClosed)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = s.conn.Close(websocket.StatusNormalClosure, "")
	}()
	timer := time.NewTimer(most)
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

// silence returns for how long nothing has come, and whether a request waits and for
// how long no request has been answered since.
func (s *session) silence() (silent, unanswered time.Duration, waits bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	silent = time.Since(s.heard)
	if len(s.order) == 0 {
		return silent, 0, false
	}
	return silent, min(time.Since(s.order[0].written), time.Since(s.replied)), true
}

// endOf puts the end of a connection into words.
func endOf(err error) error {
	if errors.Is(err, websocket.ErrMessageTooBig) {
		return fmt.Errorf("%w of %d bytes", ErrResponseTooLarge, DefaultMaxResponse)
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
