package zaqartest

import (
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/internal/msgpack"
	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// pushKind is the kind of a message that is pushed through a WebSocket. It is no
// request, so it is not in the log, and only faults that name it befall it.
const pushKind = "push"

// socketSubscriber begins the URI of a subscriber that is a WebSocket; the id of
// its session follows. Real servers, too, have an address there at which nobody
// but themselves is to be found.
const webSocketSubscriber = "http://websocket.zaqar.test/"

// place is the name of a queue, with its project.
type queueName struct{ project, name string }

// pushes are what a session has subscribed to.
type pushSubscriptions struct {
	mu     sync.Mutex
	closed bool // the session has ended
	binary bool // as in the latest subscription
	ids    map[queueName]broker.UUID
}

// listen has a session get the messages of a subscription; false: it has ended.
func (p *pushSubscriptions) add(to queueName, id broker.UUID, binary bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	if p.ids == nil {
		p.ids = map[queueName]broker.UUID{}
	}
	p.ids[to], p.binary = id, binary
	return true
}

// wants tells whether a session made a subscription, and in which encoding its
// messages are to come. The subscriber's URI alone would let others make one.
func (p *pushSubscriptions) wants(to queueName, id broker.UUID) (binary, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.binary, p.ids[to] == id
}

// stop returns what was subscribed to. Nothing more is.
func (p *pushSubscriptions) close() map[queueName]broker.UUID {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.ids
	p.closed, p.ids = true, nil
	return all
}

// unsubscribe removes the subscriptions of a session that has ended.
func (x *wsSession) unsubscribe() {
	all := x.subscribed.close()
	if len(all) == 0 {
		return
	}
	err := x.srv.broker.Update(func(w *broker.WriteTx) error {
		for at, id := range all {
			if s, err := w.Subscription(at.project, at.name, id.String()); err == nil {
				w.Unsubscribe(at.project, at.name, s)
			}
		}
		return nil
	})
	if err != nil {
		x.srv.logger.Error("subscriptions of a WebSocket could not be removed", "error", err)
	}
}

// push hands a notice to the WebSocket that its subscriber is; false: it is none.
// Real servers push before they store a message or after, and before they answer
// the post or after. This one stores, pushes and answers.
func (s *Server) pushToWebSocket(told notice) bool {
	id, ok := strings.CutPrefix(told.subscription.Subscriber, webSocketSubscriber)
	if !ok {
		return false
	}
	x := s.sessions.find(id)
	if x == nil {
		return true
	}
	binary, ok := x.subscribed.wants(queueName{told.project, told.queue}, told.subscription.ID)
	if !ok {
		return true
	}
	fault, befallen := s.faults.matchKind(pushKind)
	switch {
	case befallen && fault.Cut: // it is lost
	case befallen && fault.Delay > 0:
		time.AfterFunc(fault.Delay, func() { x.push(told.document, binary) })
	default:
		x.push(told.document, binary)
	}
	return true
}

// push sends a message unless the client has not taken too many others: such a
// client is cut off. It never waits, so that nobody's post has to.
func (x *wsSession) push(document json.RawMessage, binary bool) {
	content := []byte(document)
	if binary {
		var err error
		if content, err = msgpack.FromJSON(document); err != nil {
			x.srv.logger.Warn("a message was not pushed, since MessagePack cannot say it", "error", err)
			return
		}
	}
	if !x.queue.tryPut(wsOutgoing{binary: binary, content: content}) {
		x.srv.logger.Warn("a WebSocket was cut off: its client does not take what is pushed")
		x.end()
	}
}
