package clienttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/transport"
)

// MongoDB lists one queue as servers with MongoDB's driver do: ids are object ids, markers
// are numbers that begin with 0, and behind a marker that is no number there is nothing
// (quirk 48). Its HTTP and its Socket are for [Scripted] transports.
type MongoDB struct {
	// MaxLimit is the largest page that may be asked for.
	MaxLimit int

	mu     sync.Mutex
	next   int
	stored []storedByMongoDB
}

type storedByMongoDB struct {
	marker int
	id     string
	posted time.Time
}

// NewMongoDB returns an empty queue.
func NewMongoDB() *MongoDB { return &MongoDB{MaxLimit: 20} }

// Post appends n messages, whose bodies are numbers from 0 on, and returns their ids.
func (m *MongoDB) Post(n int) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []string
	for range n {
		id := fmt.Sprintf("%024x", int64(0xabcdef000)+int64(m.next))
		m.stored = append(m.stored, storedByMongoDB{m.next, id, time.Now()})
		m.next++
		ids = append(ids, id)
	}
	return ids
}

// Remove deletes messages.
func (m *MongoDB) Remove(ids ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stored = slices.DeleteFunc(m.stored, func(s storedByMongoDB) bool { return slices.Contains(ids, s.id) })
}

// HTTP answers over HTTP.
func (m *MongoDB) HTTP(req *transport.Request) (*transport.Response, error) {
	limit, _ := strconv.Atoi(req.Query.Get("limit"))
	messages, last, ok := m.page(req.Query.Get("marker"), limit)
	if !ok {
		return &transport.Response{Status: http.StatusBadRequest}, nil
	}
	links := []any{}
	if len(messages) > 0 {
		links = []any{map[string]string{"rel": "next", "href": fmt.Sprint("/v2/queues/q/messages?marker=", last)}}
	}
	body, err := json.Marshal(map[string]any{"messages": messages, "links": links})
	return &transport.Response{Status: http.StatusOK, Header: http.Header{}, Body: body}, err
}

// Socket answers over the WebSocket, to what a listing and PurgeAll ask. A purge leaves
// everything, as if all messages were claimed.
func (m *MongoDB) Socket(req *transport.Request) (*transport.Response, error) {
	answer := &transport.Response{Status: http.StatusOK, Header: http.Header{}, Dialect: transport.Frames}
	var err error
	switch req.Action {
	case "message_list":
		limit, _ := req.Params["limit"].(int)
		marker, _ := req.Params["marker"].(string)
		messages, _, ok := m.page(marker, limit)
		if !ok {
			answer.Status = http.StatusBadRequest
			break
		}
		answer.Body, err = json.Marshal(map[string]any{"messages": messages})
	case "message_delete_many":
		ids, _ := req.Params["message_ids"].([]string)
		m.Remove(ids...)
		answer.Status = http.StatusNoContent
	case "queue_purge":
		answer.Status = http.StatusNoContent
	default:
		err = &transport.Error{Err: transport.ErrNoAction}
	}
	return answer, err
}

// page returns the messages behind a marker, and the marker behind them. ok is false if
// the limit is too large.
func (m *MongoDB) page(marker string, limit int) (messages []any, last int, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	messages = []any{}
	switch {
	case limit > m.MaxLimit:
		return nil, 0, false
	case limit == 0:
		limit = 10
	}
	behind := -1
	if marker != "" {
		var err error
		if behind, err = strconv.Atoi(marker); err != nil {
			return messages, 0, true
		}
	}
	for _, s := range m.stored {
		if s.marker > behind && len(messages) < limit {
			age := time.Now().Unix() - s.posted.Unix()
			messages, last = append(messages, map[string]any{"id": s.id, "ttl": 3600, "age": age, "body": s.marker}), s.marker
		}
	}
	return messages, last, true
}
