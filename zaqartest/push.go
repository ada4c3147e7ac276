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
const socketSubscriber = "http://websocket.zaqar.test/"

// place is the name of a queue, with its project.
type place struct{ project, queue string }

// pushes are what a session has subscribed to.
type pushes struct {
	mu         sync.Mutex
	over       bool // the session has ended
	binary     bool // as in the latest subscription
	subscribed map[place]broker.UUID
}

// listen has a session get the messages of a subscription; false: it has ended.
func (p *pushes) listen(to place, id broker.UUID, binary bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return false
	}
	if p.subscribed == nil {
		p.subscribed = map[place]broker.UUID{}
	}
	p.subscribed[to], p.binary = id, binary
	return true
}

// wants tells whether a session made a subscription, and in which encoding its
// messages are to come. The subscriber's URI alone would let others make one.
func (p *pushes) wants(to place, id broker.UUID) (binary, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.binary, p.subscribed[to] == id
}

// stop returns what was subscribed to. Nothing more is.
func (p *pushes) stop() map[place]broker.UUID {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.subscribed
	p.over, p.subscribed = true, nil
	return all
}

// unsubscribe removes the subscriptions of a session that has ended.
func (x *session) unsubscribe() {
	all := x.pushes.stop()
	if len(all) == 0 {
		return
	}
	err := x.srv.broker.Update(func(w *broker.WriteTx) error {
		for at, id := range all {
			if s, err := w.Subscription(at.project, at.queue, id.String()); err == nil {
				w.Unsubscribe(at.project, at.queue, s)
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
func (s *Server) push(told notice) bool {
	id, ok := strings.CutPrefix(told.subscription.Subscriber, socketSubscriber)
	if !ok {
		return false
	}
	x := s.sockets.find(id)
	if x == nil {
		return true
	}
	binary, ok := x.pushes.wants(place{told.project, told.queue}, told.subscription.ID)
	if !ok {
		return true
	}
	fault, befallen := s.faults.takeNamed(pushKind)
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
func (x *session) push(document json.RawMessage, binary bool) {
	content := []byte(document)
	if binary {
		var err error
		if content, err = msgpack.FromJSON(document); err != nil {
			x.srv.logger.Warn("a message was not pushed, since MessagePack cannot say it", "error", err)
			return
		}
	}
	if !x.out.offer(outgoing{binary: binary, content: content}) {
		x.srv.logger.Warn("a WebSocket was cut off: its client does not take what is pushed")
		x.end()
	}
}
