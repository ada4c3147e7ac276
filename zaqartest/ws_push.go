package zaqartest

import (
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/internal/msgpack"
	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// pushKind is the kind of a message that is pushed through a WebSocket. It is not a
// request, so it is not logged, and only faults of this kind apply to it.
const pushKind = "push"

// webSocketSubscriber begins the URI of a subscriber that is a WebSocket. The id of
// its session follows. Real servers also use an address that only they can reach.
const webSocketSubscriber = "http://websocket.zaqar.test/"

// queueName is the name of a queue with its project.
type queueName struct{ project, name string }

// pushSubscriptions are the subscriptions of a session.
type pushSubscriptions struct {
	mu     sync.Mutex
	closed bool // the session has ended
	binary bool // the encoding of the latest subscription
	ids    map[queueName]broker.UUID
}

// add adds a subscription. It returns false if the session has ended.
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

// wants reports whether the session itself made a subscription, and the encoding for
// its messages. By the subscriber's URI alone, anybody could subscribe a session.
func (p *pushSubscriptions) wants(to queueName, id broker.UUID) (binary, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.binary, p.ids[to] == id
}

// close returns the subscriptions and accepts no more.
func (p *pushSubscriptions) close() map[queueName]broker.UUID {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.ids
	p.closed, p.ids = true, nil
	return all
}

// unsubscribe removes the subscriptions of a session that has ended.
func (ws *wsSession) unsubscribe() {
	all := ws.subscribed.close()
	if len(all) == 0 {
		return
	}
	err := ws.srv.broker.Update(func(w *broker.WriteTx) error {
		for at, id := range all {
			if s, err := w.Subscription(at.project, at.name, id.String()); err == nil {
				w.Unsubscribe(at.project, at.name, s)
			}
		}
		return nil
	})
	if err != nil {
		ws.srv.logger.Error("subscriptions of a WebSocket could not be removed", "error", err)
	}
}

// pushToWebSocket hands a notice to the WebSocket that is its subscriber. It returns
// false if the subscriber is not a WebSocket. Real servers push before or after they
// store a message, and before or after they answer the post. This one stores, pushes
// and then answers.
func (s *Server) pushToWebSocket(n notice) bool {
	id, ok := strings.CutPrefix(n.subscription.Subscriber, webSocketSubscriber)
	if !ok {
		return false
	}
	ws := s.sessions.find(id)
	if ws == nil {
		return true
	}
	binary, ok := ws.subscribed.wants(queueName{n.project, n.queue}, n.subscription.ID)
	if !ok {
		return true
	}
	fault, injected := s.faults.matchKind(pushKind)
	switch {
	case injected && fault.Cut: // the message is lost
	case injected && fault.Delay > 0:
		time.AfterFunc(fault.Delay, func() { ws.push(n.document, binary) })
	default:
		ws.push(n.document, binary)
	}
	return true
}

// push sends a message. It never waits, so it does not delay the post. If the send
// queue is full, the client is cut off.
func (ws *wsSession) push(document json.RawMessage, binary bool) {
	content := []byte(document)
	if binary {
		var err error
		if content, err = msgpack.FromJSON(document); err != nil {
			ws.srv.logger.Warn("a message was not pushed: MessagePack cannot hold it", "error", err)
			return
		}
	}
	if !ws.queue.tryPut(wsOutgoing{binary: binary, content: content}) {
		ws.srv.logger.Warn("a WebSocket was cut off: its client does not read its pushes")
		ws.end()
	}
}
