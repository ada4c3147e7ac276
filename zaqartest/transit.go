package zaqartest

import (
	"errors"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// headerTimeout is how long a client may take to send the header of a request.
	headerTimeout = 10 * time.Second
	// bodyTimeout is how long a client may take to send a body, or a frame of a
	// WebSocket once it has begun.
	bodyTimeout = time.Minute
	// answerTimeout is how long a client may take to receive an answer. Before that,
	// net/http reads the rest of a body that the server did not want.
	answerTimeout = 2 * bodyTimeout
	// idleTimeout is how long a connection may wait for its next request. It is longer
	// than clients keep idle connections, so that they close them first.
	idleTimeout = 3 * time.Minute
)

// maxHeaderBytes bounds the header of a request, which net/http holds before the server
// can count it. The ids of a page are long.
func maxHeaderBytes(o options) int {
	most := 256 << 10
	if o.maxMemory > 0 {
		most = 32 << 10
	}
	return most + 40*o.limits.MaxMessagesPerPage
}

// WithMaxMemory bounds what the server holds to about this many bytes. Half is for
// what queues hold, a quarter is kept for claims, so that consumers can empty a full
// server, and a quarter is for what is under way: bodies, answers, frames of WebSockets
// and pending deliveries. A request that does not fit is answered with 503, and nothing
// of it is stored. What was accepted is kept, and can be read, claimed and deleted. The
// header of a request may then have 32 KiB instead of 256 KiB, and 40 bytes for each
// message of a page.
//
// The bound counts contents and an allowance for their bookkeeping. The process needs
// more: allow twice as much, or set [debug.SetMemoryLimit]. It does not count the logs
// of [Server.Requests] and [Server.Deliveries], which [WithRequestLog] bounds. Defaults
// to 0: no bound.
//
// [debug.SetMemoryLimit]: https://pkg.go.dev/runtime/debug#SetMemoryLimit
func WithMaxMemory(bytes int64) Option { return func(o *options) { o.maxMemory = max(0, bytes) } }

// storeShare is the part of the memory for what queues hold. Claims may exceed it.
func storeShare(maxMemory int64) int64 { return maxMemory / 2 }

// The texts of a 503.
const (
	fullTitle = "Server full"
	fullText  = "The server holds as much as its memory bound allows (zaqar serve --max-memory, or zaqartest.WithMaxMemory in Go). " +
		"Nothing of this request was stored. Delete messages or wait until some expire; what was accepted is kept."
	busyText = "The requests, answers and deliveries under way fill the part of the server's memory that is for them " +
		"(zaqar serve --max-memory, or zaqartest.WithMaxMemory in Go). Nothing of this request was stored. Send it again later."
)

// errTransitFull means that something under way does not fit into the memory.
var errTransitFull = errors.New("too much is under way")

// smallBody is a size, in bytes, that always fits, so that a busy server can still be
// read and emptied.
const smallBody = 4 << 10

// transit counts the memory of what is under way. Without a bound it counts nothing.
type transit struct {
	most int64
	used atomic.Int64
}

// newTransit makes room for two of the largest bodies at least.
func newTransit(o options) *transit {
	if o.maxMemory == 0 {
		return &transit{}
	}
	return &transit{most: max(o.maxMemory/4, 2*o.limits.LargestBody())}
}

// acquire takes memory if there is enough.
func (t *transit) acquire(bytes int64) bool { return t.acquireBelow(t.most, bytes) }

// acquireForFrame takes memory for a frame that waits to be sent, if frames leave half of
// the memory to others: clients that do not read must not stop those who post.
func (t *transit) acquireForFrame(bytes int64) bool { return t.acquireBelow(t.most/2, bytes) }

func (t *transit) acquireBelow(most, bytes int64) bool {
	if t.most == 0 {
		return true
	}
	if t.used.Add(bytes) > most && bytes > smallBody {
		t.used.Add(-bytes)
		return false
	}
	return true
}

// take takes memory in any case.
func (t *transit) take(bytes int64) {
	if t.most > 0 {
		t.used.Add(bytes)
	}
}

// release gives memory back.
func (t *transit) release(bytes int64) {
	if t.most > 0 {
		t.used.Add(-bytes)
	}
}

// hold takes memory for a call until it ends.
func (c *call) hold(bytes int64) error {
	if !c.srv.transit.acquire(bytes) {
		return errTransitFull
	}
	c.held += bytes
	return nil
}

// admitAnswer takes memory for an answer. If there is not enough, the answer to a
// request that only reads is replaced by a 503. Others have changed something, so the
// client must learn of that.
func (s *Server) admitAnswer(c *call, answer *reply) {
	size := int64(len(answer.body))
	switch {
	case c.hold(size) == nil:
	case c.req.Method == http.MethodGet:
		*answer = s.refuse(c, http.StatusServiceUnavailable, fullTitle, busyText)
	default:
		s.transit.take(size)
		c.held += size
	}
}

// The deadlines of net/http's server would end the context of requests that take long
// because of a fault. So the server sets them around the body and the answer only. They
// are errors where there is no connection, such as in tests with a recorder; then there
// is nothing to bound.

func setReadDeadline(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
}

func clearReadDeadline(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
}

// sendInTime sends an answer, unless the client takes it too slowly.
func sendInTime(w http.ResponseWriter, answer reply) error {
	controller := http.NewResponseController(w)
	_ = controller.SetWriteDeadline(time.Now().Add(answerTimeout))
	err := answer.send(w)
	if err == nil {
		err = controller.Flush()
	}
	if err == nil {
		err = controller.SetWriteDeadline(time.Time{})
	}
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
